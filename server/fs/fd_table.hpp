// SPDX-License-Identifier: BSD-2-Clause
// FdTable: a process's descriptors (seed 4.2), 1024 of them, with a bitmap in which the lowest free
// one is found word by word. A bit is set exactly while its entry holds a reference. Entries from
// 128 on get memory when the first of them is needed.
//
// Descriptors 0, 1 and 2 are the console's: a process starts with 1 and 2 open, and opening the
// console for reading gives 0; all other files get the lowest free descriptor from 3 on. The
// table does not know what a console is: callers choose between insert() and insert_at().
#pragma once

#include <cstdint>
#include <utility>

#include "error.hpp"
#include "fs/file.hpp"
#include "res/server_pages.hpp"

namespace sos::fs {

class FdTable {
  public:
    static constexpr std::uint32_t capacity = 1024;
    static constexpr std::uint32_t first_ordinary = 3;

    FdTable() = default;
    FdTable(const FdTable&) = delete;
    FdTable& operator=(const FdTable&) = delete;
    ~FdTable() { close_all(); }

    /// Into the lowest free descriptor that is at least `minimum`; too_many_files when none is
    /// left, no_memory when there is none for it. On failure the file is closed.
    Result<std::uint32_t> insert(FileRef file, std::uint32_t minimum = first_ordinary);

    /// Into this descriptor; what was there is closed. bad_descriptor when `fd` is too large.
    Result<void> insert_at(std::uint32_t fd, FileRef file);

    /// bad_descriptor when nothing is open there (any 64-bit number may be asked for).
    Result<File*> get(std::uint64_t fd) const;
    bool open(std::uint64_t fd) const { return get(fd).has_value(); }

    /// Frees the descriptor; the caller closes the file.
    Result<FileRef> remove(std::uint64_t fd);

    Result<bool> close_on_exec(std::uint64_t fd) const;
    Result<void> set_close_on_exec(std::uint64_t fd, bool on);

    /// Closes everything. May be called at any time, and again.
    void close_all();

    std::uint32_t count() const { return count_; }

  private:
    static constexpr std::uint32_t bits_per_word = 64;
    static constexpr std::uint32_t words = capacity / bits_per_word;
    static constexpr std::uint32_t near_count = 128;
    static constexpr std::size_t far_pages =
        ((capacity - near_count) * sizeof(File*) + res::page_size - 1) / res::page_size;

    /// Null when there is no memory behind it.
    File* const* entry(std::uint64_t fd) const;
    File** entry(std::uint64_t fd) { return const_cast<File**>(std::as_const(*this).entry(fd)); }
    Result<void> make_entry(std::uint32_t fd);

    std::uint64_t used_[words]{};
    std::uint64_t close_on_exec_[words]{};
    std::uint32_t count_ = 0;
    File* near_[near_count]{};
    res::ServerPages far_;  // the others
};

}  // namespace sos::fs
