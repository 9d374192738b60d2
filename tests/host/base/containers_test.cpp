// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <deque>
#include <list>
#include <random>
#include <vector>

#include "base/intrusive_list.hpp"
#include "base/ring_buffer.hpp"

namespace {

TEST(RingBuffer, RefusesWhenFullAndKeepsOrder) {
    base::RingBuffer<int, 4> ring;
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
    EXPECT_FALSE(ring.push(99));
    EXPECT_EQ(ring.size(), 4u);
    EXPECT_EQ(ring.at(3), 3);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ring.pop(), i);
    EXPECT_TRUE(ring.empty());
}

TEST(RingBuffer, BehavesLikeAQueue) {
    base::RingBuffer<unsigned, 16> ring;
    std::deque<unsigned> model;
    std::mt19937 random(1);
    for (unsigned step = 0; step < 100'000; ++step) {
        if (random() % 2 == 0) {
            const bool fits = model.size() < 16;
            EXPECT_EQ(ring.push(step), fits);
            if (fits) model.push_back(step);
        } else if (!model.empty()) {
            EXPECT_EQ(ring.pop(), model.front());
            model.pop_front();
        }
        if (step % 9973 == 0) {
            ring.clear();
            model.clear();
        }
        ASSERT_EQ(ring.size(), model.size());
    }
}

struct Element {
    int value = 0;
    base::ListLink<Element> link{};
};
using List = base::IntrusiveList<Element, &Element::link>;

std::vector<int> values(const List& list) {
    std::vector<int> result;
    for (Element* e = list.front(); e != nullptr; e = List::next(*e)) result.push_back(e->value);
    std::vector<int> backwards;
    for (Element* e = list.back(); e != nullptr; e = List::previous(*e))
        backwards.insert(backwards.begin(), e->value);
    EXPECT_EQ(result, backwards);
    return result;
}

TEST(IntrusiveList, InsertAndRemoveAnywhere) {
    Element e[4] = {{1}, {2}, {3}, {4}};
    List list;
    list.push_back(e[1]);
    list.push_front(e[0]);
    list.push_back(e[3]);
    list.insert_after(&e[1], e[2]);
    EXPECT_EQ(values(list), (std::vector{1, 2, 3, 4}));
    list.remove(e[0]);
    list.remove(e[2]);
    list.remove(e[3]);
    EXPECT_EQ(values(list), (std::vector{2}));
    EXPECT_FALSE(List::linked(e[2]));
    EXPECT_TRUE(List::linked(e[1]));
    EXPECT_EQ(list.pop_front(), &e[1]);
    EXPECT_EQ(list.pop_front(), nullptr);
    EXPECT_TRUE(list.empty());
}

TEST(IntrusiveListDeathTest, AnElementIsInOneListOnce) {
    Element e;
    List list;
    list.push_back(e);
#ifndef NDEBUG
    EXPECT_DEATH(list.push_back(e), "assertion failed");
#endif
    list.remove(e);
}

}  // namespace
