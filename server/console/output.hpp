// SPDX-License-Identifier: BSD-2-Clause
// The writing side of the console: turns of writers, and the transmit queue. Not for other folders.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "console/console.hpp"
#include "console/newline_encoder.hpp"
#include "console/turn_queue.hpp"
#include "proc/process_id.hpp"
#include "sync/lock.hpp"

namespace sos::console {

class Output {
  public:
    constexpr Output() : lock_(LockRank::console) {}

    void init(Uart& uart, sel4::CPtr request, sel4::CPtr lock_notification);

    /// Writes from the front of `text` what goes now; returns how many bytes. Fewer than all: it is
    /// another's turn, or there is no room. The writer is woken when that has changed.
    std::size_t write(proc::ProcessId writer, std::span<const std::byte> text);
    /// What the writer wanted to write is written, or abandoned.
    void end_turn(proc::ProcessId writer);
    /// The root thread, without the lock: the transmit queue has room again.
    void on_room();

    void write_system_line(std::string_view text);

  private:
    bool push(std::span<const std::uint8_t> wire, std::size_t& accepted);
    std::size_t queue_text(std::span<const std::byte> text, bool& notify);
    void publish_turn();

    Lock lock_;
    Uart* uart_ = nullptr;
    sel4::CPtr request_{};
    // Under lock_.
    TurnQueue turns_;
    NewlineEncoder encoder_;
    // Whose turn it is, for who has not the lock. Who gets the turn when the transmit queue is full
    // finds that out itself, so nobody who waits for room is missed.
    std::atomic<std::uint32_t> turn_{proc::max_processes};
};

}  // namespace sos::console
