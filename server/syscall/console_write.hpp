// SPDX-License-Identifier: BSD-2-Clause
// Writing to the console from a program's memory. The text is copied before its writer asks for the
// turn: its pages may have to come from a server that does not answer, and all others would wait.
#pragma once

#include "console/console.hpp"
#include "fs/file.hpp"
#include "proc/process.hpp"
#include "syscall/room.hpp"

namespace sos::syscall {

/// What is written in one turn.
using TextRoom = Room<console::max_line / res::page_size>;

template <>
proc::PagePool<8, TextRoom::pages> TextRoom::pool_;

/// The whole of a system call's text to a File on the console; how many bytes were written. An
/// error after some were is not reported, as the next call meets it again.
Result<std::size_t> write_to_console(proc::Process& process, fs::File& console,
                                     std::uint64_t address, std::uint64_t size);

}  // namespace sos::syscall
