// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/directory.hpp"

#include <cstring>
#include <new>

#include "base/bits.hpp"
#include "fs/path.hpp"

namespace sos::fs::nfs {

namespace {

/// Linux's struct linux_dirent64 without its name.
struct RecordHeader {
    std::uint64_t file_id;
    std::uint64_t next_position;
    std::uint16_t length;
    std::uint8_t type;
};
constexpr std::size_t name_offset = 19;

std::uint16_t record_length(const std::byte* record) {
    std::uint16_t length;
    std::memcpy(&length, record + offsetof(RecordHeader, length), sizeof(length));
    return length;
}

}  // namespace

void ChunkPool::add(std::span<std::byte> memory) {
    while (memory.size() >= sizeof(DirectoryChunk)) {
        give(new (memory.data()) DirectoryChunk);
        memory = memory.subspan(sizeof(DirectoryChunk));
    }
}

DirectoryChunk* ChunkPool::take() {
    std::span<std::byte> memory;
    if (free_ == nullptr && more_ != nullptr && more_(memory)) add(memory);
    DirectoryChunk* chunk = free_;
    if (chunk == nullptr) return nullptr;
    free_ = chunk->next;
    --available_;
    chunk->next = nullptr;
    chunk->entries = 0;
    chunk->used = 0;
    return chunk;
}

void ChunkPool::give(DirectoryChunk* chunk) {
    chunk->next = free_;
    free_ = chunk;
    ++available_;
}

void DirectorySnapshot::clear(ChunkPool& pool) {
    while (head_ != nullptr) {
        DirectoryChunk* chunk = head_;
        head_ = chunk->next;
        pool.give(chunk);
    }
    *this = DirectorySnapshot{};
}

Result<void> DirectorySnapshot::add(ChunkPool& pool, std::uint64_t file_id, std::uint8_t type,
                                    std::string_view name) {
    if (name.empty() || name.size() > max_name || name.find('/') != name.npos) return {};
    const std::size_t length = base::align_up(name_offset + name.size() + 1, 8);
    if (tail_ == nullptr || sizeof(tail_->records) - tail_->used < length) {
        DirectoryChunk* chunk = pool.take();
        if (chunk == nullptr) return std::unexpected(Error::no_memory);
        chunk->first_entry = entries_;
        (tail_ == nullptr ? head_ : tail_->next) = chunk;
        tail_ = chunk;
    }
    std::byte* record = tail_->records + tail_->used;
    const RecordHeader header{file_id, ++entries_, static_cast<std::uint16_t>(length), type};
    std::memset(record, 0, length);
    std::memcpy(record, &header, name_offset);
    std::memcpy(record + name_offset, name.data(), name.size());
    tail_->used += static_cast<std::uint32_t>(length);
    ++tail_->entries;
    return {};
}

Result<std::size_t> DirectorySnapshot::copy(std::uint64_t position,
                                            std::span<std::byte> into) const {
    const bool behind_recent = recent_ != nullptr && position >= recent_->first_entry;
    DirectoryChunk* chunk = behind_recent ? recent_ : head_;
    while (chunk != nullptr && position >= chunk->first_entry + chunk->entries) {
        chunk = chunk->next;
    }
    if (chunk == nullptr) return 0;
    const std::byte* record = chunk->records;
    for (std::uint64_t entry = chunk->first_entry; entry < position; ++entry) {
        record += record_length(record);
    }
    std::size_t filled = 0;
    while (true) {
        if (record == chunk->records + chunk->used) {
            if (chunk->next == nullptr) break;
            chunk = chunk->next;
            record = chunk->records;
        }
        const std::size_t length = record_length(record);
        if (length > into.size() - filled) break;
        std::memcpy(into.data() + filled, record, length);
        filled += length;
        record += length;
    }
    recent_ = chunk;
    if (filled == 0) return std::unexpected(Error::bad_argument);
    return filled;
}

}  // namespace sos::fs::nfs
