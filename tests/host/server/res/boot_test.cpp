// SPDX-License-Identifier: BSD-2-Clause
// Boot on a machine with much memory. A program of its own: the resource layer starts once.
#include <gtest/gtest.h>

#include "fake_kernel.hpp"
#include "res/res.hpp"
#include "res/untyped.hpp"

namespace {

using namespace sos;

TEST(Boot, CutsAllMemoryWithoutTouchingIt) {
    // 3.5 GiB and some: the largest piece takes two steps.
    auto* kernel = new fake::FakeKernel({31, 30, 28, 24, 21, 17, 14, 12, 9});
    ASSERT_TRUE(res::init(kernel->boot_info()));
    const res::MemoryReport report = res::memory_report();
    EXPECT_EQ(report.total_bytes, (1ull << 31) + (1 << 30) + (1 << 28) + (1 << 24) + (1 << 21) +
                                      (1 << 17) + (1 << 14) + (1 << 12));
    EXPECT_EQ(report.unusable_bytes, 512u);
    // What was cleared is a block or two for the first objects, not gigabytes.
    EXPECT_LE(kernel->bytes_cleared(), 3u << 21);
    EXPECT_LT(kernel->calls(), 100u);

    std::vector<res::Untyped> blocks;
    while (auto block = res::take_untyped(21, res::Account::program))
        blocks.push_back(std::move(*block));
    EXPECT_GT(blocks.size(), 1670u);
}

}  // namespace
