// SPDX-License-Identifier: BSD-2-Clause
// The functions that compilers call for copies, fills and searches, with general registers only:
// server threads run with the FPU disabled, and a C library's versions use it. Compiled so that the
// loops below do not become calls to themselves.
#include <cstddef>
#include <cstdint>

namespace {

using Word [[gnu::may_alias, gnu::aligned(1)]] = std::uint64_t;

constexpr std::size_t block = 64;

inline Word load(const unsigned char* at) {
    return *reinterpret_cast<const Word*>(at);
}
inline void store(unsigned char* at, std::uint64_t value) {
    *reinterpret_cast<Word*>(at) = value;
}

/// All eight loads before the first store: right for overlaps in either direction.
inline void copy_block(unsigned char* to, const unsigned char* from) {
    const std::uint64_t a = load(from), b = load(from + 8), c = load(from + 16),
                        d = load(from + 24), e = load(from + 32), f = load(from + 40),
                        g = load(from + 48), h = load(from + 56);
    store(to, a), store(to + 8, b), store(to + 16, c), store(to + 24, d);
    store(to + 32, e), store(to + 40, f), store(to + 48, g), store(to + 56, h);
}

/// In pairs: a loop of single stores would take four times as many instructions.
inline void fill_block(unsigned char* to, std::uint64_t word) {
    store(to, word), store(to + 8, word), store(to + 16, word), store(to + 24, word);
    store(to + 32, word), store(to + 40, word), store(to + 48, word), store(to + 56, word);
}

// Pages are most of what is copied and filled: several blocks in one round of the loop.
constexpr std::size_t blocks = 4 * block;

void copy_up(unsigned char* to, const unsigned char* from, std::size_t size) {
    for (; size >= blocks; size -= blocks, to += blocks, from += blocks) {
        copy_block(to, from);
        copy_block(to + block, from + block);
        copy_block(to + 2 * block, from + 2 * block);
        copy_block(to + 3 * block, from + 3 * block);
    }
    for (; size >= block; size -= block, to += block, from += block) copy_block(to, from);
    for (; size >= 8; size -= 8, to += 8, from += 8) store(to, load(from));
    for (; size > 0; --size) *to++ = *from++;
}

void copy_down(unsigned char* to, const unsigned char* from, std::size_t size) {
    while (size >= block) {
        size -= block;
        copy_block(to + size, from + size);
    }
    while (size >= 8) {
        size -= 8;
        store(to + size, load(from + size));
    }
    while (size > 0) {
        --size;
        to[size] = from[size];
    }
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
    copy_up(static_cast<unsigned char*>(to), static_cast<const unsigned char*>(from), size);
    return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
    auto* const target = static_cast<unsigned char*>(to);
    const auto* const source = static_cast<const unsigned char*>(from);
    if (target <= source || target >= source + size) {
        copy_up(target, source, size);
    } else {
        copy_down(target, source, size);
    }
    return to;
}

void* memset(void* to, int value, std::size_t size) {
    auto* target = static_cast<unsigned char*>(to);
    const std::uint64_t word = (static_cast<unsigned>(value) & 0xffu) * 0x0101'0101'0101'0101u;
    for (; size >= blocks; size -= blocks, target += blocks) {
        fill_block(target, word);
        fill_block(target + block, word);
        fill_block(target + 2 * block, word);
        fill_block(target + 3 * block, word);
    }
    for (; size >= block; size -= block, target += block) fill_block(target, word);
    for (; size >= 8; size -= 8, target += 8) store(target, word);
    for (; size > 0; --size) *target++ = static_cast<unsigned char>(value);
    return to;
}

int memcmp(const void* left, const void* right, std::size_t size) {
    const auto* a = static_cast<const unsigned char*>(left);
    const auto* b = static_cast<const unsigned char*>(right);
    for (; size >= 8 && load(a) == load(b); size -= 8, a += 8, b += 8) {
    }
    for (; size > 0; --size, ++a, ++b) {
        if (*a != *b) return *a < *b ? -1 : 1;
    }
    return 0;
}

void* memchr(const void* memory, int value, std::size_t size) {
    const auto* at = static_cast<const unsigned char*>(memory);
    for (; size > 0; --size, ++at) {
        if (*at == static_cast<unsigned char>(value)) return const_cast<unsigned char*>(at);
    }
    return nullptr;
}

std::size_t strlen(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0') ++length;
    return length;
}

}  // extern "C"
