// SPDX-License-Identifier: BSD-2-Clause
#include "fs/libc_shim/libc_shim.hpp"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "base/assert.hpp"
#include "fs/libc_shim/heap.hpp"
#include "log/log.hpp"

extern "C" uintptr_t __stack_chk_guard;

namespace sos::fs {

namespace {

constinit Heap heaps[2];  // by Arena
constinit Heap* heap = &heaps[0];
using Clock = std::uint64_t (*)();
constinit Clock clock_now_us = nullptr;
constinit jmp_buf* recovery_point = nullptr;

/// One line into the log; what is longer than the buffer is cut.
int log_formatted(const char* format, va_list arguments) {
    char line[200];
    const int length = vsnprintf(line, sizeof(line), format, arguments);
    std::string_view text(line);
    while (text.ends_with('\n')) text.remove_suffix(1);
    log::trace<log::Area::fs>("libnfs: {}", text);
    return length;
}

/// musl refuses sizes above INT_MAX, which fortified callers pass for "unknown".
std::size_t acceptable_size(std::size_t size) {
    return size > INT_MAX ? INT_MAX : size;
}

}  // namespace

void start_libc(std::span<std::byte> files, std::span<std::byte> pager, std::uint64_t (*now_us)(),
                std::uint64_t random_seed) {
    heaps[static_cast<std::size_t>(Arena::files)].use(files);
    heaps[static_cast<std::size_t>(Arena::pager)].use(pager);
    clock_now_us = now_us;
    __stack_chk_guard = random_seed & ~std::uint64_t{0xff};  // a zero byte stops string overruns
}

void set_recovery(jmp_buf* recovery) {
    recovery_point = recovery;
}

void use_arena(Arena arena) {
    heap = &heaps[static_cast<std::size_t>(arena)];
}

void reset_arena() {
    heap->reset();
}

}  // namespace sos::fs

using namespace sos::fs;

extern "C" {

// Memory

/// libnfs does not look whether it got memory while it decodes a reply. So there is no null for it:
/// it is left, as after a failed assertion.
static void* found_or_left(void* block, size_t size) {
    if (block != nullptr) return block;
    errno = ENOMEM;
    if (recovery_point == nullptr) return nullptr;
    sos::log::warn<sos::log::Area::fs>("libnfs: no room for {} bytes", size);
    longjmp(*recovery_point, 1);
}

void* malloc(size_t size) {
    return found_or_left(heap->allocate(size), size);
}

void free(void* block) {
    heap->release(block);
}

void* calloc(size_t count, size_t size) {
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole)) {
        errno = ENOMEM;
        return nullptr;
    }
    void* const block = malloc(whole);
    if (block != nullptr) std::memset(block, 0, whole);
    return block;
}

void* realloc(void* block, size_t size) {
    return found_or_left(heap->resize(block, size), size);
}

char* strdup(const char* text) {
    const size_t size = std::strlen(text) + 1;
    void* const copy = malloc(size);
    return copy == nullptr ? nullptr : static_cast<char*>(std::memcpy(copy, text, size));
}

// Time since boot: libnfs measures with it, and needs no calendar.

int clock_gettime(clockid_t, struct timespec* into) {
    const std::uint64_t now = clock_now_us();
    into->tv_sec = static_cast<time_t>(now / 1'000'000);
    into->tv_nsec = static_cast<long>(now % 1'000'000 * 1000);
    return 0;
}

int gettimeofday(struct timeval* into, void*) {
    const std::uint64_t now = clock_now_us();
    into->tv_sec = static_cast<time_t>(now / 1'000'000);
    into->tv_usec = static_cast<suseconds_t>(now % 1'000'000);
    return 0;
}

time_t time(time_t* into) {
    const auto now = static_cast<time_t>(clock_now_us() / 1'000'000);
    if (into != nullptr) *into = now;
    return now;
}

// Identity: SOS acts as the owner of all files.

pid_t getpid(void) {
    return 1;
}

uid_t getuid(void) {
    return 0;
}

gid_t getgid(void) {
    return 0;
}

struct passwd* getpwnam(const char*) {
    return nullptr;
}

// Text. stderr is only ever passed back to the functions below.

FILE* const stderr = nullptr;

char* strerror(int error) {
    static char text[24];
    snprintf(text, sizeof(text), "error %d", error);
    return text;
}

int __fprintf_chk(FILE*, int, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = log_formatted(format, arguments);
    va_end(arguments);
    return length;
}

int __vsnprintf_chk(char* into, size_t size, int, size_t, const char* format, va_list arguments) {
    return vsnprintf(into, acceptable_size(size), format, arguments);
}

int __snprintf_chk(char* into, size_t size, int, size_t, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(into, acceptable_size(size), format, arguments);
    va_end(arguments);
    return length;
}

int __sprintf_chk(char* into, int, size_t size, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(into, acceptable_size(size), format, arguments);
    va_end(arguments);
    return length;
}

// Ends

void __assert_fail(const char* expression, const char* file, int line, const char*) {
    if (recovery_point != nullptr) {
        sos::log::warn<sos::log::Area::fs>("libnfs: {} ({}:{})", expression, file, line);
        longjmp(*recovery_point, 1);
    }
    base::panic_handler(expression, file, line);
}

// A table without system calls: none of the functions above makes one.

static long no_system_calls(long, long, long, long, long, long, long) {
    return -ENOSYS;
}
long (*__sos_systable[1])(long, long, long, long, long, long, long) = {no_system_calls};
}
