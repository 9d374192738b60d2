// SPDX-License-Identifier: BSD-2-Clause
// The memory functions that compilers call; hot paths do not use them.
#include <cstddef>
#include <cstdint>

// The loops must not become calls to the functions that they are.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
    auto* target = static_cast<unsigned char*>(to);
    const auto* source = static_cast<const unsigned char*>(from);
    for (std::size_t done = 0; done < size; ++done) target[done] = source[done];
    return to;
}

void* memset(void* to, int value, std::size_t size) {
    auto* target = static_cast<unsigned char*>(to);
    const auto byte = static_cast<unsigned char>(value);
    for (std::size_t done = 0; done < size; ++done) target[done] = byte;
    return to;
}

int memcmp(const void* one, const void* other, std::size_t size) {
    const auto* a = static_cast<const unsigned char*>(one);
    const auto* b = static_cast<const unsigned char*>(other);
    for (std::size_t i = 0; i < size; ++i)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

std::size_t strlen(const char* text) {
    const char* end = text;
    while (*end != '\0') ++end;
    return static_cast<std::size_t>(end - text);
}
}
