// SPDX-License-Identifier: BSD-2-Clause
// Threads that wait for a page: one in transit, or room for one. The rule for each wait: under
// ft_lock look, and enter the list; let the lock go; sleep; look again. A wake-up is only a hint.
#pragma once

#include <optional>

#include "base/intrusive_list.hpp"
#include "error.hpp"
#include "vm/space_account.hpp"

namespace sos::vm {

/// The thread that serves an address space, as far as it can wait. Implemented by its owner.
class PagingThread {
  public:
    /// Returns after wake() was called, before or meanwhile; also without reason, and when the
    /// process is being killed.
    virtual void sleep() = 0;
    /// From any thread, ft_lock held: must not block.
    virtual void wake() = 0;
    /// Between two pieces of a long work, with nothing held.
    virtual void pause() {}
    /// Is the process being killed?
    virtual bool ended() const = 0;

  protected:
    ~PagingThread() = default;
};

/// What a thread waits for.
enum class WaitFor : std::uint8_t {
    page,  // the one in transit in `frame`
    room,  // a frame, a record, a pin
    turn,  // turns.hpp
};

/// One wait. All functions below require ft_lock.
struct Waiter {
    PagingThread* thread = nullptr;
    SpaceId space = no_space;
    WaitFor what = WaitFor::room;
    FrameRef frame = no_frame;
    std::optional<Error> failure{};  // why it cannot be had
    base::ListLink<Waiter> link{};
};

void add_waiter(Waiter& waiter);
void remove_waiter(Waiter& waiter);

/// The page in transit in this frame has arrived, or cannot be had.
void wake_for_page(FrameRef frame, std::optional<Error> failure = std::nullopt);
/// Something is there that was not.
void wake_for_room();
/// It is this space's turn, if it still wants it.
void wake_for_turn(SpaceId space);
/// There is no room for the reason named: the one who waits longest is told, unless one who was
/// told is about to go, which makes room for the others. These look again.
void fail_for_room(Error reason);

/// Processes that are to be killed for want of memory and have not given theirs back yet.
void add_condemned();
void remove_condemned();
bool any_condemned();

}  // namespace sos::vm
