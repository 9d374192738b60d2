// SPDX-License-Identifier: BSD-2-Clause
#include "vm/region.hpp"

#include <algorithm>
#include <random>

#include "vm_test.hpp"

namespace sos::vm {

namespace {

constexpr Rights rw{.read = true, .write = true};
constexpr Rights ro{.read = true};

Region mapping(std::uint64_t start, std::uint64_t end, Rights rights = rw) {
    return {VAddr{start << 12}, VAddr{end << 12}, RegionKind::mapping, rights};
}
VAddr page(std::uint64_t number) {
    return VAddr{number << 12};
}

class RegionTest : public VmTest {
  protected:
    ~RegionTest() override { list.clear(); }
    RegionList list;
};

TEST_F(RegionTest, FindsByAddress) {
    ASSERT_TRUE(list.insert(mapping(10, 20)));
    ASSERT_TRUE(list.insert(mapping(5, 8, ro)));
    ASSERT_TRUE(list.insert(mapping(30, 31)));
    EXPECT_EQ(list.find(page(9)), nullptr);
    EXPECT_EQ(list.find(page(8)), nullptr);
    EXPECT_EQ(list.find(page(7) + 4095)->rights, ro);
    EXPECT_EQ(list.find(page(10))->end, page(20));
    EXPECT_EQ(list.find(page(20)), nullptr);
    EXPECT_EQ(list.find(VAddr{~0ull}), nullptr);
    EXPECT_TRUE(list.overlaps(page(0), page(6)));
    EXPECT_FALSE(list.overlaps(page(20), page(30)));
}

TEST_F(RegionTest, AlikeNeighboursAreOne) {
    ASSERT_TRUE(list.insert(mapping(10, 20)));
    ASSERT_TRUE(list.insert(mapping(21, 30)));
    ASSERT_TRUE(list.insert(mapping(20, 21)));
    EXPECT_EQ(list.size(), 1u);
    ASSERT_TRUE(list.insert(mapping(30, 31, ro)));
    EXPECT_EQ(list.size(), 2u);
}

TEST_F(RegionTest, RemoveSplits) {
    ASSERT_TRUE(list.insert(mapping(10, 20)));
    ASSERT_TRUE(list.remove(page(12), page(14)));
    EXPECT_EQ(list.size(), 2u);
    EXPECT_EQ(list.find(page(12)), nullptr);
    EXPECT_EQ(list.find(page(11))->end, page(12));
    EXPECT_EQ(list.find(page(14))->start, page(14));
    ASSERT_TRUE(list.remove(page(0), page(100)));
    EXPECT_EQ(list.size(), 0u);
}

TEST_F(RegionTest, ProtectSplitsAndJoinsAgain) {
    ASSERT_TRUE(list.insert(mapping(10, 20)));
    ASSERT_TRUE(list.protect(page(12), page(14), ro));
    EXPECT_EQ(list.size(), 3u);
    EXPECT_EQ(list.find(page(13))->rights, ro);
    EXPECT_EQ(list.protect(page(15), page(25), ro).error(), Error::no_memory);
    EXPECT_EQ(list.find(page(15))->rights, rw);
    ASSERT_TRUE(list.protect(page(12), page(14), rw));
    EXPECT_EQ(list.size(), 1u);
}

TEST_F(RegionTest, FindsTheHighestGap) {
    EXPECT_EQ(*list.find_gap(4096, page(1), page(100)), page(99));
    ASSERT_TRUE(list.insert(mapping(90, 100)));
    ASSERT_TRUE(list.insert(mapping(80, 85, ro)));
    EXPECT_EQ(*list.find_gap(5 << 12, page(1), page(100)), page(85));
    EXPECT_EQ(*list.find_gap(6 << 12, page(1), page(100)), page(74));
    EXPECT_EQ(list.find_gap(80 << 12, page(1), page(100)).error(), Error::no_memory);
    EXPECT_EQ(*list.find_gap(79 << 12, page(1), page(100)), page(1));
    EXPECT_EQ(list.find_gap(1, page(100), page(100)).error(), Error::no_memory);
}

TEST_F(RegionTest, IsBounded) {
    std::size_t made = 0;
    while (made < 2000 && list.insert(mapping(2 * made + 1, 2 * made + 2))) ++made;
    EXPECT_EQ(made, RegionList::capacity);
    EXPECT_EQ(list.remove(page(1), page(2)).error(), Error::no_memory);
    EXPECT_EQ(list.size(), RegionList::capacity);
}

TEST_F(RegionTest, AgreesWithAModelPageByPage) {
    constexpr std::uint64_t pages = 64;
    int model[pages] = {};  // 0 nothing, 1 rw, 2 ro
    std::mt19937 random(1);
    for (int step = 0; step < 3000; ++step) {
        const std::uint64_t a = random() % pages;
        const std::uint64_t b = a + 1 + random() % (pages - a);
        const int kind = 1 + static_cast<int>(random() % 2);
        switch (random() % 3) {
            case 0:
                if (list.overlaps(page(a), page(b))) break;
                ASSERT_TRUE(list.insert(mapping(a, b, kind == 1 ? rw : ro)));
                std::fill(model + a, model + b, kind);
                break;
            case 1:
                ASSERT_TRUE(list.remove(page(a), page(b)));
                std::fill(model + a, model + b, 0);
                break;
            default:
                if (!list.protect(page(a), page(b), kind == 1 ? rw : ro)) break;
                std::fill(model + a, model + b, kind);
        }
        std::size_t runs = 0;
        for (std::uint64_t i = 0; i < pages; ++i) {
            const Region* region = list.find(page(i));
            const int is = region == nullptr ? 0 : region->rights == rw ? 1 : 2;
            ASSERT_EQ(is, model[i]) << step << " page " << i;
            if (model[i] != 0 && (i == 0 || model[i - 1] != model[i])) ++runs;
        }
        ASSERT_EQ(list.size(), runs) << step;
    }
}

}  // namespace

}  // namespace sos::vm
