// SPDX-License-Identifier: BSD-2-Clause
// sos_write and sos_read as the 2023 header declares them. Weak, and called by nothing here:
// programs of the older era define functions of these names with other arguments.
#include <sos.h>

#include "file_calls.hpp"

extern "C" {

[[gnu::weak]] int sos_write(int file, const char* buf, size_t nbyte) {
    return sosapi::write_file(file, buf, nbyte);
}

[[gnu::weak]] int sos_read(int file, char* buf, size_t nbyte) {
    return sosapi::read_file(file, buf, nbyte);
}
}
