// SPDX-License-Identifier: BSD-2-Clause
// Demand paging with sixteen frames, against a model that knows every byte. Transfers end in any
// order; while a process waits, others run, unmap, are killed.
#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <set>

#include "paging_fixture.hpp"

namespace sos::vm {

namespace {

constexpr Rights rx{.read = true, .execute = true};
constexpr VAddr code{0x40'0000};

TEST_F(PagingTest, MoreThanFitsComesBackAsItWas) {
    Process process(60);
    for (int round = 1; round < 4; ++round) {
        for (std::uint64_t page = 0; page < 60; ++page) {
            ASSERT_TRUE(process.write(page, static_cast<std::uint8_t>(page * 3 + round)));
            ASSERT_LE(frame_limit - page_frames_free(), frame_limit);
        }
    }
    for (std::uint64_t page = 0; page < 60; ++page) ASSERT_TRUE(process.check(page));
    const MemoryUse use = process.space.use();
    EXPECT_EQ(use.resident_pages + use.paged_out_pages, 61u);  // and the IPC buffer
}

TEST_F(PagingTest, CleanPagesAreNeverWrittenTwice) {
    Process process(40);
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(process.write(page, 7));
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(process.check(page));
    const std::uint64_t written = paging_report().page_outs;
    for (int round = 0; round < 3; ++round) {
        for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(process.check(page));
    }
    // Those that were still in memory for the first time go once.
    EXPECT_LE(paging_report().page_outs, written + frame_limit);
    const std::uint64_t then = paging_report().page_outs;
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(process.check(page));
    EXPECT_EQ(paging_report().page_outs, then);
}

TEST_F(PagingTest, PagesThatWereOnlyReadCostNoSlot) {
    Process process(100);
    const std::uint64_t written = paging_report().page_outs;
    for (std::uint64_t page = 0; page < 100; ++page) ASSERT_TRUE(process.check(page));
    EXPECT_EQ(paging_report().page_outs, written);
    EXPECT_EQ(slots_in_use(), 0u);
}

TEST_F(PagingTest, TextIsReadAgainAndNeverWritten) {
    paging.executable.resize(64 * page_size);
    for (std::size_t i = 0; i < paging.executable.size(); ++i) {
        paging.executable[i] = static_cast<std::byte>(i * 7 + i / page_size);
    }
    fake::Thread thread;
    AddressSpace space(&thread);
    ASSERT_TRUE(space.init());
    ASSERT_TRUE(space.add_elf_region(code, code + 64 * page_size, rx));
    ASSERT_TRUE(space.start_heap());
    const FileSegment segment{code, 0, 64 * page_size - 100};
    paging.version = {.size = 1};
    space.set_executable(Executable({.version = paging.version}, {&segment, 1}));
    const std::uint64_t written = paging_report().page_outs;
    for (int round = 0; round < 3; ++round) {
        for (std::uint64_t page = 0; page < 64; ++page) {
            ASSERT_TRUE(space.handle_fault(code + page * page_size, Access::execute));
            const auto pin = space.pin(code + page * page_size, Access::read);
            ASSERT_TRUE(pin);
            EXPECT_EQ(pin->data()[5], paging.executable[page * page_size + 5]);
            if (page == 63) {
                EXPECT_EQ(pin->data()[4000], std::byte{0});
            }
        }
    }
    EXPECT_EQ(paging_report().page_outs, written);
    EXPECT_EQ(slots_in_use(), 0u);
}

TEST_F(PagingTest, APageWrittenToOnItsWayOutIsNotLost) {
    Process process(30);
    for (std::uint64_t page = 0; page < 14; ++page) ASSERT_TRUE(process.write(page, 1));
    {
        LockGuard guard(ft_lock);
        sweep(0, 0);
        sweep(100, 100);  // second chances
        EXPECT_GT(sweep(4, 100).started, 0u);
    }
    ASSERT_FALSE(paging.submitted.empty());
    for (std::uint64_t page = 0; page < 14; ++page) ASSERT_TRUE(process.write(page, 2));
    paging.complete_all();
    EXPECT_EQ(slots_in_use(), 0u);
    for (std::uint64_t page = 0; page < 14; ++page) ASSERT_TRUE(process.check(page));
}

TEST_F(PagingTest, APageReadOnItsWayOutKeepsItsCopy) {
    Process process(30);
    for (std::uint64_t page = 0; page < 14; ++page) ASSERT_TRUE(process.write(page, 1));
    {
        LockGuard guard(ft_lock);
        sweep(100, 100);
        EXPECT_EQ(sweep(4, 100).started, 4u);
    }
    for (std::uint64_t page = 0; page < 14; ++page) ASSERT_TRUE(process.check(page));
    paging.complete_all();
    EXPECT_EQ(slots_in_use(), 4u);
    EXPECT_EQ(process.space.use().paged_out_pages, 0u);
}

TEST_F(PagingTest, AFailedWriteKeepsThePageAndKillsWhoCannotGoOn) {
    auto process = std::make_unique<Process>(40);
    paging.fail_writes = true;
    std::uint64_t page = 0;
    Result<PinnedFrame> pin = std::unexpected(Error::no_memory);
    for (; page < 40; ++page) {
        pin = process->space.pin(address(page), Access::write);
        if (!pin) break;
    }
    EXPECT_GE(page, frame_limit);
    ASSERT_FALSE(pin);
    EXPECT_EQ(pin.error(), Error::page_file_failed);
    EXPECT_EQ(process->space.doom(), Error::page_file_failed);
    for (std::uint64_t i = 0; i < page; ++i) EXPECT_TRUE(process->check(i));
    process.reset();
    paging.fail_writes = false;
    Process other(40);
    for (std::uint64_t i = 0; i < 40; ++i) ASSERT_TRUE(other.write(i, 9));
}

TEST_F(PagingTest, ADamagedSlotKillsWhoNeedsIt) {
    Process process(40);
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(process.write(page, 3));
    paging.complete_all();
    for (auto& [slot, content] : paging.page_file) content[77] ^= std::byte{1};
    Result<void> result{};
    for (std::uint64_t page = 0; page < 40 && result; ++page) {
        result = process.space.handle_fault(address(page), Access::read);
    }
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), Error::page_lost);
    EXPECT_EQ(process.space.doom(), Error::page_lost);
}

TEST_F(PagingTest, NothingIsHeldForSomebodyWhoWasKilledWhileWaiting) {
    auto process = std::make_unique<Process>(40);
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(process->write(page, 3));
    process->thread.before_sleep = [&] { process->thread.killed = true; };
    std::uint64_t page = 0;
    while (page < 40 && process->check(page)) ++page;
    ASSERT_TRUE(process->thread.killed);
    EXPECT_GT(transfers_under_way(), 0u);
    process.reset();  // with pages in transit; the fixture checks that all comes back
}

TEST_F(PagingTest, ATransferOfManyPagesHasFewPins) {
    Process process(40);
    std::vector<std::uint64_t> tokens;
    for (std::size_t i = 0; i < 17; ++i) {
        const auto token = process.space.pin_for_transfer(address(i), Access::write, i);
        if (!token) {
            EXPECT_EQ(token.error(), Error::would_block);
            break;
        }
        tokens.push_back(*token);
    }
    EXPECT_EQ(tokens.size(), max_transfer_pages());
    for (const std::uint64_t token : tokens) release_pin(token);
}

/// With so many slots in use that bitmaps go out and come back.
class BitmapTest : public PagingTest {
  protected:
    BitmapTest() { paging.page_file.clear(); }  // of what other tests have left
    ~BitmapTest() override {
        LockGuard guard(ft_lock);
        for (const std::uint32_t slot : taken) give_slot(slot);
    }

    /// False when there is none, although a bitmap was fetched if one had to be.
    bool take_some() {
        for (int attempt = 0; attempt < 3; ++attempt) {
            SlotRun run;
            bool fetching = false;
            {
                LockGuard guard(ft_lock);
                run = take_slots(16);
                if (run.count == 0) fetching = begin_bitmap_io(bitmap);
            }
            for (std::uint32_t i = 0; i < run.count; ++i) taken.insert(run.first + i);
            if (run.count > 0) return true;
            if (!fetching) return false;
            bitmap.done = [](fs::PageIo& io) {
                LockGuard guard(ft_lock);
                end_bitmap_io(io);
            };
            fs::submit_page_io(bitmap);
            paging.complete_all();
        }
        return false;
    }
    void take(std::size_t most) {
        while (taken.size() < most && take_some()) {
        }
    }
    void give(std::uint32_t slot) {
        LockGuard guard(ft_lock);
        give_slot(slot);
        taken.erase(slot);
    }
    static std::uint32_t free_slots() {
        LockGuard guard(ft_lock);
        return slots_free();
    }

    std::set<std::uint32_t> taken;
    fs::PageIo bitmap{};
};

TEST_F(BitmapTest, AProcessPagesOnWhileABitmapGoesOut) {
    take(4 * PageFileMap::usable_in_segment);
    EXPECT_TRUE(paging.page_file.empty());
    Process process(60);
    for (std::uint64_t page = 0; page < 60; ++page) ASSERT_TRUE(process.write(page, 5));
    for (std::uint64_t page = 0; page < 60; ++page) ASSERT_TRUE(process.check(page));
    EXPECT_TRUE(std::ranges::any_of(paging.page_file, [](const auto& slot) {
        return slot.first % PageFileMap::segment_slots == 0;
    }));
}

TEST_F(BitmapTest, ABitmapThatCannotBeWrittenCostsOneProcess) {
    take(4 * PageFileMap::usable_in_segment);
    paging.fail_writes = true;
    Process process(60);
    std::uint64_t page = 0;
    while (page < 60 && process.space.pin(address(page), Access::write)) ++page;
    EXPECT_GE(page, frame_limit);
    EXPECT_EQ(process.space.doom(), Error::page_file_failed);
    paging.fail_writes = false;
}

TEST_F(BitmapTest, SlotsOfAllSegmentsAreFoundAgain) {
    take(PageFileMap::usable_slots);
    EXPECT_EQ(taken.size(), PageFileMap::usable_slots);
    EXPECT_FALSE(take_some());
    for (const std::uint32_t segment : {3u, 11u, 0u}) {
        for (std::uint32_t i = 1; i < 100; i += 7) give(segment * 32768 + i * 300);
    }
    EXPECT_EQ(free_slots(), 45u);
    take(PageFileMap::usable_slots);
    EXPECT_EQ(taken.size(), PageFileMap::usable_slots);
}

TEST_F(BitmapTest, ADamagedBitmapCostsItsSegmentUntilThatIsFree) {
    take(PageFileMap::usable_slots);
    for (auto& [slot, content] : paging.page_file) content[100] ^= std::byte{1};
    // Of segment 0, which is not among those cached last.
    for (std::uint32_t i = 1; i <= 50; ++i) give(i);
    EXPECT_EQ(free_slots(), 50u);
    EXPECT_FALSE(take_some());
    EXPECT_EQ(free_slots(), 0u) << "nobody knows which";
    for (std::uint32_t i = 51; i < 32768; ++i) give(i);
    EXPECT_EQ(free_slots(), PageFileMap::usable_in_segment);
    EXPECT_TRUE(take_some());
}

/// Several processes at once; while one waits the others go on, a few levels deep.
class CrowdTest : public PagingTest {
  protected:
    static constexpr std::uint64_t page_total = 24;

    CrowdTest() {
        for (auto& process : crowd) process = make();
    }
    std::unique_ptr<Process> make() {
        auto process = std::make_unique<Process>(page_total);
        process->thread.choose = [this](std::size_t count) { return random() % count; };
        process->thread.before_sleep = [this, raw = process.get()] { others_run(raw); };
        return process;
    }

    void others_run(Process* waiting) {
        if (random() % 40 == 0) waiting->thread.killed = true;
        if (depth == 2) return;
        ++depth;
        for (int i = 0; i < 2; ++i) step();
        --depth;
    }

    void step() {
        const std::size_t index = random() % crowd.size();
        if (busy[index]) return;
        busy[index] = true;
        const bool alive = act(*crowd[index]);
        if (!alive) crowd[index] = make();
        busy[index] = false;
    }

    bool act(Process& process) {
        const std::uint64_t page = random() % page_total;
        switch (random() % 16) {
            case 0: {
                const std::uint64_t count = std::min<std::uint64_t>(page_total - page, 3);
                EXPECT_TRUE(process.space.unmap(address(page), count * page_size));
                EXPECT_TRUE(
                    process.space.map(address(page), count * page_size, rw, Placement::fixed));
                std::fill_n(process.values.begin() + static_cast<std::ptrdiff_t>(page), count, 0);
                return true;
            }
            case 1:
                return random() % 8 != 0;  // it is ended by somebody
            case 2:
                process.space.note_system_call();
                return true;
            case 3:
            case 4:
            case 5: {
                const Access access = random() % 2 == 0 ? Access::write : Access::read;
                const auto done = process.space.handle_fault(address(page), access);
                return done ? true : process.killed_by(done.error());
            }
            case 6:
            case 7:
            case 8:
            case 9:
                return process.check(page);
            default:
                return process.write(page, static_cast<std::uint8_t>(random()));
        }
    }

    std::array<std::unique_ptr<Process>, 6> crowd;
    std::array<bool, 6> busy{};
    int depth = 0;
    std::mt19937_64 random{7};
};

TEST_F(CrowdTest, EveryByteIsAsItWasWritten) {
    for (int i = 0; i < 1'500 && !HasFailure(); ++i) {
        step();
        if (random() % 3 == 0 && !paging.submitted.empty()) {
            paging.complete(random() % paging.submitted.size());
        }
        ASSERT_LE(evictable_frames(), frame_limit);
    }
    EXPECT_GT(paging_report().page_ins, 150u);
    EXPECT_GT(paging_report().page_outs, 150u);
}

}  // namespace

}  // namespace sos::vm
