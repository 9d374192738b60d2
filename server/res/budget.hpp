// SPDX-License-Identifier: BSD-2-Clause
// Budget: how much memory the server has for itself, and the bound of that. Nothing is taken beyond
// the bound: whoever wants more gets an error. Some time before, those are told who can give way
// (the cache of files).
//
// Counted are the server's image, its pages, its kernel objects and its capability space. Beside it
// are the frame table, with the frames and their capabilities, and page tables that programs make:
// of each address space the six that every program needs are counted.
//
// All functions require cu_lock, but for pressed().
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"

namespace sos::res {

enum class MemoryUse : std::uint8_t { image, pages, objects, slots };
inline constexpr std::size_t memory_uses = 4;

class Budget {
  public:
    /// `reserve`: with less than that left, others are to give way.
    constexpr Budget(std::uint64_t limit, std::uint64_t reserve)
        : limit_(limit), reserve_(reserve) {}

    /// False when that would be too much; then nothing has changed.
    [[nodiscard]] bool take(MemoryUse use, std::uint64_t bytes) {
        if (bytes > limit_ - used_) return false;
        by_use_[static_cast<std::size_t>(use)] += bytes;
        used_ += bytes;
        if (used_ > most_) most_ = used_;
        note();
        if (used_ >= alarm_at_ && tell_ != nullptr) {
            alarm_at_ = used_ + alarm_step;
            tell_();
        }
        return true;
    }

    void give(MemoryUse use, std::uint64_t bytes) {
        std::uint64_t& part = by_use_[static_cast<std::size_t>(use)];
        ASSERT(part >= bytes && used_ >= bytes);
        part -= bytes;
        used_ -= bytes;
        note();
        if (!pressed()) alarm_at_ = limit_ - reserve_;
    }

    /// `tell` is called when less than the reserve is left, and for each further step.
    void set_alarm(void (*tell)()) {
        tell_ = tell;
        alarm_at_ = limit_ - reserve_;
    }

    bool pressed() const { return pressed_.load(std::memory_order_relaxed); }
    std::uint64_t limit() const { return limit_; }
    std::uint64_t used() const { return used_; }
    std::uint64_t most() const { return most_; }
    std::uint64_t room() const { return limit_ - used_; }
    std::uint64_t reserve() const { return reserve_; }

    /// Do the parts make the whole, and does that keep the bound?
    bool consistent() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t part : by_use_) sum += part;
        return sum == used_ && used_ <= limit_;
    }

  private:
    static constexpr std::uint64_t alarm_step = 128 << 10;

    void note() {
        ASSERT(consistent());
        pressed_.store(room() < reserve_, std::memory_order_relaxed);
    }

    std::uint64_t limit_;
    std::uint64_t reserve_;
    std::uint64_t used_ = 0;
    std::uint64_t most_ = 0;
    std::uint64_t alarm_at_ = ~std::uint64_t{0};
    void (*tell_)() = nullptr;
    std::atomic<bool> pressed_{false};
    std::array<std::uint64_t, memory_uses> by_use_{};
};

}  // namespace sos::res
