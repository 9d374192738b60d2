// SPDX-License-Identifier: BSD-2-Clause
// Memory: what malloc, mmap, sbrk and the stack promise.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utils/page.h>

#include "roles.hpp"
#include "test.hpp"

namespace sostest {
namespace {

char* map(std::size_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

bool all_zero(const char* memory, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        if (memory[i] != 0) return false;
    }
    return true;
}

bool fresh_memory_is_zero() {
    constexpr std::size_t size = 2u << 20;
    for (int round = 0; round < 3; ++round) {
        char* memory = map(size);
        CHECK(memory != nullptr);
        CHECK(reinterpret_cast<std::uint64_t>(memory) % PAGE_SIZE_4K == 0);
        CHECK(all_zero(memory, size));
        memset(memory, 0x5a, size);
        CHECK(munmap(memory, size) == 0);
    }
    return true;
}

bool pages_keep_contents() {
    constexpr std::size_t pages = 4096;
    auto* memory = reinterpret_cast<std::uint64_t*>(map(pages * PAGE_SIZE_4K));
    CHECK(memory != nullptr);
    constexpr std::size_t words = PAGE_SIZE_4K / sizeof(*memory);
    for (std::size_t i = 0; i < pages; ++i) memory[i * words] = i * 0x9e3779b97f4a7c15;
    for (std::size_t i = 0; i < pages; ++i) CHECK(memory[i * words] == i * 0x9e3779b97f4a7c15);
    CHECK(munmap(memory, pages * PAGE_SIZE_4K) == 0);
    return true;
}

bool unmapping_in_the_middle() {
    char* memory = map(5 * PAGE_SIZE_4K);
    CHECK(memory != nullptr);
    memset(memory, 'x', 5 * PAGE_SIZE_4K);
    CHECK(munmap(memory + 2 * PAGE_SIZE_4K, PAGE_SIZE_4K) == 0);
    CHECK(memory[2 * PAGE_SIZE_4K - 1] == 'x' && memory[3 * PAGE_SIZE_4K] == 'x');
    void* again = mmap(memory + 2 * PAGE_SIZE_4K, PAGE_SIZE_4K, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(again == memory + 2 * PAGE_SIZE_4K);
    CHECK(all_zero(memory + 2 * PAGE_SIZE_4K, PAGE_SIZE_4K));
    // Over what is mapped: fresh pages take its place.
    again = mmap(memory, PAGE_SIZE_4K, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(again == memory && all_zero(memory, PAGE_SIZE_4K));
    CHECK(munmap(memory, 5 * PAGE_SIZE_4K) == 0);
    return true;
}

bool protections() {
    char* memory = map(2 * PAGE_SIZE_4K);
    CHECK(memory != nullptr);
    memset(memory, 'x', 2 * PAGE_SIZE_4K);
    CHECK(mprotect(memory, PAGE_SIZE_4K, PROT_READ) == 0);
    CHECK(memory[0] == 'x');
    memory[PAGE_SIZE_4K] = 'y';
    CHECK(mprotect(memory, 2 * PAGE_SIZE_4K, PROT_NONE) == 0);
    CHECK(mprotect(memory, 2 * PAGE_SIZE_4K, PROT_READ | PROT_WRITE) == 0);
    CHECK(memory[0] == 'x' && memory[PAGE_SIZE_4K] == 'y');
    memory[0] = 'z';
    constexpr std::uint32_t return_seven[] = {0x528000e0, 0xd65f03c0};
    memcpy(memory, return_seven, sizeof(return_seven));
    __builtin___clear_cache(memory, memory + sizeof(return_seven));
    CHECK(mprotect(memory, PAGE_SIZE_4K, PROT_READ | PROT_EXEC) == 0);
    CHECK(reinterpret_cast<int (*)()>(memory)() == 7);
    CHECK(munmap(memory, 2 * PAGE_SIZE_4K) == 0);
    return true;
}

bool break_moves() {
    char* start = static_cast<char*>(sbrk(0));
    CHECK(start != reinterpret_cast<char*>(-1));
    CHECK(sbrk(100'000) == start);
    CHECK(all_zero(start, 100'000));
    memset(start, 'x', 100'000);
    CHECK(sbrk(-100'000) == start + 100'000);
    CHECK(sbrk(0) == start);
    CHECK(sbrk(200'000) == start);
    // Whole pages that were given back come fresh.
    char* second_page =
        start + (PAGE_SIZE_4K - reinterpret_cast<std::uint64_t>(start) % PAGE_SIZE_4K);
    CHECK(all_zero(second_page + PAGE_SIZE_4K, 90'000));
    CHECK(sbrk(1l << 46) == reinterpret_cast<void*>(-1));
    CHECK(sbrk(-(1l << 40)) == reinterpret_cast<void*>(-1));
    CHECK(sbrk(0) == start + 200'000);
    CHECK(brk(start) == 0);
    return true;
}

bool malloc_works() {
    static char* blocks[500];
    std::size_t size = 1;
    for (auto& block : blocks) {
        block = static_cast<char*>(malloc(size));
        CHECK(block != nullptr);
        memset(block, static_cast<int>(size), size);
        size = size * 13 / 12 + 3;
        if (size > 200'000) size = 5;
    }
    size = 1;
    for (auto& block : blocks) {
        for (std::size_t i = 0; i < size; ++i) CHECK(block[i] == static_cast<char>(size));
        block = static_cast<char*>(realloc(block, size * 2));
        CHECK(block != nullptr && block[size - 1] == static_cast<char>(size));
        free(block);
        size = size * 13 / 12 + 3;
        if (size > 200'000) size = 5;
    }
    char* large = static_cast<char*>(malloc(64u << 20));
    CHECK(large != nullptr);
    large[0] = large[(64u << 20) - 1] = 'x';
    free(large);
    CHECK(malloc(1ul << 62) == nullptr && errno == ENOMEM);
    char* zeroed = static_cast<char*>(calloc(1000, 1000));
    CHECK(zeroed != nullptr && all_zero(zeroed, 1'000'000));
    free(zeroed);
    return true;
}

[[gnu::noinline]] std::uint64_t fill_stack(unsigned depth) {
    volatile std::uint64_t frame[128];
    frame[0] = depth;
    frame[127] = depth;
    if (depth == 0) return 0;
    return fill_stack(depth - 1) + frame[0] + frame[127];
}

bool deep_stack() {
    constexpr std::uint64_t depth = 14u << 10;  // about 15 MiB
    CHECK(fill_stack(depth) == depth * (depth + 1));
    // Skipping over untouched pages of the stack is fine too.
    constexpr std::size_t size = 12u << 20;
    volatile char far[size];
    far[0] = 'x';
    far[size - 1] = 'y';
    CHECK(far[0] == 'x' && far[size / 2] + 1 != 0);
    return true;
}

bool stack_is_high() {
    int here = 0;
    CHECK(reinterpret_cast<std::uint64_t>(&here) > (1ull << 39));
    return true;
}

int counter = 41;
int zeroed_counter;

bool data_is_private() {
    CHECK(counter == 41 && zeroed_counter == 0);
    ++counter;
    ++zeroed_counter;
    return true;
}

/// Whoever wants more than there is gets an error or dies; everybody else goes on.
bool running_out() {
    const pid_t pid = start_role("hog");
    CHECK(pid >= 0);
    char* mine = map(1u << 20);
    CHECK(mine != nullptr);
    memset(mine, 'x', 1u << 20);
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 7);
    for (std::size_t i = 0; i < 1u << 20; i += 4096) CHECK(mine[i] == 'x');
    return true;
}

/// One program's page tables are bounded: it dies of them, and others have memory for theirs.
bool sparse_mappings() {
    for (int round = 0; round < 2; ++round) {
        const pid_t pid = start_role("sparse");
        CHECK(pid >= 0);
        int status;
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFSIGNALED(status));
        char* mine = map(1u << 20);
        CHECK(mine != nullptr);
        memset(mine, 'x', 1u << 20);
        CHECK(munmap(mine, 1u << 20) == 0);
    }
    return true;
}

constexpr Case cases[] = {
    {"MEMORY_0001", fresh_memory_is_zero, "fresh memory is not zero"},
    {"MEMORY_0002", pages_keep_contents, "pages do not keep their contents"},
    {"MEMORY_0003", unmapping_in_the_middle, "unmapping a part goes wrong"},
    {"MEMORY_0004", protections, "mprotect goes wrong"},
    {"MEMORY_0005", break_moves, "the break goes wrong"},
    {"MEMORY_0006", malloc_works, "malloc goes wrong"},
    {"MEMORY_0007", deep_stack, "the stack does not grow as it should"},
    {"MEMORY_0008", stack_is_high, "the stack is not at the top of the user half"},
    {"MEMORY_0009", data_is_private, "data is not as the file says"},
    {"MEMORY_0010", data_is_private, "data of an earlier process is seen"},
    {"MEMORY_0011", sparse_mappings, "page tables are not bounded"},
    {"SOAK_0001", running_out, "running out of memory goes wrong"},
};

}  // namespace

constinit const std::span<const Case> memory_cases{cases};

}  // namespace sostest
