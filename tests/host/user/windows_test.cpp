// SPDX-License-Identifier: BSD-2-Clause
// The library's windows on files against a model of SOS: whatever a program reads and writes, and
// wherever it believes to be in a file, is as if each of its calls had been a system call.
#include <signal.h>

#include "windows_fixture.hpp"

namespace {
seL4_IPCBuffer ipc_buffer;
}

seL4_IPCBuffer* __sel4_ipc_buffer = &ipc_buffer;

void __sel4_trap(long, seL4_Word*, seL4_Word*, seL4_Word* mr, seL4_Word, seL4_Word) {
    std::uint64_t result = 0;
    const seL4_Word error =
        windows_test::sos->answer(mr[0], {mr[1], mr[2], mr[3], ipc_buffer.msg[4]}, result);
    mr[0] = error == 0 ? 0 : 1;
    mr[1] = error == 0 ? result : error;
}

namespace windows_test {
namespace {

TEST_F(WindowsTest, small_reads_in_sequence_cost_few_calls) {
    std::uint64_t position = 0;
    while (position < model.file.size()) read(file, 512, position);
    EXPECT_LE(model.calls, 14u);
    read(file, 512, position);
    EXPECT_EQ(position, model.file.size());
}

TEST_F(WindowsTest, large_reads_and_single_ones_are_plain) {
    std::uint64_t position = 0;
    while (position < model.file.size()) read(file, 5000, position);
    EXPECT_EQ(model.calls, 60u);
    for (int i = 0; i < 10; ++i) {
        position = static_cast<std::uint64_t>(seek(file, i * 1000, SEEK_SET));
        read(file, 100, position);
        EXPECT_EQ(model.files[file]->record, nullptr);
    }
}

TEST_F(WindowsTest, whoever_asks_for_the_position_is_told_the_right_one) {
    std::uint64_t position = 0;
    for (int i = 0; i < 20; ++i) read(file, 100, position);
    EXPECT_EQ(seek(file, 0, SEEK_CUR), 2000);
    for (int i = 0; i < 20; ++i) read(file, 100, position);
    read(file, 40'000, position);
    EXPECT_EQ(seek(file, 5, SEEK_CUR), 44'005);
    position += 5;
    for (int i = 0; i < 20; ++i) read(file, 100, position);
    EXPECT_EQ(sosapi::result_of(sosapi::call<SosSyscall::dup>(file)), file + 100);
    for (int i = 0; i < 20; ++i) read(i % 2 == 0 ? file : file + 100, 100, position);
    close(file + 100);
    for (int i = 0; i < 20; ++i) read(file, 100, position);
    EXPECT_NE(model.files[file]->record, nullptr) << "one descriptor again";
}

TEST_F(WindowsTest, recalled_windows_are_not_used) {
    std::uint64_t position = 0;
    for (int i = 0; i < 20; ++i) read(file, 100, position);
    model.recall();
    for (char& c : model.file) c = static_cast<char>(c + 1);
    for (int i = 0; i < 20; ++i) read(file, 100, position);
    model.recall();
    model.file.resize(position + 50);
    for (int i = 0; i < 3; ++i) read(file, 100, position);
    EXPECT_EQ(position, model.file.size());
}

TEST_F(WindowsTest, whose_windows_are_recalled_each_time_gets_fewer) {
    std::uint64_t position = 0;
    std::uint64_t armed = 0;
    for (int i = 0; i < 1000; ++i) {
        read(file, 10, position);
        if (model.files[file]->record != nullptr) ++armed;
        model.recall();
    }
    EXPECT_LE(armed, 30u);
    for (int i = 0; i < 300; ++i) read(file, 100, position);
    EXPECT_NE(model.files[file]->record, nullptr) << "but not for ever";
}

TEST_F(WindowsTest, only_known_memory_is_written_to) {
    std::uint64_t position = 0;
    for (int i = 0; i < 5; ++i) read(file, 100, position);
    const std::uint64_t before = model.calls;
    char other[100];
    sosapi::windows::before_call(windows::Matter::unmapping,
                                 std::array<std::uint64_t, 2>{0, ~0ull}.data());
    model.range_begin = reinterpret_cast<std::uint64_t>(other);
    model.range_end = model.range_begin + sizeof other;
    for (int i = 0; i < 3; ++i) read(file, 100, position);
    EXPECT_EQ(model.calls, before + 3) << "the buffer is in no range";
    EXPECT_EQ(windows::read(file, other, 100), 100);
    EXPECT_EQ(model.calls, before + 3) << "this one is";
    EXPECT_EQ(std::memcmp(other, model.file.data() + position, 100), 0);
    model.range_begin = 0;
    model.range_end = ~0ull;
}

TEST_F(WindowsTest, more_files_than_windows) {
    std::array<std::uint64_t, 12> positions{};
    for (int i = 1; i < 12; ++i) open(file + i);
    for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < 12; ++i) read(file + i, 90, positions[static_cast<std::size_t>(i)]);
    }
    for (int i = 0; i < 12; ++i) EXPECT_EQ(seek(file + i, 0, SEEK_CUR), 200 * 90);
}

TEST_F(WindowsTest, small_writes_in_sequence_cost_few_calls) {
    model.file.clear();
    std::uint64_t position = 0;
    while (position < 300'000) write(file, 512, position);
    EXPECT_LE(model.calls, 14u);
    EXPECT_EQ(seen(), contents);
    write(file, 100, position);
    EXPECT_EQ(seek(file, 0, SEEK_CUR), static_cast<long>(position));
    EXPECT_EQ(seen(), contents);
}

TEST_F(WindowsTest, what_is_written_to_a_window_that_closes_meanwhile_is_written_once) {
    // The memory written from is looked at while the window is still open, and touching it closes
    // the window: that is between the copy and the moment from which it counts.
    static char* page;
    static Sos* closing;
    page = static_cast<char*>(mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    closing = &model;
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = [](int) {
        mprotect(page, 4096, PROT_READ | PROT_WRITE);
        closing->collect();
    };
    sigaction(SIGSEGV, &action, &before);
    model.file.clear();
    std::uint64_t position = 0;
    for (int i = 0; i < 5; ++i) write(file, 100, position);
    ASSERT_NE(model.writing, nullptr);
    EXPECT_EQ(windows::write(file, page, 200), 200);
    contents += std::string(200, '\0');
    position += 200;
    for (int i = 0; i < 5; ++i) write(file, 100, position);
    EXPECT_EQ(seen(), contents);
    sigaction(SIGSEGV, &before, nullptr);
    munmap(page, 4096);
}

TEST_F(WindowsTest, random_writes_and_reads) {
    std::mt19937 random(11);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    model.file.clear();
    std::map<int, std::uint64_t> positions{{file, 0}, {file + 1, 0}, {file + 2, 0}};
    open(file + 1);
    open(file + 2);
    for (int step = 0; step < 12'000; ++step) {
        auto& [number, position] = *std::next(positions.begin(), static_cast<long>(below(3)));
        model.arms = below(50) != 0;
        const std::size_t times = 1 + below(30);
        const std::size_t size = 1 + below(below(6) == 0 ? 50'000 : 1500);
        const std::size_t dice = below(10);
        if (dice == 0 || position > 400'000) {
            position = below(contents.size() + 1);
            ASSERT_EQ(seek(number, static_cast<std::int64_t>(position), SEEK_SET),
                      static_cast<long>(position));
        } else if (dice == 1) {
            ASSERT_EQ(seek(number, 0, SEEK_CUR), static_cast<long>(position));
        } else if (dice == 2) {
            ASSERT_EQ(seen().size(), contents.size());
            ASSERT_TRUE(seen() == contents);
        } else if (dice < 6) {
            for (std::size_t i = 0; i < times; ++i) {
                ASSERT_NO_FATAL_FAILURE(write(number, size, position));
            }
        } else {
            model.collect();
            ASSERT_TRUE(model.file == contents) << step;
            for (std::size_t i = 0; i < times; ++i) {
                ASSERT_NO_FATAL_FAILURE(read(number, size, position));
            }
        }
    }
}

TEST_F(WindowsTest, random_operations) {
    std::mt19937 random(7);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    std::map<int, std::shared_ptr<std::uint64_t>> positions{
        {file, std::make_shared<std::uint64_t>(0)}};
    for (int i = 1; i < 6; ++i) {
        open(file + i);
        positions[file + i] = std::make_shared<std::uint64_t>(0);
    }
    for (int step = 0; step < 20'000; ++step) {
        const int number = file + static_cast<int>(below(6));
        const int copy = number + 100;
        const bool has_copy = positions.contains(copy);
        const int used = has_copy && below(2) == 0 ? copy : number;
        std::uint64_t& position = *positions[used];
        model.arms = below(50) != 0;
        switch (below(10)) {
            case 0:
                model.recall();
                if (below(4) == 0) {
                    model.file.resize(below(300'000), 'z');
                } else if (!model.file.empty()) {
                    model.file[below(model.file.size())] = static_cast<char>(step);
                }
                break;
            case 1:
                position = below(model.file.size() + 100);
                ASSERT_EQ(seek(used, static_cast<std::int64_t>(position), SEEK_SET),
                          static_cast<long>(position));
                break;
            case 2:
                ASSERT_EQ(seek(used, 0, SEEK_CUR), static_cast<long>(position));
                break;
            case 3:
                if (has_copy) {
                    close(copy);
                    positions.erase(copy);
                } else {
                    ASSERT_EQ(sosapi::result_of(sosapi::call<SosSyscall::dup>(number)), copy);
                    positions[copy] = positions[number];
                }
                break;
            default: {
                const std::size_t times = 1 + below(30);
                const std::size_t size = 1 + below(below(6) == 0 ? 50'000 : 1500);
                for (std::size_t i = 0; i < times; ++i) {
                    ASSERT_NO_FATAL_FAILURE(read(used, size, position));
                }
            }
        }
    }
}

TEST(MemoryRangesTest, what_is_removed_is_not_contained) {
    sosapi::MemoryRanges ranges;
    EXPECT_FALSE(ranges.contain(0x1000, 1));
    ranges.add(0x1000, 0x3000);
    EXPECT_TRUE(ranges.contain(0x1000, 0x2000) && ranges.contain(0x2fff, 1));
    EXPECT_FALSE(ranges.contain(0xfff, 1) || ranges.contain(0x2fff, 2) ||
                 ranges.contain(0x2000, ~0ull) || ranges.contain(~0ull, 0x2000));
    ranges.remove(0x3000, 0x1000);
    ranges.remove(0, 0x1000);
    EXPECT_TRUE(ranges.contain(0x1000, 1)) << "only touched";
    ranges.remove(0x2fff, 1);
    EXPECT_FALSE(ranges.contain(0x1000, 1));
    ranges.add(0x5000, 0x6000);
    ranges.remove(0x5800, ~0ull);  // more than there is
    EXPECT_FALSE(ranges.contain(0x5000, 1));
    for (std::uint64_t i = 1; i <= 5; ++i) ranges.add(i << 16, (i << 16) + 4096);
    EXPECT_FALSE(ranges.contain(1 << 16, 1)) << "the oldest gives way";
    EXPECT_TRUE(ranges.contain(5 << 16, 1));
    ranges.close();
    ranges.add(0x1000, 0x2000);
    EXPECT_TRUE(ranges.closed() && !ranges.contain(5 << 16, 1) && !ranges.contain(0x1000, 1));
}

}  // namespace
}  // namespace windows_test
