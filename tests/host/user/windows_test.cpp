// SPDX-License-Identifier: BSD-2-Clause
// The library's windows on files against a model of SOS: whatever a program reads, and wherever it
// believes to be in a file, is as if each of its calls had been a system call.
#include "user/libsosapi/src/windows.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sel4/sel4.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "abi/file_window.hpp"
#include "user/libsosapi/src/call.hpp"
#include "user/libsosapi/src/memory_ranges.hpp"

namespace {

using abi::FileWindow;
using abi::SosSyscall;

/// SOS, as far as a program sees it: one file, any number of descriptors.
class Sos {
  public:
    struct Open {
        std::uint64_t position = 0;
        int references = 1;
        FileWindow* record = nullptr;
    };

    std::string file;
    std::map<int, std::shared_ptr<Open>> files;
    std::uint64_t calls = 0;
    bool arms = true;
    std::uint64_t range_begin = 0;  // what programs may write to, as they are told
    std::uint64_t range_end = ~std::uint64_t{0};

    /// Somebody is about to change the file.
    void recall() {
        for (auto& [number, open] : files) end(*open);
    }

    seL4_Word answer(std::uint64_t number, const std::array<std::uint64_t, 4>& in,
                     std::uint64_t& result) {
        ++calls;
        const auto found = files.find(static_cast<int>(in[0]));
        if (found == files.end()) return EBADF;
        Open& open = *found->second;
        const auto call = static_cast<SosSyscall>(number);
        if (call == SosSyscall::read) {
            result = read(open, in[1], in[2]);
        } else if (call == SosSyscall::read_window) {
            result = read_window(open, in[1], in[2], *reinterpret_cast<FileWindow*>(in[3]));
        } else if (call == SosSyscall::lseek) {
            if (in[2] == SEEK_SET) open.position = 0;
            if (in[2] == SEEK_END) open.position = file.size();
            result = open.position += in[1];
        } else if (call == SosSyscall::dup) {
            files[static_cast<int>(in[0]) + 100] = found->second;
            ++open.references;
            result = in[0] + 100;
        } else if (call == SosSyscall::close) {
            if (--open.references == 0) end(open);
            files.erase(found);
        } else {
            return ENOSYS;
        }
        return 0;
    }

  private:
    static void end(Open& open) {
        if (open.record != nullptr) open.record->state = 0;
        open.record = nullptr;
    }

    std::uint64_t read(Open& open, std::uint64_t to, std::uint64_t size) {
        if (open.position >= file.size()) return 0;
        const std::uint64_t got = std::min(size, file.size() - open.position);
        std::memcpy(reinterpret_cast<char*>(to), file.data() + open.position, got);
        open.position += got;
        return got;
    }

    std::uint64_t read_window(Open& open, std::uint64_t to, std::uint64_t size,
                              FileWindow& record) {
        EXPECT_LE(record.used, abi::max_file_window);
        EXPECT_TRUE(record.used == 0 || open.references == 1);
        open.position += std::exchange(record.used, 0);
        record.filled = 0;
        const std::uint64_t got = read(open, to, size);
        record.range_begin = range_begin;
        record.range_end = range_end;
        if (record.capacity == 0 || !arms || got < size || open.references > 1) return got;
        if (open.position >= file.size()) return got;
        end(open);
        record.filled = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(record.capacity, file.size() - open.position));
        std::memcpy(reinterpret_cast<char*>(record.data), file.data() + open.position,
                    record.filled);
        record.state = ++last_state_;
        open.record = &record;
        return got;
    }

    std::uint64_t last_state_ = 0;
};

Sos* sos = nullptr;
seL4_IPCBuffer ipc_buffer;

}  // namespace

seL4_IPCBuffer* __sel4_ipc_buffer = &ipc_buffer;

void __sel4_trap(long, seL4_Word*, seL4_Word*, seL4_Word* mr, seL4_Word, seL4_Word) {
    std::uint64_t result = 0;
    const seL4_Word error = sos->answer(mr[0], {mr[1], mr[2], mr[3], ipc_buffer.msg[4]}, result);
    mr[0] = error == 0 ? 0 : 1;
    mr[1] = error == 0 ? result : error;
}

namespace {

namespace windows = sosapi::windows;

class WindowsTest : public ::testing::Test {
  protected:
    static constexpr int file = 5;

    WindowsTest() {
        sos = &model;
        for (std::size_t i = 0; i < 300'000; ++i) {
            model.file += static_cast<char>((i * 2654435761u) >> 11);
        }
        open(file);
    }
    ~WindowsTest() override {
        while (!model.files.empty()) close(model.files.begin()->first);
    }

    void open(int number) { model.files[number] = std::make_shared<Sos::Open>(); }
    static void close(int number) { EXPECT_EQ(sosapi::call<SosSyscall::close>(number).error, 0); }
    static long seek(int number, std::int64_t offset, int whence) {
        return sosapi::result_of(sosapi::call<SosSyscall::lseek>(number, offset, whence));
    }

    /// Reads, and compares with what must be at `position`, which moves on.
    void read(int number, std::size_t size, std::uint64_t& position) {
        const std::uint64_t there = position < model.file.size() ? model.file.size() - position : 0;
        const std::uint64_t wanted = std::min<std::uint64_t>(size, there);
        std::memset(buffer, '?', size);
        ASSERT_EQ(windows::read(number, buffer, size), static_cast<long>(wanted)) << position;
        ASSERT_EQ(std::memcmp(buffer, model.file.data() + position, wanted), 0) << position;
        position += wanted;
    }

    Sos model;
    char buffer[70'000];
};

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

TEST_F(WindowsTest, random_operations) {
    std::mt19937 random(7);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    std::map<int, std::shared_ptr<std::uint64_t>> positions{
        {file, std::make_shared<std::uint64_t>(0)}};
    for (int i = 1; i < 6; ++i) {
        open(file + i);
        positions[file + i] = std::make_shared<std::uint64_t>(0);
    }
    for (int step = 0; step < 60'000; ++step) {
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
