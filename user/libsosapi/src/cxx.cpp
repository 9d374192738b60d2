// SPDX-License-Identifier: BSD-2-Clause
// What C++ programs need of a run-time library: operator new on malloc, and an end with a message
// where a hosted library would throw. There are no exceptions.
#include <stdio.h>
#include <stdlib.h>

#include <cstddef>
#include <new>

namespace {

[[noreturn]] void give_up(const char* what) {
    fprintf(stderr, "C++: %s\n", what);
    abort();
}

void* allocate(std::size_t size) {
    void* memory = malloc(size != 0 ? size : 1);
    if (memory == nullptr) give_up("out of memory");
    return memory;
}

void* allocate(std::size_t size, std::align_val_t alignment) {
    void* memory = nullptr;
    if (posix_memalign(&memory, static_cast<std::size_t>(alignment), size != 0 ? size : 1) != 0) {
        give_up("out of memory");
    }
    return memory;
}

}  // namespace

// clang-format off
void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t at) { return allocate(size, at); }
void* operator new[](std::size_t size, std::align_val_t at) { return allocate(size, at); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, std::size_t) noexcept { free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { free(memory); }
// clang-format on

extern "C" void __cxa_pure_virtual() {
    give_up("a pure virtual function was called");
}

namespace std {
// Called by headers where a hosted library throws.
[[noreturn]] void __throw_out_of_range_fmt(const char*, ...) {
    give_up("an index is out of range");
}
[[noreturn]] void __throw_length_error(const char* what) {
    give_up(what);
}
[[noreturn]] void __throw_logic_error(const char* what) {
    give_up(what);
}
[[noreturn]] void __throw_bad_alloc() {
    give_up("out of memory");
}
[[noreturn]] void __throw_bad_array_new_length() {
    give_up("out of memory");
}
[[noreturn]] void __throw_bad_function_call() {
    give_up("an empty function was called");
}
}  // namespace std
