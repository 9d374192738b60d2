// SPDX-License-Identifier: BSD-2-Clause
// What the list of timeouts costs, and the tree, in instructions, with so many timeouts
// outstanding: an interrupt with one of them due, and registering and removing at both ends and in
// the middle. Prints `BENCH KIND_key_COUNT value` for each and `BENCH done`. The device costs
// nothing, the lock is free.
#include <array>

#include "abi/boot_info.hpp"
#include "env.hpp"
#include "server/drivers/timer/timeouts.hpp"
#include "support.hpp"

namespace {

struct StillTimer {
    static constexpr std::array<std::uint64_t, 1> resolutions_us{1};
    static constexpr std::uint64_t max_count = ~std::uint64_t{0};
    std::uint64_t now_us() const { return now; }
    void start(std::size_t, std::uint64_t) {}
    void stop() {}
    std::uint64_t now = 0;
};

struct NoLock {
    void lock() {}
    void unlock() {}
};

constexpr std::size_t most = 10'000;
constexpr std::uint64_t spacing_us = 1'000;

constinit StillTimer hardware{};
constinit NoLock lock{};
constinit std::uint64_t called = 0;

void callback(std::uint32_t, void*) {
    ++called;
}

/// One instruction is one cycle.
std::uint64_t cycles() {
    std::uint64_t value;
    asm volatile("isb\n\tmrs %0, pmccntr_el0" : "=r"(value)::"memory");
    return value;
}

template <typename Function>
std::uint64_t cost(Function function) {
    const std::uint64_t before = cycles();
    function();
    const std::uint64_t after = cycles();
    return after - before;
}

template <typename Timeouts>
struct Bench {
    static constinit Timeouts timeouts;
    static constinit typename Timeouts::Node nodes[most + 1];

    const char* kind;

    static std::uint32_t add(std::uint64_t deadline) {
        const auto id = timeouts.register_at(deadline, callback, nullptr);
        EXPECT_TRUE(id.has_value());
        return id ? *id : 0;
    }

    void report(const char* key, std::size_t count, std::uint64_t instructions) {
        target::print("BENCH {}_{}_{} {}\n", kind, key, count, instructions);
    }

    /// Registers one more at `deadline` and removes it; prints both costs.
    void measure_place(const char* add_key, const char* remove_key, std::size_t count,
                       std::uint64_t deadline) {
        std::uint32_t id = 0;
        report(add_key, count, cost([&] { id = add(deadline); }));
        report(remove_key, count, cost([&] { timeouts.remove(id); }));
    }

    void measure(std::size_t count) {
        const std::uint64_t first = hardware.now + spacing_us;
        while (timeouts.pending() < count) add(first + timeouts.pending() * spacing_us);
        const std::uint64_t last = first + count * spacing_us;
        measure_place("add_last", "remove_last", count, last);
        measure_place("add_middle", "remove_middle", count, first + count / 2 * spacing_us);
        measure_place("add_first", "remove_first", count, first - 1);
        hardware.now = first;
        const std::uint64_t before = called;
        report("interrupt", count, cost([] { timeouts.on_interrupt(); }));
        EXPECT_EQ(called, before + 1);
        while (timeouts.pending() != 0) {
            hardware.now += spacing_us;
            timeouts.on_interrupt();
        }
    }

    void run() {
        timeouts.donate(nodes);
        measure(1);  // what a first time costs more does not count
        for (const std::size_t count : {1, 10, 100, 1'000, 10'000}) measure(count);
    }
};
template <typename Timeouts>
constinit Timeouts Bench<Timeouts>::timeouts{hardware, lock};
template <typename Timeouts>
constinit typename Timeouts::Node Bench<Timeouts>::nodes[most + 1]{};

}  // namespace

extern "C" void test_main(const abi::BootInfo* info) {
    sel4_ipc_buffer = reinterpret_cast<abi::IpcBuffer*>(info->ipc_buffer);
    target::clear_failures();
    Bench<sos::timer::TimeoutList<StillTimer, NoLock>>{"list"}.run();
    Bench<sos::timer::TimeoutTree<StillTimer, NoLock>>{"tree"}.run();
    if (target::failure_count() == 0) {
        target::print("BENCH done\n");
    } else {
        target::print("failed: {}\n", target::failure_reason());
    }
    while (true) sel4::debug_halt();
}
