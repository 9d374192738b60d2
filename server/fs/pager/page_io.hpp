// SPDX-License-Identifier: BSD-2-Clause
// PageIo: one transfer of a run of pages between frames and the page file, or from an executable.
//
// It is not a call: a thread submits the record and goes on, or waits for what the record is about.
// The file server's thread carries it out on the pager's own connection and calls `done` when that
// is over, whatever became of the process that wanted it. Records are the submitter's, who keeps
// each as it is until then. While the NFS server does not answer, records wait.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "error.hpp"
#include "fs/request.hpp"

namespace sos::fs {

/// Pages of one record: as much as one transfer takes.
inline constexpr std::size_t max_page_run = 16;
/// Records submitted at once, at most.
inline constexpr std::size_t max_page_ios = 64;

enum class PageIoKind : std::uint8_t {
    read_slots,   // page file to frames
    write_slots,  // frames to page file, not yet on stable storage
    read_file,    // executable to frames
};

/// By which a file is known to be the same as when it was opened.
struct FileVersion {
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;
    friend constexpr bool operator==(const FileVersion&, const FileVersion&) = default;
};

struct PageIo {
    PageIoKind kind = PageIoKind::read_slots;
    std::uint8_t count = 0;  // pages
    std::array<std::byte*, max_page_run> pages{};
    std::uint64_t slot = 0;  // the first of `count`, one after the other

    // read_file: `bytes` from `offset`, to `inside` the first page and on from there. The bytes of
    // the pages around them stay as they are.
    FileHandle file{};
    FileVersion version{};
    std::uint64_t offset = 0;
    std::uint32_t inside = 0;
    std::uint32_t bytes = 0;

    /// Called in the file server's thread, with no lock held. Must not wait for anything but locks.
    void (*done)(PageIo& io) = nullptr;

    // The outcome.
    bool failed = false;
    Error error = Error::io_error;
    std::array<std::uint32_t, max_page_run> checksums{};  // CRC-32 of each page of a slot
};

/// Hands a record over. From any thread, one at a time (the caller has a lock); then kick.
void submit_page_io(PageIo& io);
/// Tells the file server's thread that there are records.
void kick_page_io();

}  // namespace sos::fs
