// SPDX-License-Identifier: BSD-2-Clause
#include "res/res.hpp"

#include <atomic>

#include "res/detail.hpp"
#include "sync/lock.hpp"

namespace sos::res {

namespace {

#ifndef NDEBUG
constinit std::atomic<std::uint64_t> acquired = 0;
constinit std::atomic<std::uint64_t> failing = 0;  // number of the acquisition that fails; 0: none
#endif

}  // namespace

namespace detail {

bool acquisition_allowed() {
#ifndef NDEBUG
    const std::uint64_t number = acquired.fetch_add(1, std::memory_order_relaxed) + 1;
    return number != failing.load(std::memory_order_relaxed);
#else
    return true;
#endif
}

}  // namespace detail

void fail_after([[maybe_unused]] std::uint64_t n) {
#ifndef NDEBUG
    failing.store(n == 0 ? 0 : acquired.load() + n);
#endif
}

std::uint64_t acquisitions() {
#ifndef NDEBUG
    return acquired.load();
#else
    return 0;
#endif
}

Result<void> init(const abi::BootInfo& boot_info) {
    detail::init_slots(boot_info);
    detail::init_device_memory(boot_info);
    {
        LockGuard guard(cu_lock);
        TRY(detail::init_memory(boot_info));
        TRY(detail::build_two_levels());
    }
    TRY(detail::init_asid_pools());
    return detail::init_server_space();
}

void count(abi::ResourceCount& counts) {
    counts.slots = detail::owned_slots();
    counts.untyped_bytes = detail::owned_memory_bytes() + detail::server_page_bytes();
    counts.reply_objects = detail::live_objects(abi::ObjectType::reply);
}

MemoryReport memory_report() {
    const detail::MemoryCounts memory = detail::memory_counts();
    return {.total_bytes = memory.total_bytes,
            .free_block_bytes = std::uint64_t{memory.free_blocks} << largest_untyped_bits,
            .owned_bytes = detail::owned_memory_bytes(),
            .server_bytes = detail::server_page_bytes(),
            .unusable_bytes = memory.unusable_bytes};
}

}  // namespace sos::res
