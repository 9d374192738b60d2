// SPDX-License-Identifier: BSD-2-Clause
// The ring of submitted records. There are never more than it has room for, and one thread at a
// time puts records in, so neither side ever waits.
#include "fs/pager/page_io.hpp"

#include <atomic>

#include "base/assert.hpp"
#include "fs/pager/ring.hpp"

namespace sos::fs {

namespace {

constinit std::array<PageIo*, max_page_ios> ring{};
constinit std::atomic<std::uint32_t> put = 0;
constinit std::atomic<std::uint32_t> taken = 0;

}  // namespace

void submit_page_io(PageIo& io) {
    const std::uint32_t at = put.load(std::memory_order_relaxed);
    ASSERT(at - taken.load(std::memory_order_acquire) < max_page_ios);
    ring[at % max_page_ios] = &io;
    put.store(at + 1, std::memory_order_release);
}

PageIo* take_page_io() {
    const std::uint32_t at = taken.load(std::memory_order_relaxed);
    if (at == put.load(std::memory_order_acquire)) return nullptr;
    PageIo* const io = ring[at % max_page_ios];
    taken.store(at + 1, std::memory_order_release);
    return io;
}

}  // namespace sos::fs
