// SPDX-License-Identifier: BSD-2-Clause
// File: the generalised file interface (seed 4.1). An object of a class derived from it is one open
// file: what kind it is, how it was opened, and its position. Descriptors that dup made share it,
// so it is reference-counted; closing happens with the last reference.
//
// A File belongs to one process, and only that process's handler thread touches it: neither the
// count nor the position needs a lock. (A device file that several processes share is one File
// object for each, and the sharing is the device's business.)
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "abi/sos_file.hpp"
#include "base/assert.hpp"
#include "error.hpp"
#include "fs/io_buffer.hpp"
#include "fs/request.hpp"

namespace sos::fs {

/// How a file was opened (the seed's `mode`).
struct OpenMode {
    bool readable = false;
    bool writable = false;
    bool append = false;
    bool non_blocking = false;  // for devices: would_block instead of a wait

    /// From O_* flags, or bad_argument for the access mode 3.
    static constexpr Result<OpenMode> from_flags(std::uint64_t flags) {
        const std::uint64_t access = flags & abi::open_flags::access_mask;
        if (access > abi::open_flags::read_write) return std::unexpected(Error::bad_argument);
        return OpenMode{.readable = access != abi::open_flags::write_only,
                        .writable = access != abi::open_flags::read_only,
                        .append = (flags & abi::open_flags::append) != 0,
                        .non_blocking = (flags & abi::open_flags::non_block) != 0};
    }
};

/// What an append did: how much, and the position behind it.
struct Appended {
    std::size_t bytes = 0;
    std::uint64_t position = 0;
};

class File {
  public:
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    // Transfers. `offset` counts for seekable files only. A result below the sum of the buffers'
    // sizes is the end of the file (read) or a full disk (write); 0 bytes read is the end. The pins
    // of the buffers are handed over (io_buffer.hpp). Permission by mode is the caller's check.
    virtual Result<std::size_t> read(std::uint64_t offset, std::span<const IoBuffer> into) = 0;
    virtual Result<std::size_t> write(std::uint64_t offset, std::span<const IoBuffer> from) = 0;

    /// As read, and a window may be armed with what follows.
    virtual Result<std::size_t> read_and_arm(std::uint64_t offset, std::span<const IoBuffer> into,
                                             ReadWindow&) {
        return read(offset, into);
    }

    /// As write, or append if the file was opened so; and a window may be armed for what comes
    /// behind. Its pins are the caller's if that was not done.
    virtual Result<Appended> write_and_arm(std::uint64_t offset, std::span<const IoBuffer> from,
                                           WriteWindow&) {
        if (mode_.append) return append(from);
        const std::size_t bytes = TRY(write(offset, from));
        return Appended{.bytes = bytes, .position = offset + bytes};
    }

    /// Writes behind the end of the file as it is now (O_APPEND). A device appends always.
    virtual Result<Appended> append(std::span<const IoBuffer> from) = 0;

    /// read(2) and write(2): at the position, which moves on; at the end if the file was opened so.
    Result<std::size_t> read_next(std::span<const IoBuffer> into) {
        const std::size_t bytes = TRY(read(position_, into));
        position_ += bytes;
        return bytes;
    }
    Result<std::size_t> read_next_and_arm(std::span<const IoBuffer> into, ReadWindow& window) {
        const std::size_t bytes = TRY(read_and_arm(position_, into, window));
        position_ += bytes;
        return bytes;
    }
    Result<std::size_t> write_next_and_arm(std::span<const IoBuffer> from, WriteWindow& window) {
        const Appended done = TRY(write_and_arm(position_, from, window));
        position_ = done.position;
        return done.bytes;
    }
    Result<std::size_t> write_next(std::span<const IoBuffer> from) {
        if (mode_.append) {
            const Appended done = TRY(append(from));
            position_ = done.position;
            return done.bytes;
        }
        const std::size_t bytes = TRY(write(position_, from));
        position_ += bytes;
        return bytes;
    }

    virtual Result<abi::FileStatus> status() = 0;
    virtual Result<void> truncate(std::uint64_t size) = 0;
    /// Returns when everything written before is on stable storage.
    virtual Result<void> sync() = 0;
    /// Linux dirent64 records from entry number `position` on: how many bytes of `into` they fill,
    /// 0 at the end; out_of_range for a position beyond the end, bad_argument when not even one
    /// record fits.
    virtual Result<std::size_t> read_directory(std::uint64_t position,
                                               std::span<std::byte> into) = 0;
    /// Does the file have a position, so that lseek, pread and pwrite make sense?
    virtual bool seekable() const = 0;
    virtual bool terminal() const = 0;
    /// A reader has all it waited for though there was room for more: a line of the console.
    virtual bool read_ended() const { return false; }
    /// By which the file server knows the file, for page I/O; that of no file, if it does not.
    virtual FileHandle server_handle() const { return {}; }

    /// An error that a write met after it had moved some bytes: the next write, sync or close
    /// tells.
    void keep_error(Error error) { kept_error_ = error; }
    Result<void> take_error() {
        if (!kept_error_) return {};
        const Error error = *kept_error_;
        kept_error_.reset();
        return std::unexpected(error);
    }

    OpenMode mode() const { return mode_; }
    void set_non_blocking(bool non_blocking) { mode_.non_blocking = non_blocking; }
    std::uint64_t position() const { return position_; }
    void set_position(std::uint64_t position) { position_ = position; }

    void reference() { ++references_; }
    /// Do several descriptors share the position?
    bool shared() const { return references_ > 1; }
    /// Drops a reference; with the last one the file is closed, and the object is gone. The error
    /// is one that an earlier write met.
    [[nodiscard]] Result<void> release() {
        ASSERT(references_ > 0);
        if (--references_ > 0) return {};
        const Result<void> kept = take_error();
        const Result<void> closed = close();
        return kept ? closed : kept;
    }

  protected:
    explicit File(OpenMode mode) : mode_(mode) {}
    ~File() = default;

    /// Ends the open file and gives the object back to where it came from.
    virtual Result<void> close() = 0;

  private:
    OpenMode mode_;
    std::uint32_t references_ = 1;
    std::uint64_t position_ = 0;
    std::optional<Error> kept_error_{};
};

/// Owns one reference to a File.
class [[nodiscard]] FileRef {
  public:
    constexpr FileRef() = default;
    /// Takes over the reference that a new File starts with.
    constexpr explicit FileRef(File* file) : file_(file) {}
    FileRef(FileRef&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
    FileRef& operator=(FileRef&& other) noexcept {
        if (this != &other) {
            reset();
            file_ = std::exchange(other.file_, nullptr);
        }
        return *this;
    }
    ~FileRef() { reset(); }

    FileRef share() const {
        if (file_ != nullptr) file_->reference();
        return FileRef(file_);
    }

    /// Drops the reference and tells what closing said.
    Result<void> close() {
        if (file_ == nullptr) return {};
        return std::exchange(file_, nullptr)->release();
    }

    File* get() const { return file_; }
    File* operator->() const { return file_; }
    File& operator*() const { return *file_; }
    explicit operator bool() const { return file_ != nullptr; }

    /// Gives the reference up without dropping it.
    File* leak() { return std::exchange(file_, nullptr); }

  private:
    // Nobody is left to hear of an error: the process is gone, or the descriptor was replaced.
    void reset() { static_cast<void>(close()); }

    File* file_ = nullptr;
};

}  // namespace sos::fs
