// SPDX-License-Identifier: BSD-2-Clause
#include <cstring>
#include <set>
#include <vector>

#include "vm/scratch_frame.hpp"
#include "vm_test.hpp"

namespace sos::vm {

namespace {

using FrameTableTest = VmTest;

TEST_F(FrameTableTest, FramesAreUsedAgain) {
    LockGuard guard(ft_lock);
    const FrameRef frame = *take_frame();
    EXPECT_EQ(frames_in_use(), frames + 1);
    frame_data(frame)[17] = std::byte{1};
    give_frame(frame);
    EXPECT_EQ(frames_in_use(), frames);
    const FrameRef again = *take_zeroed_frame();
    EXPECT_EQ(again, frame);
    EXPECT_EQ(frame_data(again)[17], std::byte{0});
    give_frame(again);
}

TEST_F(FrameTableTest, ReuseNeedsNoKernelCall) {
    LockGuard guard(ft_lock);
    give_frame(*take_frame());
    const std::uint64_t calls = kernel.calls();
    give_frame(*take_zeroed_frame());
    EXPECT_EQ(kernel.calls(), calls);
}

TEST_F(FrameTableTest, AllFramesCanBeTakenAndNoMore) {
    LockGuard guard(ft_lock);
    std::set<std::uint32_t> taken;
    while (const auto frame = take_frame()) EXPECT_TRUE(taken.insert(frame->raw()).second);
    EXPECT_EQ(take_frame().error(), Error::no_memory);
    EXPECT_GT(taken.size(), 1'000u);
    EXPECT_FALSE(taken.contains(0));
    for (std::uint32_t frame : taken) give_frame(FrameRef{frame});
}

std::uint32_t told = 0;

TEST_F(FrameTableTest, LentFramesAreFreeAndWantedBackInTime) {
    on_lent_frames_wanted([] { ++told; });
    std::vector<std::byte*> lent;
    const std::uint32_t available = page_frames_available();
    while (std::byte* const frame = lend_frame()) {
        std::memset(frame, 0x5a, page_size);
        lent.push_back(frame);
    }
    ASSERT_GT(lent.size(), 0u);
    EXPECT_EQ(std::set<std::byte*>(lent.begin(), lent.end()).size(), lent.size());
    EXPECT_EQ(frames_in_use(), frames);
    EXPECT_EQ(page_frames_available(), available);
    EXPECT_EQ(page_frames_free(), available - lent.size());
    EXPECT_FALSE(lent_frames_wanted());

    std::vector<FrameRef> taken;
    {
        LockGuard guard(ft_lock);
        while (!lent_frames_wanted()) taken.push_back(take_page_frame().value());
        EXPECT_GT(page_frames_free(), 1000u);
        EXPECT_EQ(told, 1u);
        // Who has borrowed them is slow: programs get what there is, and no more.
        while (const auto frame = take_page_frame()) taken.push_back(*frame);
        EXPECT_EQ(take_page_frame().error(), Error::would_block);
        EXPECT_EQ(page_frames_free(), 0u);
        EXPECT_GT(told, 1u);
    }
    EXPECT_EQ(lend_frame(), nullptr);
    take_back_frame(lent.back());
    lent.pop_back();
    EXPECT_TRUE(lent_frames_wanted());
    {
        LockGuard guard(ft_lock);
        const FrameRef frame = take_zeroed_page_frame().value();
        EXPECT_EQ(frame_data(frame)[17], std::byte{0});
        give_frame(frame);
        for (const FrameRef one : taken) give_frame(one);
    }
    for (std::byte* const frame : lent) take_back_frame(frame);
    EXPECT_FALSE(lent_frames_wanted());
    EXPECT_EQ(page_frames_free(), available);
    on_lent_frames_wanted(nullptr);
}

TEST_F(FrameTableTest, PinsAreCounted) {
    LockGuard guard(ft_lock);
    const FrameRef frame = *take_frame();
    make_evictable(frame, {FrameRef{1}, 5});
    EXPECT_EQ(back_index(frame).index, 5u);
    EXPECT_EQ(frame_entry(frame).get_link<FrameEntry::NoEvict>(), 0u);
    for (int i = 0; i < 255; ++i) ASSERT_TRUE(pin_frame(frame));
    EXPECT_EQ(pin_frame(frame).error(), Error::limit_reached);
    EXPECT_EQ(frame_entry(frame).get_link<FrameEntry::NoEvict>(), 1u);
    for (int i = 0; i < 255; ++i) unpin_frame(frame);
    EXPECT_EQ(frame_entry(frame).get_link<FrameEntry::NoEvict>(), 0u);
    give_frame(frame);
}

TEST_F(FrameTableTest, PinnedFrameOutlivesItsPage) {
    FrameRef frame;
    {
        LockGuard guard(ft_lock);
        frame = *take_frame();
        make_evictable(frame, {FrameRef{1}, 0});
        ASSERT_TRUE(pin_frame(frame));
        give_frame(frame);
        EXPECT_EQ(frames_in_use(), frames + 1);
        const FrameRef other = *take_frame();
        EXPECT_NE(other, frame);
        give_frame(other);
    }
    release_pin(frame.raw());
    EXPECT_EQ(frames_in_use(), frames);
}

TEST_F(FrameTableTest, EvictableRingSurvivesAnyOrderOfRemoval) {
    LockGuard guard(ft_lock);
    FrameRef taken[5];
    for (FrameRef& frame : taken) {
        frame = *take_frame();
        make_evictable(frame, {FrameRef{1}, 0});
    }
    for (int i : {2, 0, 4, 1, 3}) give_frame(taken[i]);
    const FrameRef one = *take_frame();
    make_evictable(one, {FrameRef{1}, 0});
    give_frame(one);
}

TEST_F(FrameTableTest, ScratchFrameWaitsForItsTransfer) {
    std::uint64_t token = 0;
    {
        ScratchFrame scratch = *ScratchFrame::take();
        token = *scratch.make_token();
    }
    EXPECT_EQ(frames_in_use(), frames + 1);
    release_pin(token);
    EXPECT_EQ(frames_in_use(), frames);
}

}  // namespace

}  // namespace sos::vm
