// SPDX-License-Identifier: BSD-2-Clause
#include "vm/clock.hpp"

#include <algorithm>
#include <array>

#include "sync/lock.hpp"
#include "vm/page_file.hpp"
#include "vm/pager.hpp"
#include "vm/shared_page.hpp"
#include "vm/space_account.hpp"

namespace sos::vm {

namespace {

std::uint32_t low_mark() {
    return std::clamp(page_frame_limit() / 32, 2u, 64u);
}

std::uint32_t high_mark() {
    return std::clamp(page_frame_limit() / 8, 4u, 256u);
}

/// Dirty victims on their way to one transfer.
class Batch {
  public:
    bool full() const { return count_ == pages_.size(); }
    bool empty() const { return count_ == 0; }
    void add(const PagePlace& page) { pages_[count_++] = page; }

    /// Starts to write them; what finds no slot or record stays as it is.
    void write(Sweep& result) {
        std::span<const PagePlace> rest(pages_.data(), count_);
        while (!rest.empty() && can_start_transfer()) {
            const std::size_t started = start_page_out(rest);
            result.started += static_cast<std::uint32_t>(started);
            rest = rest.subspan(started);
            if (started > 0) continue;
            result.no_slots = slots_free() == 0;
            break;
        }
        count_ = 0;
    }

  private:
    std::array<PagePlace, fs::max_page_run> pages_{};
    std::size_t count_ = 0;
};

/// A page that need not be written: it is what its entry says without a frame.
void drop(const PagePlace& page) {
    Entry& entry = *page.place.entry;
    SpaceAccount& account = account_of(space_of(page.place.back));
    entry.set<Entry::Valid>(0);
    entry.set<Entry::Frame>(0);
    --account.resident;
    if (entry.has_slot()) ++account.in_page_file;
    give_frame(page.frame);
    ++paging_count().clean_drops;
}

/// May the page in this frame go now? One that was used has its second chance instead.
bool is_victim(FrameRef frame) {
    const FrameEntry& state = frame_entry(frame);
    if (state.get_link<FrameEntry::NoEvict>() != 0 || state.get_link<FrameEntry::Recent>() != 0) {
        return false;
    }
    if (state.get_link<FrameEntry::Used>() == 0) return true;
    unmap_user(frame);
    ++paging_count().second_chances;
    return false;
}

}  // namespace

Sweep sweep(std::uint32_t wanted, std::uint32_t most) {
    ASSERT(ft_lock.held_by_me());
    Sweep result;
    Batch batch;
    std::uint32_t chosen = 0;
    most = std::min(most, evictable_frames());  // no frame twice: it may be in the batch
    while (chosen < wanted && result.visited < most) {
        const FrameRef frame = advance_clock();
        if (frame == no_frame) break;
        ++result.visited;
        if (!is_victim(frame)) continue;
        const BackIndex back = back_index(frame);
        const PagePlace page{{&entry_at(back), back}, frame};
        if (frame_entry(frame).get_link<FrameEntry::Dirty>() == 0) {
            drop(page);
            ++result.freed;
            ++chosen;
            continue;
        }
        // While no slot is free, only clean pages can go.
        if (result.no_slots || !can_start_transfer()) continue;
        batch.add(page);
        ++chosen;
        if (batch.full()) batch.write(result);
    }
    batch.write(result);
    return result;
}

std::uint32_t pages_to_evict() {
    const std::uint32_t free = page_frames_free();
    if (free >= low_mark()) return 0;
    const std::uint32_t coming = free + frames_going_out();
    return coming >= high_mark() ? 0 : high_mark() - coming;
}

bool frames_plentiful() {
    return page_frames_free() > fs::max_page_run;
}

}  // namespace sos::vm
