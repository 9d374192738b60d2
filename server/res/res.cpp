// SPDX-License-Identifier: BSD-2-Clause
#include "res/res.hpp"

#include <atomic>

#include "abi/object_type.hpp"
#include "res/detail.hpp"
#include "res/server_pages.hpp"
#include "sync/lock.hpp"

namespace sos::res {

namespace {

#ifndef NDEBUG
constinit std::atomic<std::uint64_t> acquired = 0;
constinit std::atomic<std::uint64_t> failing = 0;  // number of the acquisition that fails; 0: none
#endif

}  // namespace

namespace detail {

constinit Budget budget{server_memory_limit, server_memory_reserve};

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
        const std::uint64_t image = boot_info.user_image_frames.size() * page_size;
        const std::uint64_t slots = boot_info.empty.end << abi::slot_bits;
        if (!detail::budget.take(MemoryUse::image, image) ||
            !detail::budget.take(MemoryUse::slots, slots)) {
            return std::unexpected(Error::no_memory);
        }
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

ServerMemory server_memory() {
    LockGuard guard(cu_lock);
    const Budget& budget = detail::budget;
    return {.used = budget.used(), .most = budget.most(), .limit = budget.limit()};
}

bool server_memory_pressed() {
    return detail::budget.pressed();
}

void on_server_memory_pressed(void (*tell)()) {
    LockGuard guard(cu_lock);
    detail::budget.set_alarm(tell);
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
