// SPDX-License-Identifier: BSD-2-Clause
// ASSERT for invariants (on in debug builds), PANIC for what we cannot run on. Each program
// supplies base::panic_handler, which reports and does not return.
#pragma once

namespace base {

[[noreturn]] void panic_handler(const char* message, const char* file, int line);

}  // namespace base

#define PANIC(message) ::base::panic_handler(message, __FILE__, __LINE__)

#ifdef NDEBUG
#define ASSERT(condition) static_cast<void>(sizeof(!(condition)))
#else
#define ASSERT(condition) \
    (static_cast<bool>(condition) ? static_cast<void>(0) : PANIC("assertion failed: " #condition))
#endif
