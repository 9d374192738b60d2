// SPDX-License-Identifier: BSD-2-Clause
// Long random runs of the whole kernel on the fake architecture. SOS_RANDOM_STEPS makes them
// longer, SOS_RANDOM_SEED repeats one.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "crowd.hpp"

namespace numbat::test {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

class RandomCalls : public Crowd {};

TEST_F(RandomCalls, KeepAllInvariantsAndGiveAllMemoryBack) {
    constexpr std::uint64_t steps_of_a_life = 2500;
    const std::uint64_t steps = number_from("SOS_RANDOM_STEPS", 50'000);
    const std::uint64_t seed = number_from("SOS_RANDOM_SEED", 20261127);
    std::printf("%llu steps, seed %llu\n", static_cast<unsigned long long>(steps),
                static_cast<unsigned long long>(seed));
    random_test::Random random(seed);
    std::uint64_t done = 0;
    while (done < steps) {
        gather();
        ASSERT_STREQ(broken(), nullptr) << "after the start at step " << done;
        for (std::uint64_t i = 0; i < steps_of_a_life && done < steps; ++i, ++done) {
            step(random);
            ASSERT_STREQ(broken(), nullptr) << "step " << done;
        }
        ASSERT_TRUE(disperse()) << "step " << done;
        ASSERT_STREQ(broken(), nullptr) << "at the end at step " << done;
    }
    EXPECT_GT(calls(), steps / 2);
}

}  // namespace
}  // namespace numbat::test
