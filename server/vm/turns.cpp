// SPDX-License-Identifier: BSD-2-Clause
#include "vm/turns.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "sync/lock.hpp"
#include "vm/waiters.hpp"

namespace sos::vm {

constinit std::atomic<std::uint32_t> detail::queue_length = 0;

namespace {

constexpr unsigned pages_of_instruction = 3;
constexpr unsigned frames_of_turn = pages_of_instruction + 1;
constexpr unsigned max_faults = 8;

struct Turn {
    SpaceId owner = no_space;
    unsigned faults = 0;
    bool waiting = false;  // for its page
    bool ran = false;      // since its last page came
    FrameRef recent[pages_of_instruction]{};
};

// GUARDED_BY(ft_lock), except the length, which anybody may read.
constinit Turn turns[max_spaces];
constinit std::uint32_t turn_count = 0;
constinit std::uint64_t last_ticket = 0;

bool protects(const Turn& turn, FrameRef frame) {
    return std::ranges::find(turn.recent, frame) != std::end(turn.recent);
}

/// Takes frame number `index` from what the turn protects. Its owner may have given the frame away,
/// and somebody else may have it; if its page is shared, others may protect it, too.
void unprotect(Turn& turn, unsigned index) {
    const FrameRef frame = std::exchange(turn.recent[index], no_frame);
    if (frame == no_frame) return;
    FrameEntry& entry = frame_entry(frame);
    if (entry.get_link<FrameEntry::Recent>() == 0) return;
    const BackIndex back = back_index(frame);
    const auto by_other = [&](const Turn& other) { return protects(other, frame); };
    const bool keep = back.shared ? std::any_of(turns, turns + turn_count, by_other)
                                  : space_of(back) != turn.owner;
    if (!keep) entry.set_link<FrameEntry::Recent>(0);
}

void end_turn(Turn& turn) {
    for (unsigned i = 0; i < pages_of_instruction; ++i) unprotect(turn, i);
    account_of(turn.owner).turn = 0;
    turn = {};
}

void leave_queue(SpaceAccount& account) {
    if (account.ticket == 0) return;
    account.ticket = 0;
    detail::queue_length.fetch_sub(1, std::memory_order_relaxed);
}

Turn* find_turn() {
    Turn* const end = turns + turn_count;
    Turn* found = std::find_if(turns, end, [](const Turn& t) { return t.owner == no_space; });
    if (found == end) {
        found = std::find_if(turns, end, [](const Turn& t) { return !t.waiting && t.ran; });
    }
    return found == end ? nullptr : found;
}

void wake_first() {
    if (processes_want_turns()) wake_for_turn(lowest_ticket());
}

}  // namespace

void init_turns() {
    turn_count = std::clamp(page_frame_limit() / frames_of_turn, 1u, max_spaces);
}

bool begin_turn(SpaceId id) {
    SpaceAccount& account = account_of(id);
    if (account.turn != 0) {
        Turn& turn = turns[account.turn - 1];
        if (turn.waiting || turn.faults < max_faults || !processes_want_turns()) {
            turn.waiting = true;
            return true;
        }
        end_turn(turn);
        wake_first();
    }
    if (account.ticket == 0) {
        account.ticket = ++last_ticket;
        detail::queue_length.fetch_add(1, std::memory_order_relaxed);
    }
    const bool first =
        detail::queue_length.load(std::memory_order_relaxed) == 1 || lowest_ticket() == id;
    Turn* const turn = first ? find_turn() : nullptr;
    if (turn == nullptr) return false;
    if (turn->owner != no_space) end_turn(*turn);
    turn->owner = id;
    turn->waiting = true;
    account.turn = static_cast<std::uint32_t>(turn - turns) + 1;
    leave_queue(account);
    wake_first();
    return true;
}

void page_came(SpaceId id, FrameRef frame) {
    SpaceAccount& account = account_of(id);
    if (account.turn == 0) return;
    Turn& turn = turns[account.turn - 1];
    if (!protects(turn, frame)) {
        unprotect(turn, pages_of_instruction - 1);
        std::ranges::rotate(turn.recent, std::end(turn.recent) - 1);
        turn.recent[0] = frame;
        wake_for_room();  // the one that is no longer protected may be a victim
    }
    frame_entry(frame).set_link<FrameEntry::Recent>(1);
    ++turn.faults;
    turn.waiting = turn.ran = false;
}

void pause_turn(SpaceId id) {
    const std::uint32_t number = account_of(id).turn;
    leave_queue(account_of(id));
    if (number != 0) {
        turns[number - 1].waiting = false;
        turns[number - 1].ran = true;  // it goes on without its page
    }
    wake_first();
}

void note_system_call(SpaceId id) {
    if (!processes_want_turns()) return;
    LockGuard guard(ft_lock);
    give_up_turn(id);
}

void give_up_turn(SpaceId id) {
    SpaceAccount& account = account_of(id);
    if (account.turn == 0 && account.ticket == 0) return;
    leave_queue(account);
    if (account.turn != 0) end_turn(turns[account.turn - 1]);
    wake_for_room();
    wake_first();
}

void on_beat() {
    for (Turn& turn : turns) turn.ran = turn.owner != no_space && !turn.waiting;
    wake_first();
}

bool beat_wanted() {
    return processes_want_turns() && std::ranges::any_of(turns, [](const Turn& turn) {
               return turn.owner != no_space && !turn.waiting && !turn.ran;
           });
}

}  // namespace sos::vm
