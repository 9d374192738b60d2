// SPDX-License-Identifier: BSD-2-Clause
#include "server/drivers/serial/byte_queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace sos::serial;

TEST(ByteQueue, BehavesLikeAQueue) {
    ByteQueue<64> queue;
    std::deque<std::uint8_t> model;
    std::mt19937 random(5);
    for (int step = 0; step < 200'000; ++step) {
        std::vector<std::uint8_t> bytes(random() % 80);
        for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
        if (random() % 2 == 0) {
            const std::size_t count = queue.push(bytes);
            ASSERT_EQ(count, std::min(bytes.size(), 64 - model.size()));
            model.insert(model.end(), bytes.begin(), bytes.begin() + static_cast<int>(count));
        } else {
            const std::size_t count = queue.pop(std::span(bytes));
            ASSERT_EQ(count, std::min(bytes.size(), model.size()));
            for (std::size_t i = 0; i < count; ++i) {
                ASSERT_EQ(bytes[i], model.front());
                model.pop_front();
            }
        }
        ASSERT_EQ(queue.size(), model.size());
        ASSERT_EQ(queue.space(), 64 - model.size());
        if (!model.empty()) {
            ASSERT_EQ(queue.at(model.size() - 1), model.back());
        }
    }
}

TEST(ByteQueue, TwoThreads) {
    ByteQueue<32> queue;
    constexpr unsigned total = 300'000;
    std::thread producer([&queue] {
        for (unsigned sent = 0; sent < total;) {
            std::uint8_t bytes[7];
            for (unsigned i = 0; i < 7; ++i) bytes[i] = static_cast<std::uint8_t>(sent + i);
            const unsigned want = std::min(7u, total - sent);
            const auto pushed = queue.push(std::span(bytes).first(want));
            sent += static_cast<unsigned>(pushed);
            if (pushed == 0) std::this_thread::yield();
        }
    });
    for (unsigned received = 0; received < total;) {
        std::uint8_t byte = 0;
        if (!queue.pop(byte)) {
            std::this_thread::yield();
            continue;
        }
        if (byte != static_cast<std::uint8_t>(received)) {
            ADD_FAILURE() << "byte " << received << " is " << unsigned{byte};
            break;
        }
        ++received;
    }
    producer.join();
}

TEST(ReceiveQueue, DropsTheNewestAndCounts) {
    ReceiveQueue<4> queue;
    for (std::uint8_t i = 0; i < 4; ++i) EXPECT_TRUE(queue.put(i));
    EXPECT_FALSE(queue.put(4));
    EXPECT_FALSE(queue.put(5));
    EXPECT_EQ(queue.overflows(), 2u);
    std::uint8_t bytes[8];
    EXPECT_EQ(queue.pop(std::span(bytes)), 4u);
    EXPECT_EQ(bytes[0], 0);
    EXPECT_EQ(bytes[3], 3);
    EXPECT_TRUE(queue.put(9));
    queue.clear();
    EXPECT_TRUE(queue.empty());
}

}  // namespace
