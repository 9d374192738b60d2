// SPDX-License-Identifier: BSD-2-Clause
// Windows on files: small reads and writes in sequence are copied from and to memory of the
// program's own, without a system call for each (abi/file_window.hpp has the agreement with SOS).
//
// A descriptor has a window from its second small transfer in sequence on, until something else
// uses its position. There are four; who needs one more takes the one that was asked for longest
// ago. What SOS checks for a call, that the caller may read or write its buffer, is checked here
// against the ranges that SOS told with earlier calls: whatever is not in one of them goes to SOS,
// so that a bad pointer stays EFAULT. A program that shares memory has no windows: its pages may be
// read-only inside a range that is not.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/sos_syscall.hpp"

namespace sosapi::windows {

/// As system calls: bytes, or a negative errno.
long read(int file, void* data, std::size_t size);
long write(int file, const void* data, std::size_t size);

/// What a call that is not made from here means for windows.
enum class Matter : std::uint8_t {
    none,
    position,
    closing,
    replacing,
    mapping,
    unmapping,
    heap,
    sharing
};

struct Concern {
    abi::SosSyscall call;
    Matter matter;
};
inline constexpr Concern concerns[] = {
    {abi::SosSyscall::read, Matter::position},
    {abi::SosSyscall::write, Matter::position},
    {abi::SosSyscall::lseek, Matter::position},
    {abi::SosSyscall::getdents, Matter::position},
    {abi::SosSyscall::fcntl, Matter::position},
    {abi::SosSyscall::dup, Matter::position},
    {abi::SosSyscall::read_window, Matter::position},
    {abi::SosSyscall::write_window, Matter::position},
    {abi::SosSyscall::close, Matter::closing},
    {abi::SosSyscall::dup3, Matter::replacing},
    {abi::SosSyscall::mmap, Matter::mapping},
    {abi::SosSyscall::munmap, Matter::unmapping},
    {abi::SosSyscall::mprotect, Matter::unmapping},
    {abi::SosSyscall::brk, Matter::heap},
    {abi::SosSyscall::share_vm, Matter::sharing},
};

constexpr Matter matter_of(abi::SosSyscall call) {
    for (const Concern& concern : concerns) {
        if (concern.call == call) return concern.matter;
    }
    return Matter::none;
}

/// To be called before each call that matters.
void before_call(Matter matter, const std::uint64_t* arguments);

}  // namespace sosapi::windows
