// SPDX-License-Identifier: BSD-2-Clause
// The fuzz targets over random bytes, as often as a host test has time for. SOS_FUZZ_ROUNDS runs
// more.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "targets.hpp"

namespace {

using Data = std::vector<std::byte>;

unsigned rounds(unsigned otherwise) {
    const char* text = std::getenv("SOS_FUZZ_ROUNDS");
    return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 0));
}

Data random_bytes(std::mt19937& random, std::size_t size) {
    Data bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

TEST(Fuzz, KernelCalls) {
    std::mt19937 random(1);
    for (unsigned i = 0; i < rounds(60); ++i) {
        fuzz::kernel_calls(random_bytes(random, random() % 20'000));
    }
}

TEST(Fuzz, LoaderFiles) {
    std::mt19937 random(2);
    for (unsigned i = 0; i < rounds(60) * 200; ++i) {
        fuzz::loader_files(random_bytes(random, 1 + random() % 24));
        if (i % 8 == 0) fuzz::loader_files(random_bytes(random, random() % 400));
    }
}

}  // namespace
