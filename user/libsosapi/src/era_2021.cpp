// SPDX-License-Identifier: BSD-2-Clause
// Linked into programs built for the 2021 interface: their sos_write and sos_read, unless they
// define them, and the mark that makes libc's open create missing files.
#include <sos.h>
#include <ttyout.h>
#include <unistd.h>

#include "file_calls.hpp"
#include "vsyscall.hpp"

extern "C" {

const bool __sos_open_creates = true;

[[gnu::weak]] size_t sos_write(void* data, size_t count) {
    const int written = sosapi::write_file(STDOUT_FILENO, data, count);
    return written < 0 ? 0 : static_cast<size_t>(written);
}

[[gnu::weak]] size_t sos_read(void* data, size_t count) {
    const int got = sosapi::read_file(STDIN_FILENO, data, count);
    return got < 0 ? 0 : static_cast<size_t>(got);
}
}
