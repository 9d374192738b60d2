// SPDX-License-Identifier: BSD-2-Clause
// Loads an ELF file into a new address space, and builds the stack a program starts with
// (sos-api.md 5). Runs on the new process's handler thread, since it reads the file and waits for
// it. On failure the address space is half-built: destroy() it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/strong.hpp"
#include "elf/image.hpp"
#include "error.hpp"
#include "fs/file.hpp"
#include "vm/address_space.hpp"

namespace sos::elf {

struct LoadedImage {
    VAddr entry{};
    VAddr program_headers{};  // 0: not in memory
    std::size_t program_header_count = 0;
};

/// Maps all segments and starts the heap behind them. Their pages are read when they are touched,
/// so `file` is to stay open as long as the space. `status`: of the version that is to be run,
/// known before anything was read. bad_executable when the file is none that can be run (the reason
/// is logged with `name`); errors of reading as they come.
sos::Result<LoadedImage> load(fs::File& file, const abi::FileStatus& status, std::string_view name,
                              vm::AddressSpace& space);

/// What main gets. `block` is an argument block as abi::max_argument_block describes it, already
/// checked: argc strings, then environment strings.
struct StartArguments {
    std::span<const char> block;
    std::size_t argc = 0;
    std::uint64_t random[2] = {};  // AT_RANDOM
    abi::ClockOrigin clock{};
};

/// Number of strings in an argument block, or bad_argument (no NUL at the end, fewer than argc) or
/// argument_list_too_long.
sos::Result<std::size_t> check_argument_block(std::span<const char> block, std::size_t argc);

/// Writes strings, argv, envp and auxv below vm::stack_top; the stack pointer to start with.
sos::Result<VAddr> build_stack(vm::AddressSpace& space, const LoadedImage& image,
                               const StartArguments& arguments);

}  // namespace sos::elf
