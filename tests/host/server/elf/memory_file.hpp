// SPDX-License-Identifier: BSD-2-Clause
// MemoryFile: a File over bytes in memory that keeps the contract of pins, and can fail.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "fake_paging.hpp"
#include "fs/file.hpp"
#include "vm/frame_table.hpp"

namespace elf_test {

class MemoryFile final : public sos::fs::File {
  public:
    explicit MemoryFile(std::vector<std::byte> content)
        : File({.readable = true}), bytes(std::move(content)), claimed_size(bytes.size()) {
        sos::fs::set_pin_release([](std::uint64_t token) {
            ++pins_released;
            sos::vm::release_pin(token);
        });
    }

    sos::Result<std::size_t> read(std::uint64_t offset,
                                  std::span<const sos::fs::IoBuffer> into) override {
        std::size_t done = 0;
        const bool fails = fail_read-- == 0;
        for (const sos::fs::IoBuffer& buffer : into) {
            const std::size_t left = offset < bytes.size() ? bytes.size() - offset : 0;
            const std::size_t here = fails ? 0 : std::min(left, buffer.size);
            if (here > 0) std::memcpy(buffer.data, bytes.data() + offset, here);
            offset += here;
            done += here;
            if (buffer.pin_token != sos::fs::no_pin) ++pins_handed_over;
        }
        sos::fs::release_pins(into);
        if (fails) return std::unexpected(sos::Error::cancelled);
        return done;
    }
    sos::Result<abi::FileStatus> status() override {
        abi::FileStatus status{};
        status.size = claimed_size;
        return status;
    }

    sos::Result<std::size_t> write(std::uint64_t, std::span<const sos::fs::IoBuffer>) override {
        return std::unexpected(sos::Error::not_supported);
    }
    sos::Result<sos::fs::Appended> append(std::span<const sos::fs::IoBuffer>) override {
        return std::unexpected(sos::Error::not_supported);
    }
    sos::Result<void> truncate(std::uint64_t) override { return {}; }
    sos::Result<void> sync() override { return {}; }
    sos::Result<std::size_t> read_directory(std::uint64_t, std::span<std::byte>) override {
        return std::unexpected(sos::Error::not_directory);
    }
    /// What is read later is read from these bytes as they are then.
    sos::fs::FileHandle server_handle() const override {
        fake::paging().executable = bytes;
        fake::paging().version = {.size = claimed_size};
        return {.index = 0, .generation = 1};
    }
    bool seekable() const override { return true; }
    bool terminal() const override { return false; }

    std::vector<std::byte> bytes;
    std::uint64_t claimed_size;
    int fail_read = -1;  // number of the read that fails

    static inline unsigned pins_handed_over = 0;
    static inline unsigned pins_released = 0;

  protected:
    sos::Result<void> close() override { return {}; }
};

}  // namespace elf_test
