// SPDX-License-Identifier: BSD-2-Clause
// Random damage to good inputs: whatever comes out is an error or a plan that keeps its promises,
// and the sanitizers see no access outside the input.
#include <gtest/gtest.h>

#include <random>

#include "archive.hpp"
#include "base/fdt.hpp"
#include "builders.hpp"
#include "plan.hpp"

namespace loader_test {
namespace {

constexpr loader::Range own{0x4800'0000, 0x4840'0000};
constexpr loader::Range ram{0x4000'0000, 0x8000'0000};

class Damage {
  public:
    Bytes apply(const Bytes& good) {
        Bytes bad = good;
        for (unsigned changes = 1 + random_() % 4; changes > 0; --changes) change(bad);
        return bad;
    }

  private:
    void change(Bytes& bytes) {
        if (bytes.empty()) return;
        const std::size_t at = random_() % bytes.size();
        switch (random_() % 5) {
            case 0:
                bytes[at] = static_cast<std::byte>(random_());
                return;
            case 1:
                bytes[at] ^= static_cast<std::byte>(1u << random_() % 8);
                return;
            case 2:
                for (std::size_t i = at; i < bytes.size() && i < at + 8; ++i)
                    bytes[i] = std::byte{0xff};
                return;
            case 3:
                for (std::size_t i = at; i < bytes.size() && i < at + 4; ++i)
                    bytes[i] = std::byte{0};
                return;
            default:
                bytes.resize(at);
                bytes.shrink_to_fit();
        }
    }

    std::mt19937 random_{20};
};

void check_segments(const loader::ElfImage& image, loader::Range place) {
    for (std::size_t i = 0; i < image.segment_count(); ++i) {
        const loader::Segment segment = image.segment(i);
        if (segment.content.empty()) continue;
        const std::uint64_t offset = segment.virtual_start - image.virtual_range().start;
        EXPECT_LE(offset + segment.content.size(), place.size());
        volatile std::byte last = segment.content.back();
        static_cast<void>(last);
    }
}

void check_plan(const loader::Plan& plan) {
    const loader::Range places[] = {plan.kernel_place, plan.tree_place, plan.root_place,
                                    plan.headers_place};
    for (const loader::Range& place : places) {
        EXPECT_TRUE(ram.contains(place));
        EXPECT_FALSE(place.overlaps(own));
        for (const loader::Range& other : places)
            EXPECT_TRUE(&place == &other || !place.overlaps(other));
    }
    check_segments(plan.kernel, plan.kernel_place);
    check_segments(plan.root_task, plan.root_place);
}

TEST(Hostile, Archives) {
    Damage damage;
    const Bytes good = make_archive({{"kernel.elf", make_kernel()},
                                     {"kernel.dtb", make_tree()},
                                     {"rootserver", make_root_task()}});
    unsigned plans = 0;
    for (int i = 0; i < 20'000; ++i) {
        const Bytes bad = damage.apply(good);
        const auto files = loader::find_boot_files(bad);
        if (!files) continue;
        const auto plan = loader::make_plan(*files, files->device_tree, own);
        if (!plan) continue;
        ++plans;
        // Damage may have changed what the tree says of RAM; then the bounds are others.
        if (std::ranges::equal(files->device_tree, make_tree())) check_plan(*plan);
    }
    EXPECT_GT(plans, 0u);
}

TEST(Hostile, Headers) {
    Damage damage;
    const Bytes tree = make_tree();
    const Bytes kernel =
        make_elf(kernel_virtual, {{kernel_virtual, kernel_physical, 64, Bytes(8)}});
    const Bytes root = make_elf(0x400000, {{0x400000, 0, 64, Bytes(8)}});
    for (int i = 0; i < 50'000; ++i) {
        const Bytes bad_kernel = damage.apply(kernel);
        const Bytes bad_root = damage.apply(root);
        if (const auto plan = loader::make_plan({bad_kernel, {}, root}, tree, own))
            check_plan(*plan);
        if (const auto plan = loader::make_plan({kernel, {}, bad_root}, tree, own))
            check_plan(*plan);
    }
}

TEST(Hostile, DeviceTrees) {
    Damage damage;
    const Bytes good = make_tree(0x4000'0000, 0x4000'0000, 16);
    for (int i = 0; i < 100'000; ++i) {
        const Bytes bad = damage.apply(good);
        const auto tree = base::Fdt::open(bad);
        if (!tree) continue;
        EXPECT_LE(tree->used_size(), tree->total_size());
        EXPECT_LE(tree->total_size(), bad.size());
        static_cast<void>(base::for_each_memory_region(
            *tree,
            [](std::uint64_t start, std::uint64_t size) { EXPECT_GE(start + size, start); }));
    }
}

}  // namespace
}  // namespace loader_test
