// SPDX-License-Identifier: BSD-2-Clause
#include "res/piece_map.hpp"

#include <gtest/gtest.h>

#include <set>

using sos::res::PieceMap;

TEST(PieceMap, HandsOutExactlyTheCount) {
    for (unsigned count : {1u, 2u, 63u, 64u, 65u, 256u, 512u}) {
        PieceMap<512> map;
        map.reset(count);
        std::set<unsigned> taken;
        while (map.free() > 0) {
            const unsigned piece = map.take();
            EXPECT_LT(piece, count);
            EXPECT_TRUE(taken.insert(piece).second);
        }
        EXPECT_EQ(taken.size(), count);
        map.give(count - 1);
        EXPECT_EQ(map.take(), count - 1);
    }
}
