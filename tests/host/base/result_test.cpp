// SPDX-License-Identifier: BSD-2-Clause
#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "base/scope_exit.hpp"

namespace {

enum class Failure { first, second };

base::Result<int, Failure> half(int value) {
    if (value % 2 != 0) return std::unexpected(Failure::first);
    return value / 2;
}

base::Result<void, Failure> check(bool good) {
    if (!good) return std::unexpected(Failure::second);
    return {};
}

base::Result<int, Failure> quarter(int value) {
    const int once = TRY(half(value));
    TRY(check(once != 10));
    return TRY(half(once));
}

base::Result<std::unique_ptr<int>, Failure> move_only(bool good) {
    if (!good) return std::unexpected(Failure::first);
    return std::make_unique<int>(5);
}

base::Result<int, Failure> through_move_only(bool good) {
    std::unique_ptr<int> owned = TRY(move_only(good));
    return *owned;
}

TEST(Result, TryReturnsTheFirstError) {
    EXPECT_EQ(quarter(8), 2);
    EXPECT_EQ(quarter(7), std::unexpected(Failure::first));
    EXPECT_EQ(quarter(6), std::unexpected(Failure::first));
    EXPECT_EQ(quarter(20), std::unexpected(Failure::second));
    EXPECT_EQ(through_move_only(true), 5);
    EXPECT_EQ(through_move_only(false), std::unexpected(Failure::first));
}

TEST(Result, MustGivesTheValue) {
    EXPECT_EQ(MUST(half(4)), 2);
}

#ifndef NDEBUG
TEST(ResultDeathTest, MustStopsOnAnError) {
    EXPECT_DEATH(static_cast<void>(MUST(half(3))), "assertion failed");
}
#endif

TEST(ScopeExit, RunsUnlessDismissed) {
    int runs = 0;
    {
        base::ScopeExit guard([&runs] { ++runs; });
    }
    EXPECT_EQ(runs, 1);
    {
        base::ScopeExit guard([&runs] { ++runs; });
        guard.dismiss();
    }
    EXPECT_EQ(runs, 1);
}

}  // namespace
