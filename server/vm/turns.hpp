// SPDX-License-Identifier: BSD-2-Clause
// Turns: who may take frames, so that every process gets on, however few frames there are.
//
// An instruction needs up to three pages at once: its own, and two if what it reads or writes
// crosses a border. If processes took these from each other, none might ever have all three. So a
// process needs a turn to get a page, there is one turn for each four frames, and the last three
// pages that came with a turn are no victims (FrameEntry::Recent).
//
// A process keeps its turn from fault to fault. While others queue, it loses it after several
// faults (enough for an instruction), when it makes a system call or ends, and otherwise when it
// has run since its last page came. Whether it has is what the pacer tells: a thread of programs'
// priority that goes to the end of their round, so that when it runs again they have all run.
//
// All functions require ft_lock unless they say otherwise.
#pragma once

#include <atomic>
#include <cstdint>

#include "vm/space_account.hpp"

namespace sos::vm {

namespace detail {
extern std::atomic<std::uint32_t> queue_length;
}

/// Once, after the frame table.
void init_turns();

/// The space has a fault that needs a page. False: it has to wait for room and ask again.
bool begin_turn(SpaceId id);
/// The page is there (it is protected now).
void page_came(SpaceId id, FrameRef frame);
/// It will not come now, and the process goes on without it.
void pause_turn(SpaceId id);
/// The process has run since its last fault. Needs no lock.
void note_system_call(SpaceId id);
/// Does somebody queue for one? If not, note_system_call() does nothing. Needs no lock.
inline bool processes_want_turns() {
    return detail::queue_length.load(std::memory_order_relaxed) > 0;
}
/// The process ends, or needs no page any more.
void give_up_turn(SpaceId id);

/// Every process that could run has run.
void on_beat();
/// Starts the thread that calls on_beat() when it is of use.
Result<void> start_pacer();
/// Does somebody wait for a turn whose owner may not have run yet?
bool beat_wanted();
/// Then this is to be called, without the lock.
void request_beat();

}  // namespace sos::vm
