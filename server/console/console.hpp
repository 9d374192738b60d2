// SPDX-License-Identifier: BSD-2-Clause
// The console: one UART as a device for many writers and a single reader (seed 4.3), and the way of
// the server's own lines to it.
//
// Writing: a line of up to 4096 bytes written in one call is not torn. Whoever begins to write owns
// the output for up to 4096 bytes, which are in the server's memory by then (write_to_console of
// the system calls); the others come to their turn one after the other. They, and whose turn it is
// while the transmit queue has no room, wait for Event::output. Nobody holds a lock while waiting,
// so a killed writer leaves at once. Reading: the right to read is the PM server's to give; bytes
// come through InputQueue and Event::input. The root thread alone touches the device.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "error.hpp"
#include "fs/file.hpp"
#include "platform/boot_settings.hpp"
#include "proc/process.hpp"
#include "sel4/types.hpp"
#include "server/drivers/serial/pl011.hpp"

namespace sos::console {

using Uart = serial::Pl011<base::Mmio, 16384>;

struct Config {
    Uart* uart = nullptr;
    /// Makes the root thread call service_output().
    sel4::CPtr output_request{};
    platform::TypeAhead type_ahead = platform::TypeAhead::off;
};

/// Before the first use; the device is initialised.
Result<void> init(const Config& config);

// For the root thread.
void on_interrupt();
void service_output();

/// One line of the server itself, whole, from any thread under any lock: waits for room by
/// polling, never for another thread.
void write_system_line(std::string_view text);

/// A File on the console. With a readable mode this is the reader, and may have to wait for its
/// turn, or with `non_blocking` would_block; `busy` when the process is the reader already, or with
/// console.second_reader=refuse.
Result<fs::FileRef> open(proc::Process& process, fs::OpenMode mode);

/// A line may be as long as this and is not torn: so much is written in one turn.
inline constexpr std::size_t max_line = 4096;

/// To be called when the process has written what it had for its turn, or failed: others may write.
void end_turn(const proc::Process& process);

/// Descriptors 1 and 2 of a new process.
Result<void> open_standard_files(proc::Process& process);

inline constexpr std::string_view name = "console";
/// Is this absolute, normalised path the console's?
bool is_console(std::string_view path);

/// What stat says of the console.
abi::FileStatus status();

}  // namespace sos::console
