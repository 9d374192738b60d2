// SPDX-License-Identifier: BSD-2-Clause
// The memory functions that compilers call. They run with the MMU off, where an access must be
// aligned to its size, so they use the widest that both sides allow.
#include <cstddef>
#include <cstdint>

namespace {

template <typename Word>
bool aligned_for(const void* one, const void* other) {
    return ((reinterpret_cast<std::uintptr_t>(one) | reinterpret_cast<std::uintptr_t>(other)) %
            sizeof(Word)) == 0;
}

template <typename Word>
std::size_t copy_words(void* to, const void* from, std::size_t size) {
    auto* target = static_cast<volatile Word*>(to);
    const auto* source = static_cast<const volatile Word*>(from);
    const std::size_t count = size / sizeof(Word);
    for (std::size_t i = 0; i < count; ++i) target[i] = source[i];
    return count * sizeof(Word);
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
    auto* target = static_cast<unsigned char*>(to);
    const auto* source = static_cast<const unsigned char*>(from);
    std::size_t done = 0;
    if (aligned_for<std::uint64_t>(to, from))
        done = copy_words<std::uint64_t>(to, from, size);
    else if (aligned_for<std::uint32_t>(to, from))
        done = copy_words<std::uint32_t>(to, from, size);
    copy_words<unsigned char>(target + done, source + done, size - done);
    return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
    auto* target = static_cast<volatile unsigned char*>(to);
    const auto* source = static_cast<const volatile unsigned char*>(from);
    if (target <= source || target >= source + size) return memcpy(to, from, size);
    for (std::size_t i = size; i > 0; --i) target[i - 1] = source[i - 1];
    return to;
}

void* memset(void* to, int value, std::size_t size) {
    auto* target = static_cast<volatile unsigned char*>(to);
    std::size_t done = 0;
    if (value == 0 && aligned_for<std::uint64_t>(to, to)) {
        auto* words = static_cast<volatile std::uint64_t*>(to);
        for (; done + 8 <= size; done += 8) words[done / 8] = 0;
    }
    for (; done < size; ++done) target[done] = static_cast<unsigned char>(value);
    return to;
}

int memcmp(const void* one, const void* other, std::size_t size) {
    const auto* a = static_cast<const volatile unsigned char*>(one);
    const auto* b = static_cast<const volatile unsigned char*>(other);
    for (std::size_t i = 0; i < size; ++i)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

void* memchr(const void* in, int value, std::size_t size) {
    auto* bytes = static_cast<volatile unsigned char*>(const_cast<void*>(in));
    for (std::size_t i = 0; i < size; ++i)
        if (bytes[i] == static_cast<unsigned char>(value))
            return const_cast<unsigned char*>(bytes + i);
    return nullptr;
}

std::size_t strlen(const char* text) {
    const volatile char* end = text;
    while (*end != '\0') ++end;
    return static_cast<std::size_t>(end - text);
}
}
