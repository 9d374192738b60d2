// SPDX-License-Identifier: BSD-2-Clause
// What travels between a Client and the file server: a pointer to a Request, in message register 0.
//
// The Request lives in the calling thread's stack or Client. The file server reads and writes it
// only while that thread is blocked in the call, that is until it answers; what must live longer
// (an RPC under way for a caller that was cancelled) is kept in the file server's own record.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "abi/sos_file.hpp"
#include "abi/sos_syscall.hpp"
#include "error.hpp"
#include "fs/file_window.hpp"
#include "fs/io_buffer.hpp"
#include "fs/page_view.hpp"

namespace sos::fs {

/// The process for which a request is made: its slot in the process table, and which life of that
/// slot. Generation 0 is the server itself, whose requests are never cancelled.
struct Owner {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    friend constexpr bool operator==(Owner, Owner) = default;
};

inline constexpr std::uint32_t max_processes = 512;

/// Files open at once, of all processes together; the next open is refused with too_many_files.
inline constexpr std::uint32_t max_open_files = 8192;

/// An open file at the file server. A stale one is refused with bad_descriptor, never mistaken.
struct FileHandle {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;  // 0: no file
    friend constexpr bool operator==(FileHandle, FileHandle) = default;
};

/// Together with the O_* flags of open: the file is opened to be run, which needs the right to
/// execute it, not that to read it.
inline constexpr std::uint64_t open_to_execute = 1ull << 33;
/// And the server need not be asked about what it has told a short time ago.
inline constexpr std::uint64_t open_if_known = 1ull << 34;

enum class Operation : std::uint8_t {
    open,
    close,
    read,
    write,
    append,
    status,
    truncate,
    sync,
    sync_all,  // of all files
    read_directory,
    status_path,
    access,
    unlink,
    make_directory,
    remove_directory,
    rename,
    change_mode,
    read_link,
};

struct Request {
    Operation operation;
    bool follow_links = true;
    bool abandon = false;  // close: without waiting until all that was written is safe
    Owner owner{};
    FileHandle file{};
    std::string_view path{};
    std::string_view second_path{};
    std::uint64_t flags = 0;
    std::uint64_t offset = 0;  // or size, or position
    std::uint32_t mode = 0;
    std::span<const IoBuffer> buffers{};
    std::span<std::byte> into{};          // entries of a directory, text of a link
    PageViews* views = nullptr;           // read: where views of what comes next may go, or null
    ReadWindow* window = nullptr;         // read: a window for what comes next, or null
    WriteWindow* write_window = nullptr;  // write, append: one for what comes behind, or null

    // The answer. `value`: bytes transferred.
    bool failed = true;
    Error error = Error::io_error;
    std::uint64_t value = 0;
    std::uint64_t position = 0;
    FileHandle opened{};
    abi::FileStatus file_status{};
};

}  // namespace sos::fs
