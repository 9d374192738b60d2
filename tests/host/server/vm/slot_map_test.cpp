// SPDX-License-Identifier: BSD-2-Clause
// The two-level map of slots: every state that a tiny one can reach, with bitmaps that come and go
// and get lost, and random operations on one of the real geometry.
#include "vm/slot_map.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_set>

namespace sos::vm {

namespace {

/// A map with its words, a disk for its bitmaps, and a model that knows which slots are in use.
template <unsigned Segments, unsigned Bits, unsigned Cached>
struct World {
    using Map = SlotMap<Segments, Bits, Cached>;
    Map map{};
    std::array<std::uint32_t, Map::all_slots> words{};
    std::array<typename Map::Bitmap, Segments> disk{};
    std::array<bool, Segments> on_disk{};
    std::array<bool, Segments> lost{};
    std::array<bool, Map::all_slots> used{};
    std::array<std::uint32_t, Segments> used_in{};
    BitmapMotion motion{};
    bool moving = false;

    World() = default;
    World(const World& other) { *this = other; }
    World& operator=(const World& other) = default;

    /// What makes it different from others; equal worlds may differ in bytes that mean nothing.
    std::string key() const {
        World copy = *this;
        copy.map.use_words(std::span(shared_words));
        return {reinterpret_cast<const char*>(&copy), sizeof(copy)};
    }

    SlotRun take(std::uint32_t wanted) {
        map.use_words(words);
        const SlotRun run = map.take(wanted);
        EXPECT_LE(run.count, wanted);
        for (std::uint32_t slot = run.first; slot < run.first + run.count; ++slot) {
            EXPECT_NE(slot % Map::segment_slots, 0u) << "the place of the bitmap";
            EXPECT_EQ(slot / Map::segment_slots, run.first / Map::segment_slots);
            EXPECT_FALSE(used[slot]) << "handed out twice";
            EXPECT_FALSE(lost[slot / Map::segment_slots]);
            used[slot] = true;
            words[slot] = 0;
            ++used_in[slot / Map::segment_slots];
        }
        if (run.count == 0 && !moving) {
            if (const auto begun = map.motion()) {
                moving = true;
                motion = *begun;
            }
        }
        return run;
    }
    void give(std::uint32_t slot) {
        map.use_words(words);
        used[slot] = false;
        map.give(slot);
        const unsigned segment = slot / Map::segment_slots;
        if (--used_in[segment] == 0) lost[segment] = false;
    }
    /// What has no meaning any more once a bitmap is cached, so that equal states look alike.
    void forget(unsigned segment) {
        disk[segment] = {};
        for (std::uint32_t i = 0; i < Map::segment_slots; ++i) {
            words[segment * Map::segment_slots + i] = 0;
        }
    }
    void end_motion(bool good) {
        map.use_words(words);
        moving = false;
        if (motion.kind == BitmapMotion::Kind::store) {
            if (good) {
                disk[motion.segment] = map.cached(motion.page);
                on_disk[motion.segment] = true;
            }
            map.stored(good);
            if (!good) forget(motion.segment);
            motion = {};
            return;
        }
        EXPECT_TRUE(on_disk[motion.segment]) << "never written";
        if (good) map.cached(motion.page) = disk[motion.segment];
        map.loaded(good);
        if (!good) lost[motion.segment] = used_in[motion.segment] > 0;
        forget(motion.segment);
        motion = {};
    }

    void check() const {
        std::uint32_t total = 0;
        std::uint32_t free = 0;
        for (unsigned segment = 0; segment < Segments; ++segment) {
            const std::uint32_t in_segment = used_in[segment];
            total += in_segment;
            if (!lost[segment]) free += Map::usable_in_segment - in_segment;
            EXPECT_EQ((map.full_segments() >> segment & 1) != 0,
                      in_segment == Map::usable_in_segment);
        }
        EXPECT_EQ(map.used(), total);
        EXPECT_EQ(map.free(), free);
    }

    /// What is said to be free can be had, when the bitmaps come.
    void check_progress() const {
        World copy = *this;
        copy.map.use_words(copy.words);
        if (map.free() == 0) {
            EXPECT_EQ(copy.take(1).count, 0u);
            return;
        }
        for (int step = 0; step < 4; ++step) {
            if (copy.take(1).count > 0) return;
            ASSERT_TRUE(copy.moving) << "nobody fetches a bitmap";
            copy.end_motion(true);
        }
        FAIL() << "no slot after all bitmaps have come";
    }

    static inline std::array<std::uint32_t, Map::all_slots> shared_words{};
};

/// Breadth first, as many as there are, or as `most` says.
template <typename Small>
std::size_t visit_states(std::size_t most) {
    std::unordered_set<std::string> seen;
    std::deque<Small> rest{Small{}};
    const auto add = [&](const Small& world) {
        if (seen.insert(world.key()).second) rest.push_back(world);
    };
    while (!rest.empty() && seen.size() < most && !testing::Test::HasFailure()) {
        const Small world = rest.front();
        rest.pop_front();
        world.check();
        world.check_progress();
        for (const std::uint32_t wanted : {1u, 2u}) {
            Small next = world;
            next.take(wanted);
            add(next);
        }
        for (std::uint32_t slot = 0; slot < world.used.size(); ++slot) {
            if (!world.used[slot]) continue;
            Small next = world;
            next.give(slot);
            add(next);
        }
        for (const bool good : {true, false}) {
            if (!world.moving) continue;
            Small next = world;
            next.end_motion(good);
            add(next);
        }
    }
    return seen.size();
}

constexpr std::size_t all = 1'000'000;

TEST(SlotMapTest, EveryStateWithOneBitmapInMemory) {
    const std::size_t states = visit_states<World<3, 1, 1>>(all);
    EXPECT_GT(states, 4'000u);
    EXPECT_LT(states, all);
}

TEST(SlotMapTest, EveryStateWithTwoBitmapsInMemory) {
    const std::size_t states = visit_states<World<3, 1, 2>>(all);
    EXPECT_GT(states, 4'000u);
    EXPECT_LT(states, all);
}

/// With chains of several slots there are too many states for all of them.
TEST(SlotMapTest, ManyStatesOfBiggerSegments) {
    const std::size_t states = visit_states<World<2, 2, 1>>(20'000);
    EXPECT_GE(states, 20'000u);
}

TEST(SlotMapTest, LimitIsKept) {
    World<3, 2, 3> world;
    world.map.limit(5);
    std::uint32_t taken = 0;
    while (const std::uint32_t more = world.take(2).count) taken += more;
    EXPECT_EQ(taken, 5u);
    EXPECT_EQ(world.map.free(), 0u);
}

TEST(SlotMapTest, NothingIsReadOrWrittenWhileTheCacheIsEnough) {
    auto world = std::make_unique<World<16, 15, 4>>();
    for (std::uint32_t taken = 0; taken < 4 * 32767u;) {
        const SlotRun run = world->take(16);
        ASSERT_GT(run.count, 0u);
        taken += run.count;
    }
    EXPECT_EQ(world->map.full_segments(), 0xf);
    EXPECT_EQ(world->take(1).count, 0u);
    EXPECT_TRUE(world->moving) << "the fifth segment needs a place in the cache";
}

TEST(SlotMapTest, RandomUseOfTheWholeGeometry) {
    auto world = std::make_unique<World<16, 15, 4>>();
    EXPECT_EQ(world->map.free(), 16u * 32767u);
    std::vector<std::uint32_t> used;
    std::mt19937 random{3};
    unsigned motions = 0;
    // Nearly full, then half empty, and so on: segments come and go.
    for (const std::size_t wanted : {500'000u, 200'000u, 524'000u, 1'000u, 300'000u, 0u}) {
        while (used.size() != wanted) {
            if (used.size() < wanted) {
                const SlotRun run = world->take(
                    std::min<std::uint32_t>(16, static_cast<std::uint32_t>(wanted - used.size())));
                for (std::uint32_t i = 0; i < run.count; ++i) used.push_back(run.first + i);
                if (run.count == 0) {
                    ASSERT_TRUE(world->moving);
                    world->end_motion(true);
                    ++motions;
                }
            } else {
                const std::size_t any = random() % used.size();
                world->give(used[any]);
                used[any] = used.back();
                used.pop_back();
            }
            ASSERT_EQ(world->map.used(), used.size());
        }
        world->check();
        world->check_progress();
    }
    EXPECT_GT(motions, 16u);
}

}  // namespace

}  // namespace sos::vm
