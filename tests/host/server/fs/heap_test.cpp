// SPDX-License-Identifier: BSD-2-Clause
#include "fs/libc_shim/heap.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

namespace {

using sos::fs::Heap;

class HeapTest : public ::testing::Test {
  protected:
    HeapTest() : memory_(size / sizeof(Line)) {
        heap.use({reinterpret_cast<std::byte*>(memory_.data()), size});
    }

    static constexpr std::size_t size = 256 * 1024;
    Heap heap;

  private:
    struct alignas(16) Line {
        std::byte bytes[16];
    };
    std::vector<Line> memory_;
};

TEST_F(HeapTest, gives_aligned_separate_blocks) {
    auto* a = static_cast<char*>(heap.allocate(1));
    auto* b = static_cast<char*>(heap.allocate(100));
    ASSERT_NE(a, nullptr);
    ASSERT_NE(b, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a) % 16, 0u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b) % 16, 0u);
    std::memset(a, 1, 1);
    std::memset(b, 2, 100);
    EXPECT_EQ(*a, 1);
    heap.release(a);
    heap.release(b);
    heap.release(nullptr);
    EXPECT_EQ(heap.used(), 0u);
}

TEST_F(HeapTest, refuses_what_does_not_fit_and_recovers) {
    EXPECT_EQ(heap.allocate(size), nullptr);
    EXPECT_EQ(heap.allocate(~std::size_t{0}), nullptr);
    EXPECT_EQ(heap.allocate(~std::size_t{0} - 8), nullptr);
    void* all = heap.allocate(size - 16);
    ASSERT_NE(all, nullptr);
    EXPECT_EQ(heap.allocate(0), nullptr);
    heap.release(all);
    std::vector<void*> many;
    while (void* block = heap.allocate(1000)) many.push_back(block);
    EXPECT_GT(many.size(), 250u);
    for (std::size_t i = 0; i < many.size(); i += 2) heap.release(many[i]);
    EXPECT_EQ(heap.allocate(3000), nullptr);
    for (std::size_t i = 1; i < many.size(); i += 2) heap.release(many[i]);
    EXPECT_NE(heap.allocate(size - 16), nullptr);
}

TEST_F(HeapTest, resizes_with_contents) {
    EXPECT_NE(heap.resize(nullptr, 10), nullptr);
    auto* text = static_cast<char*>(heap.allocate(10));
    std::strcpy(text, "contents");
    text = static_cast<char*>(heap.resize(text, 5000));
    EXPECT_STREQ(text, "contents");
    EXPECT_EQ(heap.resize(text, size), nullptr);
    EXPECT_STREQ(text, "contents");
}

TEST_F(HeapTest, keeps_every_block_intact_under_random_use) {
    std::mt19937 random(42);
    struct Piece {
        std::size_t size;
        int fill;
    };
    std::map<unsigned char*, Piece> live;
    for (int step = 0; step < 50000; ++step) {
        if (random() % 5 < 3) {
            const std::size_t wanted = random() % (random() % 20 == 0 ? 60000 : 600);
            auto* block = static_cast<unsigned char*>(heap.allocate(wanted));
            if (block == nullptr) continue;
            const int fill = static_cast<int>(random() % 256);
            std::memset(block, fill, wanted);
            const auto behind = live.lower_bound(block);
            if (behind != live.end()) {
                ASSERT_LE(block + wanted, behind->first);
            }
            live[block] = {wanted, fill};
        } else if (!live.empty()) {
            auto victim = live.begin();
            std::advance(victim, random() % live.size());
            const auto [block, piece] = *victim;
            for (std::size_t i = 0; i < piece.size; ++i) ASSERT_EQ(block[i], piece.fill);
            heap.release(block);
            live.erase(victim);
        }
    }
    for (const auto& [block, piece] : live) heap.release(block);
    EXPECT_EQ(heap.used(), 0u);
    EXPECT_NE(heap.allocate(size - 16), nullptr);
    heap.reset();
    EXPECT_EQ(heap.used(), 0u);
    EXPECT_NE(heap.allocate(size - 16), nullptr);
}

}  // namespace
