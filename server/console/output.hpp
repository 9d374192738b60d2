// SPDX-License-Identifier: BSD-2-Clause
// The writing side of the console: turns of writers, and the transmit queue. Not for other folders.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "console/console.hpp"
#include "console/newline_encoder.hpp"
#include "proc/process_id.hpp"
#include "sync/lock.hpp"

namespace sos::console {

class Output {
  public:
    constexpr Output() : lock_(LockRank::console) {}

    void init(Uart& uart, sel4::CPtr request, sel4::CPtr lock_notification);

    /// Writes from the front of `text` what goes now; returns how many bytes. Fewer than all: it is
    /// another's turn (or will be after a newline), or there is no room.
    std::size_t write(proc::ProcessId writer, std::span<const std::byte> text);
    /// The writer's call is over, or abandoned: its line ends here.
    void end_turn(proc::ProcessId writer);

    void write_system_line(std::string_view text);

  private:
    bool push(std::span<const std::uint8_t> wire, std::size_t& accepted);

    Lock lock_;
    Uart* uart_ = nullptr;
    sel4::CPtr request_{};
    // Under lock_.
    proc::ProcessId turn_ = proc::no_process;
    bool others_wait_ = false;  // for the turn
    NewlineEncoder encoder_;
};

}  // namespace sos::console
