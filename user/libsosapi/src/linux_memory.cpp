// SPDX-License-Identifier: BSD-2-Clause
// libc's calls about memory.
#include <sys/mman.h>

#include "call.hpp"
#include "vsyscall.hpp"

using abi::SosSyscall;

namespace sosapi {
namespace {

long map_anonymous(long address, long length, int protection, int flags) {
    return result_of(call<SosSyscall::mmap>(address, length, protection, flags | MAP_ANONYMOUS));
}

/// A private mapping of a file: memory of the program's own that the file is read into.
long map_copy(long address, long length, int protection, int flags, long file, long offset) {
    if (offset < 0 || offset % 4096 != 0) return -EINVAL;
    const long base = map_anonymous(address, length, PROT_READ | PROT_WRITE, flags);
    if (base < 0) return base;
    long done = 0;
    while (done < length) {
        const long got = linux_pread64(file, base + done, length - done, offset + done, 0, 0);
        if (got < 0) {
            linux_munmap(base, length, 0, 0, 0, 0);
            return got;
        }
        if (got == 0) break;  // what lies beyond the end reads as zeroes
        done += got;
    }
    if (protection == (PROT_READ | PROT_WRITE)) return base;
    const long result = linux_mprotect(base, length, protection, 0, 0, 0);
    if (result == 0) return base;
    linux_munmap(base, length, 0, 0, 0, 0);
    return result;
}

}  // namespace

long linux_mmap(long address, long length, long protection, long flags, long file, long offset) {
    const int access = static_cast<int>(protection);
    const int wire = static_cast<int>(flags);
    if ((wire & MAP_ANONYMOUS) != 0) return map_anonymous(address, length, access, wire);
    // No other process, and no other mapping, would see what is written to a copy.
    if ((wire & MAP_TYPE) != MAP_PRIVATE) return -ENODEV;
    return map_copy(address, length, access, wire, file, offset);
}

long linux_munmap(long address, long length, long, long, long, long) {
    return result_of(call<SosSyscall::munmap>(address, length));
}

long linux_mprotect(long address, long length, long protection, long, long, long) {
    return result_of(call<SosSyscall::mprotect>(address, length, static_cast<int>(protection)));
}

/// Advice may be ignored, except where it promises that the memory reads as zeroes afterwards.
long linux_madvise(long, long, long advice, long, long, long) {
    switch (advice) {
        case MADV_NORMAL:
        case MADV_RANDOM:
        case MADV_SEQUENTIAL:
        case MADV_WILLNEED:
        case MADV_FREE:
            return 0;
        default:
            return -EINVAL;
    }
}

}  // namespace sosapi
