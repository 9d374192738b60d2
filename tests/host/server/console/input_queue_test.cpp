// SPDX-License-Identifier: BSD-2-Clause
#include "console/input_queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sos::console {
namespace {

class InputQueueTest : public testing::Test {
  protected:
    void SetUp() override { queue->open(true); }
    bool type(std::string_view text) {
        bool wake = false;
        for (char c : text) wake = queue->put(static_cast<std::uint8_t>(c), false);
        return wake;
    }
    std::string read(std::size_t size) {
        std::string text(queue->ready(size), '?');
        const auto taken = queue->take({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
        EXPECT_EQ(taken, text.size());
        return text;
    }

    std::unique_ptr<InputQueue> queue = std::make_unique<InputQueue>();
};

TEST_F(InputQueueTest, ReadEndsAtNewline) {
    EXPECT_EQ(read(10), "");
    EXPECT_FALSE(type("ab"));
    EXPECT_EQ(read(10), "");
    EXPECT_TRUE(type("\r"));
    type("next");
    EXPECT_EQ(read(10), "ab\n");
    EXPECT_EQ(read(10), "");
}

TEST_F(InputQueueTest, ReadEndsWhenItHasAllItAskedFor) {
    EXPECT_EQ(queue->ready(3), 0u);
    EXPECT_FALSE(type("ab"));
    EXPECT_TRUE(type("c"));
    type("d");
    EXPECT_EQ(read(3), "abc");
    EXPECT_EQ(read(1), "d");
}

TEST_F(InputQueueTest, LeftoversStay) {
    type("one\ntwo\n");
    EXPECT_EQ(read(2), "on");
    EXPECT_EQ(read(100), "e\n");
    EXPECT_EQ(read(100), "two\n");
}

TEST_F(InputQueueTest, LineLongerThanTheQueueComesInPieces) {
    constexpr std::size_t more = InputQueue::capacity + 1;
    EXPECT_EQ(queue->ready(more), 0u);
    EXPECT_TRUE(type(std::string(InputQueue::capacity, 'x')));
    EXPECT_FALSE(type("lost"));
    EXPECT_EQ(read(more).size(), InputQueue::capacity);
}

TEST_F(InputQueueTest, TellsLostBytesOnceForEachBurst) {
    EXPECT_EQ(queue->take_lost(), 0u);
    type(std::string(InputQueue::capacity, 'x'));
    type("lost");
    EXPECT_EQ(queue->take_lost(), 4u);
    EXPECT_EQ(queue->take_lost(), 0u);
    type("again");
    EXPECT_EQ(queue->take_lost(), 5u);
}

TEST_F(InputQueueTest, WakesNobodyBeforeAReadBegins) {
    EXPECT_FALSE(type("x"));
    EXPECT_TRUE(type("\n")) << "a line is one for every read";
}

TEST_F(InputQueueTest, WithoutReaderBytesAreDroppedUnlessTypeAheadIsOn) {
    queue->close();
    type("lost\n");
    queue->put('k', true);
    queue->open(false);
    type("\n");
    EXPECT_EQ(read(100), "k\n");
}

TEST_F(InputQueueTest, NewReaderStartsEmpty) {
    type("of the old one\n");
    queue->close();
    queue->open(true);
    EXPECT_EQ(read(100), "");
}

}  // namespace
}  // namespace sos::console
