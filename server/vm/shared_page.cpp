// SPDX-License-Identifier: BSD-2-Clause
#include "vm/shared_page.hpp"

#include "res/cspace.hpp"
#include "res/server_pages.hpp"
#include "sync/lock.hpp"
#include "vm/pager.hpp"

namespace sos::vm {

namespace {

constexpr std::uint32_t bucket_count = 4096;
constexpr ShareId no_share{};
constexpr SharedPageId no_page{};

struct Page {
    VAddr at{};
    ShareId first{};
    std::uint32_t read_only = 0;  // shares whose process lets others read only
    SharedPageId next{};          // in its bucket, or on the free list
};

struct Share {
    sel4::CPtr cap{};
    SharedPageId page{};
    ShareId next{};  // of the same page, or on the free list
    ShareId previous{};
    bool writable = false;
};

constexpr std::size_t entry_bytes = max_shared_pages * sizeof(Entry);
constexpr std::size_t page_bytes = max_shared_pages * sizeof(Page);
constexpr std::size_t share_bytes = max_shares * sizeof(Share);
constexpr std::size_t bucket_bytes = bucket_count * sizeof(SharedPageId);
static_assert(sizeof(Page) == 24 && sizeof(Share) == 24);
static_assert(entry_bytes + page_bytes + share_bytes + bucket_bytes <= 664 << 10);

// GUARDED_BY(ft_lock). Numbers 0 are not used.
struct Sharing {
    res::ServerPages memory{};
    Entry* entries = nullptr;
    Page* pages = nullptr;
    Share* shares = nullptr;
    SharedPageId* buckets = nullptr;
    SpaceId space = no_space;
    SharedPageId free_page{};
    ShareId free_share{};
    std::uint32_t pages_left = 0;  // neither in use nor set aside
    std::uint32_t shares_left = 0;
    std::uint32_t pages_in_use = 0;
};

constinit Sharing sharing;

Page& page(SharedPageId id) {
    ASSERT(ft_lock.held_by_me() && id != no_page && id.raw() < max_shared_pages);
    return sharing.pages[id.raw()];
}

Share& share(ShareId id) {
    ASSERT(ft_lock.held_by_me() && id != no_share && id.raw() < max_shares);
    return sharing.shares[id.raw()];
}

SharedPageId& bucket_of(VAddr at) {
    return sharing.buckets[at.raw() / page_size % bucket_count];
}

BackIndex back_of(SharedPageId id) {
    return {.node = FrameRef{id.raw() / table_entries},
            .index = id.raw() % table_entries,
            .shared = true};
}

SharedPageId page_at(BackIndex back) {
    ASSERT(back.shared);
    return SharedPageId{back.node.raw() * table_entries + back.index};
}

template <typename Visit>
void for_each_share(SharedPageId id, Visit visit) {
    for (ShareId at = page(id).first; at != no_share; at = share(at).next) visit(at);
}

/// Nobody has a share in it any more.
void free_shared_page(SharedPageId id) {
    free_backing(std::exchange(sharing.entries[id.raw()], Entry{}), sharing.space);
    SharedPageId* link = &bucket_of(page(id).at);
    while (*link != id) link = &page(*link).next;
    *link = page(id).next;
    page(id) = {.next = std::exchange(sharing.free_page, id)};
    ++sharing.pages_left;
    --sharing.pages_in_use;
}

/// Rights are looked at when the page is mapped.
void unmap_everywhere(SharedPageId id) {
    const FrameRef frame = sharing.entries[id.raw()].frame();
    if (frame != no_frame) unmap_user(frame);
}

}  // namespace

Result<void> init_sharing() {
    constexpr std::size_t bytes = entry_bytes + page_bytes + share_bytes + bucket_bytes;
    sharing.memory = TRY(res::map_pages((bytes + page_size - 1) / page_size));
    std::byte* at = sharing.memory.data();
    sharing.entries = reinterpret_cast<Entry*>(std::exchange(at, at + entry_bytes));
    sharing.pages = reinterpret_cast<Page*>(std::exchange(at, at + page_bytes));
    sharing.shares = reinterpret_cast<Share*>(std::exchange(at, at + share_bytes));
    sharing.buckets = reinterpret_cast<SharedPageId*>(at);
    LockGuard guard(ft_lock);
    sharing.space = TRY(open_account());
    for (std::uint32_t i = max_shared_pages - 1; i > 0; --i) {
        sharing.pages[i].next = std::exchange(sharing.free_page, SharedPageId{i});
    }
    for (std::uint32_t i = max_shares - 1; i > 0; --i) {
        sharing.shares[i].next = std::exchange(sharing.free_share, ShareId{i});
    }
    sharing.pages_left = max_shared_pages - 1;
    sharing.shares_left = max_shares - 1;
    return {};
}

SpaceId shared_pages_space() {
    return sharing.space;
}

std::uint32_t shared_pages_in_use() {
    return sharing.pages_in_use;
}

Result<SharingRoom> SharingRoom::take(std::uint32_t pages) {
    LockGuard guard(ft_lock);
    if (pages > sharing.pages_left || pages > sharing.shares_left) {
        return std::unexpected(Error::no_memory);
    }
    sharing.pages_left -= pages;
    sharing.shares_left -= pages;
    return SharingRoom(pages);
}

SharingRoom::~SharingRoom() {
    if (pages_ == 0 && shares_ == 0) return;
    LockGuard guard(ft_lock);
    sharing.pages_left += pages_;
    sharing.shares_left += shares_;
}

SharedPageId find_shared_page(VAddr at) {
    SharedPageId id = bucket_of(at);
    while (id != no_page && page(id).at != at) id = page(id).next;
    return id;
}

SharedPageId SharingRoom::make_page(VAddr at, Entry entry, SpaceId from) {
    ASSERT(pages_ > 0);
    --pages_;
    const SharedPageId id = sharing.free_page;
    sharing.free_page = page(id).next;
    page(id) = {.at = at, .next = std::exchange(bucket_of(at), id)};
    ++sharing.pages_in_use;
    sharing.entries[id.raw()] = entry;
    SpaceAccount& old_account = account_of(from);
    SpaceAccount& new_account = account_of(sharing.space);
    if (entry.frame() != no_frame) {
        change_owner(entry.frame(), back_of(id));
        --old_account.resident;
        ++new_account.resident;
    } else if (entry.has_slot()) {
        --old_account.in_page_file;
        ++new_account.in_page_file;
    }
    return id;
}

PageTable::Place shared_place(SharedPageId id) {
    return {&sharing.entries[id.raw()], back_of(id)};
}

ShareId SharingRoom::join(SharedPageId to, bool writable) {
    ASSERT(shares_ > 0);
    --shares_;
    const ShareId id = sharing.free_share;
    sharing.free_share = share(id).next;
    const ShareId next = std::exchange(page(to).first, id);
    share(id) = {.page = to, .next = next, .writable = true};
    if (next != no_share) share(next).previous = id;
    set_writable(id, writable);
    return id;
}

void leave(ShareId id) {
    unmap_share(id);
    const Share gone = share(id);
    Page& from = page(gone.page);
    if (gone.next != no_share) share(gone.next).previous = gone.previous;
    (gone.previous != no_share ? share(gone.previous).next : from.first) = gone.next;
    if (!gone.writable) --from.read_only;
    share(id) = {.next = std::exchange(sharing.free_share, id)};
    ++sharing.shares_left;
    if (from.first == no_share) free_shared_page(gone.page);
}

SharedPageId page_of_share(ShareId id) {
    return share(id).page;
}

void set_writable(ShareId id, bool writable) {
    Share& mine = share(id);
    if (mine.writable == writable) return;
    mine.writable = writable;
    writable ? --page(mine.page).read_only : ++page(mine.page).read_only;
    if (!writable) unmap_everywhere(mine.page);
}

bool may_write(ShareId id) {
    const std::uint32_t own = share(id).writable ? 0 : 1;
    return page(share(id).page).read_only == own;
}

sel4::CPtr share_cap(ShareId id) {
    return share(id).cap;
}

Result<sel4::CPtr> make_share_cap(ShareId id, FrameRef frame) {
    Share& mine = share(id);
    if (mine.cap == sel4::null_cap) {
        res::Slot slot = TRY(res::copy(res::frame_cap(frame)));
        mine.cap = slot.release();
    }
    return mine.cap;
}

void unmap_share(ShareId id) {
    // Deleting a frame's capability unmaps what is mapped with it.
    res::Slot::adopt(std::exchange(share(id).cap, sel4::null_cap)).reset();
}

void unmap_members(BackIndex back) {
    for_each_share(page_at(back), unmap_share);
}

Entry& entry_at(BackIndex back) {
    return back.shared ? sharing.entries[page_at(back).raw()] : entries_of(back.node)[back.index];
}

}  // namespace sos::vm
