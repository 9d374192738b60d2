// SPDX-License-Identifier: BSD-2-Clause
#include "fs/fd_table.hpp"

#include <bit>

#include "base/bits.hpp"

namespace sos::fs {

File* const* FdTable::entry(std::uint64_t fd) const {
    if (fd < near_count) return &near_[fd];
    if (!far_.valid()) return nullptr;
    return reinterpret_cast<File* const*>(far_.data()) + (fd - near_count);
}

Result<void> FdTable::make_entry(std::uint32_t fd) {
    if (fd >= near_count && !far_.valid()) far_ = TRY(res::map_pages(far_pages));
    return {};
}

Result<std::uint32_t> FdTable::insert(FileRef file, std::uint32_t minimum) {
    ASSERT(file);
    if (minimum >= capacity) return std::unexpected(Error::bad_argument);
    for (std::uint32_t word = minimum / bits_per_word; word < words; ++word) {
        std::uint64_t taken = used_[word];
        if (word == minimum / bits_per_word) taken |= base::mask(minimum % bits_per_word);
        if (taken == ~0ull) continue;
        const auto bit = static_cast<std::uint32_t>(std::countr_one(taken));
        const std::uint32_t fd = word * bits_per_word + bit;
        TRY(make_entry(fd));
        used_[word] |= base::bit(bit);
        *entry(fd) = file.leak();
        ++count_;
        return fd;
    }
    return std::unexpected(Error::too_many_files);
}

Result<void> FdTable::insert_at(std::uint32_t fd, FileRef file) {
    ASSERT(file);
    if (fd >= capacity) return std::unexpected(Error::bad_descriptor);
    FileRef before;
    TRY(make_entry(fd));
    if (*entry(fd) != nullptr) before = TRY(remove(fd));
    used_[fd / bits_per_word] |= base::bit(fd % bits_per_word);
    *entry(fd) = file.leak();
    ++count_;
    return {};
}

Result<File*> FdTable::get(std::uint64_t fd) const {
    if (fd >= capacity) return std::unexpected(Error::bad_descriptor);
    File* const* const found = entry(fd);
    if (found == nullptr || *found == nullptr) return std::unexpected(Error::bad_descriptor);
    return *found;
}

Result<FileRef> FdTable::remove(std::uint64_t fd) {
    File* file = TRY(get(fd));
    const std::uint64_t bit = base::bit(static_cast<unsigned>(fd % bits_per_word));
    used_[fd / bits_per_word] &= ~bit;
    close_on_exec_[fd / bits_per_word] &= ~bit;
    *entry(fd) = nullptr;
    --count_;
    return FileRef(file);
}

Result<bool> FdTable::close_on_exec(std::uint64_t fd) const {
    TRY(get(fd));
    return base::bits(close_on_exec_[fd / bits_per_word], static_cast<unsigned>(fd % bits_per_word),
                      1) != 0;
}

Result<void> FdTable::set_close_on_exec(std::uint64_t fd, bool on) {
    TRY(get(fd));
    const std::uint64_t bit = base::bit(static_cast<unsigned>(fd % bits_per_word));
    std::uint64_t& word = close_on_exec_[fd / bits_per_word];
    word = on ? word | bit : word & ~bit;
    return {};
}

void FdTable::close_all() {
    for (std::uint32_t word = 0; word < words; ++word) {
        while (used_[word] != 0) {
            const auto bit = static_cast<std::uint32_t>(std::countr_zero(used_[word]));
            // The entry is in use, so removing it cannot fail; FileRef closes it.
            static_cast<void>(MUST(remove(word * bits_per_word + bit)));
        }
    }
    ASSERT(count_ == 0);
    far_.reset();
}

}  // namespace sos::fs
