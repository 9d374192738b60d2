// SPDX-License-Identifier: BSD-2-Clause
// Lock: a notification used as a lock (seed 1.2), behind a counter so that a free lock costs no
// kernel call. The counter says how many hold or want it; whoever finds it taken waits on the
// notification, and whoever leaves while others want it signals once, which hands the lock over.
//
// Locks have ranks (thread_block.hpp), checked in debug builds. Held for bounded work only: kernel
// invocations yes, IPC to another thread never.
#pragma once

#include <atomic>
#include <cstdint>

#include "sel4/syscalls.hpp"
#include "sync/thread_block.hpp"

namespace sos {

class Lock {
  public:
    constexpr explicit Lock(LockRank rank) : rank_(rank) {}
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    /// Before a second thread exists: gives the lock its notification (all rights needed: read,
    /// write).
    void set_notification(sel4::CPtr notification) { notification_ = notification; }

    void lock() {
        if (wanted_.fetch_add(1, std::memory_order_acquire) > 0) sel4::wait(notification_);
        enter();
    }

    void unlock() {
        leave();
        if (wanted_.fetch_sub(1, std::memory_order_release) > 1) sel4::signal(notification_);
    }

    LockRank rank() const { return rank_; }

    /// For assertions: does the calling thread hold a lock of this rank as its highest?
    bool held_by_me() const {
        return sos_current_thread == nullptr || sos_current_thread->held == rank_;
    }

  private:
    void enter() {
#ifndef NDEBUG
        if (sos_current_thread == nullptr) return;
        ASSERT(sos_current_thread->held < rank_);
        below_ = sos_current_thread->held;
        sos_current_thread->held = rank_;
#endif
    }
    void leave() {
#ifndef NDEBUG
        if (sos_current_thread == nullptr) return;
        ASSERT(sos_current_thread->held == rank_);
        sos_current_thread->held = below_;
#endif
    }

    std::atomic<std::uint32_t> wanted_ = 0;
    LockRank rank_;
    LockRank below_ = LockRank::none;  // what the holder held before
    sel4::CPtr notification_{};
};

class [[nodiscard]] LockGuard {
  public:
    explicit LockGuard(Lock& lock) : lock_(lock) { lock_.lock(); }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;
    ~LockGuard() { lock_.unlock(); }

  private:
    Lock& lock_;
};

/// SOS_CU_LOCK: capability space and untyped pool.
extern Lock cu_lock;
/// SOS_FT_LOCK: page tables of all processes, frame table, page-file bitmaps.
extern Lock ft_lock;
/// Timeout list and timer hardware; alone taken by the root thread's interrupt path.
extern Lock timer_lock;

}  // namespace sos
