// SPDX-License-Identifier: BSD-2-Clause
// Timeouts: callbacks at times, from one countdown timer. Tickless: the hardware is programmed for
// the earliest timeout and for nothing else.
//
// Timeouts are kept sorted by deadline (those of equal deadline in the order of registration), so
// that the interrupt takes from the front: in a TimeoutList as the seed says, or in a TimeoutTree.
// Nodes come from a free list and go back to it; the pool grows only by donated arrays. Times are
// microseconds since boot in 64 bits.
//
// Any thread may register and remove; one thread calls on_interrupt. The lock is held for list
// work and never during a callback, so callbacks may register and remove, themselves included.
//
// Invariant: when the lock is free, the countdown runs iff there is a timeout, and ends no
// later than one step after the first deadline (or earlier, and is then programmed anew).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>

#include "base/intrusive_list.hpp"
#include "base/result.hpp"
#include "server/drivers/timer/hardware.hpp"
#include "server/drivers/timer/id_allocator.hpp"
#include "server/drivers/timer/sorted_list.hpp"
#include "server/drivers/timer/sorted_tree.hpp"

namespace sos::timer {

template <typename T>
concept Lock = requires(T& lock) {
    lock.lock();
    lock.unlock();
};

enum class TimerError {
    out_of_nodes,  // as many timeouts as nodes were donated
    out_of_ids,    // every id is in use
};

enum class RemoveResult {
    removed,  // it has not run and will not
    running,  // its callback is running now (perhaps it is the caller); it may still touch context
    unknown,  // it has run, was removed, or never was
};

/// `Order`: SortedList or SortedTree.
template <typename Order, TimerHardware Hardware, Lock LockType,
          std::unsigned_integral IdType = std::uint32_t>
class Timeouts {
  public:
    using Id = IdType;
    using Callback = void (*)(Id id, void* context);

    /// One timeout. Donated nodes are kept for ever.
    class Node {
      public:
        std::uint64_t deadline_us() const { return deadline_us_; }
        Id id() const { return id_; }

      private:
        friend class Timeouts;
        base::ListLink<Node> free_link_{};
        typename Order::template Links<Node> links_{};
        std::uint64_t deadline_us_ = 0;
        Callback callback_ = nullptr;
        void* context_ = nullptr;
        Id id_ = 0;
    };

    constexpr Timeouts(Hardware& hardware, LockType& lock) : hardware_(hardware), lock_(lock) {}
    Timeouts(const Timeouts&) = delete;
    Timeouts& operator=(const Timeouts&) = delete;

    void donate(std::span<Node> nodes) {
        const Guard guard(lock_);
        for (Node& node : nodes) free_.push_back(node);
    }

    std::uint64_t now_us() { return hardware_.now_us(); }

    /// Calls `callback(id, context)` once, from on_interrupt, `delay_us` or slightly more from
    /// now. A delay of 0 counts as 1: the callback never runs in the present pass of on_interrupt.
    base::Result<Id, TimerError> register_after(std::uint64_t delay_us, Callback callback,
                                                void* context) {
        const Guard guard(lock_);
        const std::uint64_t now = hardware_.now_us();
        return insert(now, add_saturating(now, delay_us == 0 ? 1 : delay_us), callback, context);
    }

    /// Same at an absolute time; a time that is past counts as 1 microsecond from now.
    base::Result<Id, TimerError> register_at(std::uint64_t deadline_us, Callback callback,
                                             void* context) {
        const Guard guard(lock_);
        const std::uint64_t now = hardware_.now_us();
        return insert(now, deadline_us > now ? deadline_us : add_saturating(now, 1), callback,
                      context);
    }

    RemoveResult remove(Id id) {
        const Guard guard(lock_);
        Node* const node = pending_.find(id);
        if (node == nullptr) {
            return running_ == id ? RemoveResult::running : RemoveResult::unknown;
        }
        const bool was_first = node == pending_.front();
        release(*node);
        if (was_first) program(hardware_.now_us());
        return RemoveResult::removed;
    }

    /// Runs every callback that is due at the time of the call and programs the next countdown.
    /// Returns how many ran. Callbacks that become due meanwhile have their own interrupt.
    std::size_t on_interrupt() {
        lock_.lock();
        const std::uint64_t pass_start = hardware_.now_us();
        std::size_t count = 0;
        while (Node* node = pending_.front()) {
            if (node->deadline_us_ > pass_start) break;
            const Callback callback = node->callback_;
            void* const context = node->context_;
            const Id id = node->id_;
            release(*node);
            running_ = id;  // stays in use until the callback has returned
            lock_.unlock();
            callback(id, context);
            lock_.lock();
            running_.reset();
            ++count;
        }
        program(hardware_.now_us());
        lock_.unlock();
        return count;
    }

    /// Registered timeouts whose callbacks have not begun.
    std::size_t pending() {
        const Guard guard(lock_);
        return pending_count_;
    }

    /// The earliest deadline.
    std::optional<std::uint64_t> next_deadline_us() {
        const Guard guard(lock_);
        const Node* const first = pending_.front();
        return first == nullptr ? std::nullopt : std::optional(first->deadline_us_);
    }

  private:
    class Guard {
      public:
        explicit Guard(LockType& lock) : lock_(lock) { lock_.lock(); }
        ~Guard() { lock_.unlock(); }
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;

      private:
        LockType& lock_;
    };

    static constexpr std::uint64_t add_saturating(std::uint64_t a, std::uint64_t b) {
        return b > std::numeric_limits<std::uint64_t>::max() - a
                   ? std::numeric_limits<std::uint64_t>::max()
                   : a + b;
    }

    base::Result<Id, TimerError> insert(std::uint64_t now, std::uint64_t deadline,
                                        Callback callback, void* context) {
        if (free_.empty()) return std::unexpected(TimerError::out_of_nodes);
        const auto id = ids_.allocate([this](auto&& visit) { for_each_used(visit); });
        if (!id) return std::unexpected(TimerError::out_of_ids);
        Node& node = *free_.pop_front();
        node.deadline_us_ = deadline;
        node.callback_ = callback;
        node.context_ = context;
        node.id_ = *id;
        pending_.insert(node);
        ++pending_count_;
        if (pending_.front() == &node) program(now);
        return *id;
    }

    template <typename Visit>
    void for_each_used(Visit&& visit) {
        if (running_) visit(*running_);
        pending_.for_each([&](const Node& node) { visit(node.id_); });
    }

    void release(Node& node) {
        pending_.remove(node);
        --pending_count_;
        free_.push_front(node);
    }

    void program(std::uint64_t now) {
        const Node* const first = pending_.front();
        if (first == nullptr) {
            hardware_.stop();
            return;
        }
        const std::uint64_t deadline = first->deadline_us_;
        const Countdown next = choose_countdown<Hardware>(deadline > now ? deadline - now : 0);
        hardware_.start(next.resolution, next.count);
    }

    Hardware& hardware_;
    LockType& lock_;
    typename Order::template Queue<Node, &Node::links_> pending_;
    base::IntrusiveList<Node, &Node::free_link_> free_;
    std::size_t pending_count_ = 0;
    std::optional<Id> running_;
    IdAllocator<Id> ids_;
};

template <TimerHardware Hardware, Lock LockType, std::unsigned_integral Id = std::uint32_t>
using TimeoutList = Timeouts<SortedList, Hardware, LockType, Id>;

template <TimerHardware Hardware, Lock LockType, std::unsigned_integral Id = std::uint32_t>
using TimeoutTree = Timeouts<SortedTree, Hardware, LockType, Id>;

/// With more timeouts, walks along the list cost more than a few system calls.
inline constexpr std::size_t longest_list = 1024;

/// The right one for so many timeouts at once.
template <std::size_t Count, TimerHardware Hardware, Lock LockType>
using TimeoutsFor =
    Timeouts<std::conditional_t<Count <= longest_list, SortedList, SortedTree>, Hardware, LockType>;

}  // namespace sos::timer
