// SPDX-License-Identifier: BSD-2-Clause
// What ASSERT and PANIC end in when they run on the host: a message that death tests can match.
#include <cstdio>
#include <cstdlib>

#include "base/assert.hpp"

namespace base {

void panic_handler(const char* message, const char* file, int line) {
    std::fprintf(stderr, "panic: %s (%s:%d)\n", message, file, line);
    std::abort();
}

}  // namespace base
