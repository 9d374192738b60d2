// SPDX-License-Identifier: BSD-2-Clause
#include "vm/space_account.hpp"

#include "sync/lock.hpp"
#include "vm/page_table.hpp"
#include "vm/shared_page.hpp"

namespace sos::vm {

namespace {
constinit SpaceAccount accounts[max_spaces + 1];  // GUARDED_BY(ft_lock)
}

Result<SpaceId> open_account() {
    ASSERT(ft_lock.held_by_me());
    for (std::uint32_t i = 1; i <= max_spaces; ++i) {
        if (accounts[i].open) continue;
        accounts[i] = {.open = true};
        return SpaceId{i};
    }
    return std::unexpected(Error::limit_reached);
}

void close_account(SpaceId id) {
    ASSERT(account_of(id).resident == 0 && account_of(id).in_page_file == 0);
    accounts[id.raw()].open = false;
}

SpaceAccount& account_of(SpaceId id) {
    ASSERT(ft_lock.held_by_me() && id != no_space && accounts[id.raw()].open);
    return accounts[id.raw()];
}

SpaceId lowest_ticket() {
    std::uint32_t found = 0;
    for (std::uint32_t i = 1; i <= max_spaces; ++i) {
        const SpaceAccount& account = accounts[i];
        if (!account.open || account.ticket == 0) continue;
        if (found == 0 || account.ticket < accounts[found].ticket) found = i;
    }
    return SpaceId{found};
}

void set_space(FrameRef root, SpaceId id) {
    frame_entry(root).set_owner<FrameEntry::UserPageCap>(id.raw());
}

SpaceId space_of(BackIndex leaf) {
    if (leaf.shared) return shared_pages_space();
    FrameRef node = leaf.node;
    for (unsigned level = table_levels - 1; level > 0; --level) node = back_index(node).node;
    return SpaceId{
        static_cast<std::uint32_t>(frame_entry(node).get_owner<FrameEntry::UserPageCap>())};
}

}  // namespace sos::vm
