// SPDX-License-Identifier: BSD-2-Clause
// A model of SOS, as far as the library's windows on files see it, and what their tests share.
#pragma once

#include "user/libsosapi/src/windows.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sel4/sel4.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
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

namespace windows_test {

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
        collect();
        for (auto& [number, open] : files) end(*open);
    }

    /// Somebody is about to look at it.
    void collect() {
        if (writing == nullptr) return;
        const std::uint64_t filled = std::exchange(writing->state, 0) & 0xffff'ffff;
        file.resize(std::max<std::size_t>(file.size(), writing_from + filled));
        std::memcpy(file.data() + writing_from, reinterpret_cast<const char*>(writing->data),
                    filled);
        writing = nullptr;
    }
    FileWindow* writing = nullptr;  // the window that is armed for writing
    std::uint64_t writing_from = 0;

    seL4_Word answer(std::uint64_t number, const std::array<std::uint64_t, 4>& in,
                     std::uint64_t& result) {
        ++calls;
        const auto found = files.find(static_cast<int>(in[0]));
        if (found == files.end()) return EBADF;
        Open& open = *found->second;
        const auto call = static_cast<SosSyscall>(number);
        if (call == SosSyscall::write) {
            collect();
            result = write(open, in[1], in[2]);
        } else if (call == SosSyscall::write_window) {
            result = write_window(open, in[1], in[2], *reinterpret_cast<FileWindow*>(in[3]));
        } else if (call == SosSyscall::read) {
            collect();
            result = read(open, in[1], in[2]);
        } else if (call == SosSyscall::read_window) {
            result = read_window(open, in[1], in[2], *reinterpret_cast<FileWindow*>(in[3]));
        } else if (call == SosSyscall::lseek) {
            if (in[2] == SEEK_SET) open.position = 0;
            if (in[2] == SEEK_END) {
                collect();
                open.position = file.size();
            }
            result = open.position += in[1];
        } else if (call == SosSyscall::dup) {
            files[static_cast<int>(in[0]) + 100] = found->second;
            ++open.references;
            result = in[0] + 100;
        } else if (call == SosSyscall::close) {
            if (--open.references == 0) {
                collect();
                end(open);
            }
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

    std::uint64_t write(Open& open, std::uint64_t from, std::uint64_t size) {
        for (auto& [number, other] : files) end(*other);
        file.resize(std::max<std::size_t>(file.size(), open.position + size));
        std::memcpy(file.data() + open.position, reinterpret_cast<const char*>(from), size);
        open.position += size;
        return size;
    }

    std::uint64_t write_window(Open& open, std::uint64_t from, std::uint64_t size,
                               FileWindow& record) {
        EXPECT_LE(record.used, abi::max_file_window);
        open.position += std::exchange(record.used, 0);
        record.filled = 0;
        collect();
        if (size == 0) return 0;
        write(open, from, size);
        record.range_begin = range_begin;
        record.range_end = range_end;
        if (record.capacity == 0 || !arms || open.references > 1) return size;
        record.filled = record.capacity;
        record.state = ++last_state_ << 32;
        writing = &record;
        writing_from = open.position;
        return size;
    }

    std::uint64_t read_window(Open& open, std::uint64_t to, std::uint64_t size,
                              FileWindow& record) {
        EXPECT_LE(record.used, abi::max_file_window);
        EXPECT_TRUE(record.used == 0 || open.references == 1);
        open.position += std::exchange(record.used, 0);
        record.filled = 0;
        collect();
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
        record.state = ++last_state_ << 32;
        open.record = &record;
        return got;
    }

    std::uint64_t last_state_ = 0;
};

inline Sos* sos = nullptr;

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

    /// Writes, which moves `position` on.
    void write(int number, std::size_t size, std::uint64_t& position) {
        for (std::size_t i = 0; i < size; ++i) buffer[i] = static_cast<char>(++last_byte);
        ASSERT_EQ(windows::write(number, buffer, size), static_cast<long>(size)) << position;
        contents.resize(std::max<std::size_t>(contents.size(), position + size));
        std::memcpy(contents.data() + position, buffer, size);
        position += size;
    }
    /// What is in the file for all others.
    const std::string& seen() {
        model.collect();
        return model.file;
    }

    Sos model;
    std::string contents;  // what must be in the file, of tests that write
    int last_byte = 0;
    char buffer[70'000];
};

}  // namespace windows_test
