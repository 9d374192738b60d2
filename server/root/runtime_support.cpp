// SPDX-License-Identifier: BSD-2-Clause
// What compiled C++ refers to and a program without a C++ library has to supply. None of it is ever
// called by correct code.
#include <cstddef>

#include "base/assert.hpp"

extern "C" [[noreturn]] void __cxa_pure_virtual() {
    PANIC("a pure virtual function was called");
}

namespace std {

[[noreturn]] void __throw_out_of_range_fmt(const char*, ...) {
    PANIC("a position is behind the end of a string");
}

}  // namespace std
