// SPDX-License-Identifier: BSD-2-Clause
#include "vm/frame_table.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "res/server_pages.hpp"
#include "sel4/vspace.hpp"
#include "sync/lock.hpp"
#include "vm/shared_page.hpp"
#include "vm/waiters.hpp"

namespace sos::vm {

namespace {

using res::max_frames;

constexpr std::uint8_t max_pins = 255;

// One frame in eight may be pinned by transfers.
constexpr std::uint32_t transfer_pin_fraction = 8;
constexpr std::uint64_t transfer_pin_mark = std::uint64_t{1} << 32;
// And one in 32 by windows, which nobody can wait for; none when that would be but a few.
constexpr std::uint32_t window_pin_fraction = 32;
constexpr std::uint32_t least_window_pins = 8;
constexpr std::uint64_t window_pin_mark = std::uint64_t{1} << 33;

// So many are left to programs before any is lent; and when there are but so many more that
// programs can have, what is lent is wanted back.
constexpr std::uint32_t kept_from_lending = 4096;
constexpr std::uint32_t wanted_back_mark = 2048;

// Made at boot: as many as the first programs need.
constexpr unsigned frames_made_at_boot = 128;

// GUARDED_BY(ft_lock), except the count.
struct FrameTable {
    res::ServerPages memory{};
    FrameEntry* entries = nullptr;
    std::uint8_t* pins = nullptr;
    std::uint32_t size = 0;   // entries; number 0 is not used
    std::uint32_t fresh = 1;  // numbers below were taken from res
    FrameRef free_head = no_frame;
    FrameRef evictable_tail = no_frame;  // a ring, for the clock
    std::uint32_t evictable = 0;
    std::uint32_t max_page_frames = 0;
    std::uint32_t page_frames = 0;    // with FrameEntry::Limited
    std::uint32_t transfer_pins = 0;  // taken
    std::uint32_t window_pins = 0;    // taken
    std::uint32_t lent = 0;
    void (*tell_lender)() = nullptr;
    std::atomic<bool> lent_wanted = false;
    std::atomic<std::uint32_t> in_use = 0;
};

constinit FrameTable table;

FrameRef next_of(FrameRef frame) {
    return FrameRef{static_cast<std::uint32_t>(frame_entry(frame).get_link<FrameEntry::Next>())};
}

FrameRef previous_of(FrameRef frame) {
    return FrameRef{
        static_cast<std::uint32_t>(frame_entry(frame).get_link<FrameEntry::Previous>())};
}

void set_list(FrameRef frame, FrameList list) {
    frame_entry(frame).set_link<FrameEntry::List>(static_cast<unsigned>(list));
}

FrameList list_of(FrameRef frame) {
    return static_cast<FrameList>(frame_entry(frame).get_link<FrameEntry::List>());
}

void join(FrameRef first, FrameRef second) {
    frame_entry(first).set_link<FrameEntry::Next>(second.raw());
    frame_entry(second).set_link<FrameEntry::Previous>(first.raw());
}

void push_free(FrameRef frame) {
    frame_entry(frame) = {};
    frame_entry(frame).set_link<FrameEntry::Next>(table.free_head.raw());
    set_list(frame, FrameList::free);
    table.free_head = frame;
}

/// The frame has no use any more.
void end_use(FrameRef frame) {
    if (frame_entry(frame).get_link<FrameEntry::Limited>() != 0) --table.page_frames;
    push_free(frame);
    table.in_use.fetch_sub(1, std::memory_order_relaxed);
}

FrameRef pop_free() {
    const FrameRef frame = table.free_head;
    table.free_head = next_of(frame);
    return frame;
}

Result<FrameRef> take_fresh() {
    if (table.fresh >= table.size) return std::unexpected(Error::no_memory);
    const FrameRef frame = TRY(res::take_fresh_frame());
    ++table.fresh;
    return frame;
}

/// The entry of a frame just taken.
FrameRef prepare(FrameRef frame) {
    FrameEntry& entry = frame_entry(frame);
    entry = {};
    entry.set_link<FrameEntry::Fixed>(1);
    entry.set_link<FrameEntry::NoEvict>(1);
    table.in_use.fetch_add(1, std::memory_order_relaxed);
    return frame;
}

void remove_evictable(FrameRef frame) {
    const FrameRef next = next_of(frame);
    const FrameRef previous = previous_of(frame);
    join(previous, next);
    if (table.evictable_tail == frame) table.evictable_tail = next == frame ? no_frame : previous;
    --table.evictable;
    set_list(frame, FrameList::none);
}

void update_no_evict(FrameRef frame) {
    FrameEntry& entry = frame_entry(frame);
    const bool fixed = entry.get_link<FrameEntry::Fixed>() != 0;
    entry.set_link<FrameEntry::NoEvict>(fixed || table.pins[frame.raw()] > 0 ? 1 : 0);
}

void set_back_index(FrameRef frame, BackIndex back) {
    FrameEntry& entry = frame_entry(frame);
    entry.set_owner<FrameEntry::BackIndexFrame>(back.node.raw());
    entry.set_owner<FrameEntry::BackIndexEntry>(back.index);
    entry.set_link<FrameEntry::Shared>(back.shared ? 1 : 0);
}

}  // namespace

Result<void> init_frame_table(const FrameTableConfig& config) {
    const std::uint32_t size = res::frame_capacity() + 1;
    const std::size_t bytes = size * (sizeof(FrameEntry) + sizeof(std::uint8_t));
    table.memory = TRY(res::map_pages((bytes + page_size - 1) / page_size));
    table.memory.count_beside();
    table.entries = reinterpret_cast<FrameEntry*>(table.memory.data());
    table.pins = reinterpret_cast<std::uint8_t*>(table.memory.data() + size * sizeof(FrameEntry));
    table.size = size;
    table.max_page_frames = config.max_evictable == 0
                                ? size - size / 8
                                : std::max(config.max_evictable, min_page_frames);
    LockGuard guard(ft_lock);
    for (unsigned i = 0; i < frames_made_at_boot && table.fresh < size; ++i) {
        const auto frame = take_fresh();
        if (!frame) break;  // a small machine: whoever needs one will see
        push_free(*frame);
        frame_entry(*frame).set_link<FrameEntry::Unused>(1);
    }
    return {};
}

FrameEntry& frame_entry(FrameRef frame) {
    ASSERT(frame != no_frame && frame.raw() < table.size);
    return table.entries[frame.raw()];
}

Result<FrameRef> take_frame() {
    ASSERT(ft_lock.held_by_me());
    return prepare(table.free_head != no_frame ? pop_free() : TRY(take_fresh()));
}

Result<FrameRef> take_zeroed_frame() {
    ASSERT(ft_lock.held_by_me());
    // Frames that were never used are zero already.
    if (table.free_head == no_frame) return prepare(TRY(take_fresh()));
    const FrameRef frame = pop_free();
    const bool is_zero = frame_entry(frame).get_link<FrameEntry::Unused>() != 0;
    if (!is_zero) std::memset(frame_data(frame), 0, page_size);
    return prepare(frame);
}

/// Programs have taken, or want to take, one frame more.
static void want_lent_frames() {
    if (table.lent == 0 || page_frames_free() >= wanted_back_mark) return;
    table.lent_wanted.store(true, std::memory_order_relaxed);
    table.tell_lender();
}

/// `take` when the limit allows one more frame for a page.
template <typename Take>
static Result<FrameRef> take_limited(Take take) {
    want_lent_frames();
    if (page_frames_free() == 0) return std::unexpected(Error::would_block);
    const Result<FrameRef> frame = take();
    // Whatever is short: a page that goes makes room.
    if (!frame) return std::unexpected(Error::would_block);
    frame_entry(*frame).set_link<FrameEntry::Limited>(1);
    ++table.page_frames;
    return frame;
}

Result<FrameRef> take_page_frame() {
    return take_limited(take_frame);
}

Result<FrameRef> take_zeroed_page_frame() {
    return take_limited(take_zeroed_frame);
}

std::uint32_t page_frame_limit() {
    return table.max_page_frames;
}

std::uint32_t page_frames_free() {
    return page_frames_available() - table.lent;
}

std::uint32_t page_frames_available() {
    return table.max_page_frames - table.page_frames;
}

std::byte* lend_frame() {
    LockGuard guard(ft_lock);
    if (table.tell_lender == nullptr || lent_frames_wanted()) return nullptr;
    if (page_frames_free() <= kept_from_lending) return nullptr;
    const Result<FrameRef> frame = take_frame();
    if (!frame) return nullptr;
    table.in_use.fetch_sub(1, std::memory_order_relaxed);
    ++table.lent;
    return frame_data(*frame);
}

void take_back_frame(std::byte* lent) {
    LockGuard guard(ft_lock);
    const auto offset = reinterpret_cast<std::uintptr_t>(lent) - res::frame_window_base;
    ASSERT(table.lent > 0 && offset % page_size == 0);
    push_free(FrameRef{static_cast<std::uint32_t>(offset / page_size)});
    --table.lent;
    if (table.lent == 0 || page_frames_free() >= kept_from_lending) {
        table.lent_wanted.store(false, std::memory_order_relaxed);
    }
    wake_for_room();
}

bool lent_frames_wanted() {
    return table.lent_wanted.load(std::memory_order_relaxed);
}

void on_lent_frames_wanted(void (*tell)()) {
    table.tell_lender = tell;
}

FrameRef advance_clock() {
    if (table.evictable_tail == no_frame) return no_frame;
    table.evictable_tail = next_of(table.evictable_tail);
    return table.evictable_tail;
}

std::size_t max_transfer_pages() {
    return std::max(page_frame_limit() / 16, 1u);
}

std::uint32_t evictable_frames() {
    return table.evictable;
}

void unmap_user(FrameRef frame) {
    FrameEntry& entry = frame_entry(frame);
    if (entry.get_link<FrameEntry::Used>() == 0) return;
    if (entry.get_link<FrameEntry::Shared>() != 0) {
        unmap_members(back_index(frame));
    } else {
        // Unmapping succeeds whatever became of the address space.
        MUST(sel4::page_unmap(res::user_frame_cap(frame)));
    }
    entry.set_link<FrameEntry::Used>(0);
    entry.set_owner<FrameEntry::UserPageCap>(0);
}

void give_frame(FrameRef frame) {
    ASSERT(ft_lock.held_by_me() && list_of(frame) != FrameList::free);
    unmap_user(frame);
    if (list_of(frame) == FrameList::evictable) remove_evictable(frame);
    if (table.pins[frame.raw()] > 0) {
        frame_entry(frame).set_link<FrameEntry::Orphan>(1);
        frame_entry(frame).set_link<FrameEntry::Recent>(0);  // it is nobody's page any more
        return;
    }
    end_use(frame);
}

void make_evictable(FrameRef frame, BackIndex back) {
    FrameEntry& entry = frame_entry(frame);
    ASSERT(list_of(frame) == FrameList::none);
    set_back_index(frame, back);
    entry.set_link<FrameEntry::Fixed>(0);
    update_no_evict(frame);
    if (table.evictable_tail == no_frame) {
        join(frame, frame);
    } else {
        join(frame, next_of(table.evictable_tail));
        join(table.evictable_tail, frame);
    }
    table.evictable_tail = frame;
    set_list(frame, FrameList::evictable);
    ++table.evictable;
}

BackIndex back_index(FrameRef frame) {
    const FrameEntry& entry = frame_entry(frame);
    return {FrameRef{static_cast<std::uint32_t>(entry.get_owner<FrameEntry::BackIndexFrame>())},
            static_cast<unsigned>(entry.get_owner<FrameEntry::BackIndexEntry>()),
            entry.get_link<FrameEntry::Shared>() != 0};
}

void change_owner(FrameRef frame, BackIndex back) {
    ASSERT(list_of(frame) == FrameList::evictable &&
           frame_entry(frame).get_link<FrameEntry::Used>() == 0);
    set_back_index(frame, back);
}

Result<void> pin_frame(FrameRef frame) {
    ASSERT(ft_lock.held_by_me());
    std::uint8_t& count = table.pins[frame.raw()];
    if (count == max_pins) return std::unexpected(Error::limit_reached);
    ++count;
    frame_entry(frame).set_link<FrameEntry::NoEvict>(1);
    return {};
}

void unpin_frame(FrameRef frame) {
    ASSERT(ft_lock.held_by_me() && pins(frame) > 0);
    // Many may transfer to or from a shared page, and wait when no pin is left.
    if (table.pins[frame.raw()] == max_pins) wake_for_room();
    --table.pins[frame.raw()];
    if (table.pins[frame.raw()] > 0) return;
    if (frame_entry(frame).get_link<FrameEntry::Orphan>() != 0) {
        end_use(frame);
    } else {
        update_no_evict(frame);
    }
}

unsigned pins(FrameRef frame) {
    return table.pins[frame.raw()];
}

bool can_pin(FrameRef frame) {
    return table.pins[frame.raw()] < max_pins;
}

bool take_transfer_pin() {
    ASSERT(ft_lock.held_by_me());
    if (table.transfer_pins >= table.max_page_frames / transfer_pin_fraction) return false;
    ++table.transfer_pins;
    return true;
}

void give_transfer_pin() {
    ASSERT(ft_lock.held_by_me() && table.transfer_pins > 0);
    --table.transfer_pins;
    wake_for_room();
}

std::uint64_t transfer_pin_token(FrameRef frame) {
    return transfer_pin_mark | frame.raw();
}

bool take_window_pin() {
    ASSERT(ft_lock.held_by_me());
    const std::uint32_t most = table.max_page_frames / window_pin_fraction;
    if (most < least_window_pins || table.window_pins >= most) return false;
    ++table.window_pins;
    return true;
}

void give_window_pin() {
    ASSERT(ft_lock.held_by_me() && table.window_pins > 0);
    --table.window_pins;
    wake_for_room();
}

std::uint64_t window_pin_token(FrameRef frame) {
    return window_pin_mark | frame.raw();
}

static FrameRef frame_of(std::uint64_t token) {
    return FrameRef{static_cast<std::uint32_t>(token & ~(transfer_pin_mark | window_pin_mark))};
}

std::byte* transfer_data(std::uint64_t token) {
    return frame_data(frame_of(token));
}

void release_pin(std::uint64_t token) {
    LockGuard guard(ft_lock);
    unpin_frame(frame_of(token));
    if ((token & transfer_pin_mark) != 0) give_transfer_pin();
    if ((token & window_pin_mark) != 0) give_window_pin();
}

std::uint32_t frames_in_use() {
    return table.in_use.load(std::memory_order_relaxed);
}

std::uint32_t frame_table_size() {
    return table.size;
}

}  // namespace sos::vm
