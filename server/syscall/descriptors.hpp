// SPDX-License-Identifier: BSD-2-Clause
// Open files by descriptor, for calls that move data: bad_descriptor also when the file was not
// opened for that.
#pragma once

#include "proc/process.hpp"

namespace sos::syscall {

inline Result<fs::File*> readable(proc::Process& process, std::uint64_t fd) {
    fs::File* const file = TRY(process.files().get(fd));
    if (!file->mode().readable) return std::unexpected(Error::bad_descriptor);
    return file;
}

inline Result<fs::File*> writable(proc::Process& process, std::uint64_t fd) {
    fs::File* const file = TRY(process.files().get(fd));
    if (!file->mode().writable) return std::unexpected(Error::bad_descriptor);
    return file;
}

}  // namespace sos::syscall
