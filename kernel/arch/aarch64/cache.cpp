// SPDX-License-Identifier: BSD-2-Clause
#include "cache.hpp"

#include "arch/contract.hpp"
#include "base/bits.hpp"
#include "registers.hpp"

namespace arch {
namespace {

/// Calls `operation` with the start of every line that the range touches.
template <typename Operation>
void for_each_line(std::uint64_t start, std::uint64_t end, Operation operation) {
    for (std::uint64_t line = base::align_down(start, cache_line); line < end; line += cache_line)
        operation(line);
}

void clean_line(std::uint64_t line) {
    asm volatile("dc cvac, %0" ::"r"(line) : "memory");
}

void clean_invalidate_line(std::uint64_t line) {
    asm volatile("dc civac, %0" ::"r"(line) : "memory");
}

void invalidate_line(std::uint64_t line) {
    asm volatile("dc ivac, %0" ::"r"(line) : "memory");
}

void clean_line_to_unification(std::uint64_t line) {
    asm volatile("dc cvau, %0" ::"r"(line) : "memory");
}

}  // namespace

void cache_maintain(CacheOperation operation, std::uint64_t start, std::uint64_t end) {
    switch (operation) {
        case CacheOperation::clean:
            for_each_line(start, end, clean_line);
            break;
        case CacheOperation::clean_invalidate:
            for_each_line(start, end, clean_invalidate_line);
            break;
        case CacheOperation::invalidate:
            // The lines at both ends may hold bytes of others, which must not be lost.
            if (!base::aligned(start, cache_line)) clean_line(base::align_down(start, cache_line));
            if (!base::aligned(end, cache_line)) clean_line(base::align_down(end, cache_line));
            dsb_sy();
            for_each_line(start, end, invalidate_line);
            break;
        case CacheOperation::unify:
            for_each_line(start, end, clean_line_to_unification);
            dsb_nsh();
            // By physical alias: the instruction cache of the cores we run on may be virtually
            // indexed, so only invalidating all of it covers the address that the user fetches
            // from.
            asm volatile("ic iallu" ::: "memory");
            break;
    }
    dsb_sy();
    isb();
}

void clear_memory(void* start, std::size_t size) {
    // DC ZVA writes whole lines; what is left over at either end is written word by word.
    auto at = reinterpret_cast<std::uint64_t>(start);
    const std::uint64_t end = at + size;
    const auto zero_words = [&](std::uint64_t limit) {
        for (; at < limit; at += sizeof(std::uint64_t)) *reinterpret_cast<std::uint64_t*>(at) = 0;
    };
    const std::uint64_t first_line = base::align_up(at, cache_line);
    const std::uint64_t last_line = base::align_down(end, cache_line);
    zero_words(first_line < end ? first_line : end);
    for (; at < last_line; at += cache_line) asm volatile("dc zva, %0" ::"r"(at) : "memory");
    zero_words(end);
    // A frame made of this memory may be mapped uncached: it must not show what was there before.
    for_each_line(reinterpret_cast<std::uint64_t>(start), end, clean_line);
    dsb_sy();
}

}  // namespace arch
