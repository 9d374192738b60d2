// SPDX-License-Identifier: BSD-2-Clause
// NfsFile: a file of the NFS server as a File. The objects come from one pool for all processes,
// a free list that any handler thread may use at any time without a lock.
#include <atomic>
#include <memory>
#include <new>

#include "fs/client.hpp"

namespace sos::fs {

namespace {

class NfsFile final : public File {
  public:
    NfsFile(Client& client, FileHandle handle, OpenMode mode)
        : File(mode), client_(client), handle_(handle) {}

    Result<std::size_t> read(std::uint64_t offset, std::span<const IoBuffer> into) override {
        return client_.read(handle_, offset, into);
    }
    Result<std::size_t> read_and_arm(std::uint64_t offset, std::span<const IoBuffer> into,
                                     ReadWindow& window) override {
        return client_.read_and_arm(handle_, offset, into, window);
    }
    Result<std::size_t> write(std::uint64_t offset, std::span<const IoBuffer> from) override {
        return client_.write(handle_, offset, from);
    }
    Result<Appended> write_and_arm(std::uint64_t offset, std::span<const IoBuffer> from,
                                   WriteWindow& window) override {
        if (mode().append) return client_.append(handle_, from, &window);
        const std::size_t bytes = TRY(client_.write(handle_, offset, from, &window));
        return Appended{.bytes = bytes, .position = offset + bytes};
    }
    Result<Appended> append(std::span<const IoBuffer> from) override {
        return client_.append(handle_, from);
    }
    Result<abi::FileStatus> status() override { return client_.status(handle_); }
    Result<void> truncate(std::uint64_t size) override { return client_.truncate(handle_, size); }
    Result<void> sync() override { return client_.sync(handle_); }
    Result<std::size_t> read_directory(std::uint64_t position, std::span<std::byte> into) override {
        return client_.read_directory(handle_, position, into);
    }
    bool seekable() const override { return true; }
    bool terminal() const override { return false; }
    FileHandle server_handle() const override { return handle_; }

  private:
    Result<void> close() override;

    Client& client_;
    FileHandle handle_;
};

/// Fixed storage for NfsFile objects. Free places form a stack whose top carries a tag that changes
/// with every operation, so that a thread which was preempted between reading the top and replacing
/// it notices that others were there. Places beyond `fresh_` were never used.
class FilePool {
  public:
    NfsFile* take() {
        std::uint64_t top = top_.load(std::memory_order_acquire);
        while (index_of(top) != 0) {
            const std::uint32_t next = next_[index_of(top) - 1].load(std::memory_order_relaxed);
            if (top_.compare_exchange_weak(top, successor(top, next), std::memory_order_acq_rel)) {
                return place(index_of(top) - 1);
            }
        }
        std::uint32_t fresh = fresh_.load(std::memory_order_relaxed);
        while (fresh < max_open_files) {
            if (fresh_.compare_exchange_weak(fresh, fresh + 1)) return place(fresh);
        }
        return nullptr;
    }

    void give(NfsFile* file) {
        const auto index = static_cast<std::uint32_t>(
            (reinterpret_cast<std::byte*>(file) - storage_) / std::ptrdiff_t{sizeof(NfsFile)});
        ASSERT(index < max_open_files);
        std::uint64_t top = top_.load(std::memory_order_acquire);
        do {
            next_[index].store(index_of(top), std::memory_order_relaxed);
        } while (
            !top_.compare_exchange_weak(top, successor(top, index + 1), std::memory_order_acq_rel));
    }

  private:
    static constexpr std::uint32_t index_of(std::uint64_t top) {
        return static_cast<std::uint32_t>(top);
    }
    static constexpr std::uint64_t successor(std::uint64_t top, std::uint32_t index) {
        return (((top >> 32) + 1) << 32) | index;
    }
    NfsFile* place(std::uint32_t index) {
        return reinterpret_cast<NfsFile*>(storage_ + std::size_t{index} * sizeof(NfsFile));
    }

    std::atomic<std::uint64_t> top_ =
        0;  // index + 1 of the first free place, tag in the upper half
    std::atomic<std::uint32_t> fresh_ = 0;
    std::atomic<std::uint32_t> next_[max_open_files]{};
    alignas(NfsFile) std::byte storage_[max_open_files * sizeof(NfsFile)]{};
};

constinit FilePool pool;

Result<void> NfsFile::close() {
    const Result<void> result = client_.close(handle_);
    std::destroy_at(this);
    pool.give(this);
    return result;
}

}  // namespace

Result<FileRef> open_file(Client& client, std::string_view path, std::uint64_t flags,
                          std::uint32_t mode) {
    const OpenMode open_mode = TRY(OpenMode::from_flags(flags));
    NfsFile* place = pool.take();
    if (place == nullptr) return std::unexpected(Error::too_many_files);
    const Result<FileHandle> handle = client.open(path, flags, mode);
    if (!handle) {
        pool.give(place);
        return std::unexpected(handle.error());
    }
    return FileRef(std::construct_at(place, client, *handle, open_mode));
}

Result<Program> open_program(Client& client, std::string_view path, Known known) {
    NfsFile* place = pool.take();
    if (place == nullptr) return std::unexpected(Error::too_many_files);
    const Result<OpenedProgram> opened = client.open_program(path, known);
    if (!opened) {
        pool.give(place);
        return std::unexpected(opened.error());
    }
    const OpenMode mode{.readable = true};
    return Program{FileRef(std::construct_at(place, client, opened->handle, mode)), opened->status};
}

}  // namespace sos::fs
