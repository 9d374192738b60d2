// SPDX-License-Identifier: BSD-2-Clause
#include "deadline.hpp"

#include <gtest/gtest.h>

namespace kernel_test {
namespace {

using arch::Deadline;

TEST(Deadline, OnlyEarlierOnesSetTheTimer) {
    Deadline deadline;
    EXPECT_TRUE(deadline.want(100));
    EXPECT_FALSE(deadline.want(200));
    EXPECT_FALSE(deadline.want(101));
    EXPECT_TRUE(deadline.want(50));
    EXPECT_FALSE(deadline.want(Deadline::never));
}

TEST(Deadline, FollowsWhenTheTimerWasTooEarly) {
    Deadline deadline;
    EXPECT_TRUE(deadline.want(100));
    EXPECT_FALSE(deadline.want(200));
    EXPECT_EQ(deadline.fired(101), 200u);
    EXPECT_FALSE(deadline.want(300));
    EXPECT_TRUE(deadline.want(150));
}

TEST(Deadline, WhatWasDueIsSetAnew) {
    Deadline deadline;
    EXPECT_TRUE(deadline.want(100));
    EXPECT_EQ(deadline.fired(100), std::nullopt);
    EXPECT_TRUE(deadline.want(5000));
    EXPECT_EQ(deadline.fired(6000), std::nullopt);
    EXPECT_TRUE(deadline.want(Deadline::never));  // else the timer's signal would stay
}

}  // namespace
}  // namespace kernel_test
