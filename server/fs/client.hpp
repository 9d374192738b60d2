// SPDX-License-Identifier: BSD-2-Clause
// Client: how a handler thread asks the file server for something. Each call is one IPC call that
// returns when the answer is there, or with `cancelled` when the process is being killed.
//
// One Client serves one thread and one call at a time. Paths are absolute, from the export's root,
// and normalised (fs/path.hpp): no ".", "..", empty component or trailing slash, except "/" itself.
// The request travels as a pointer into this object, which the file server uses only until it has
// answered: then nothing of the caller's memory is touched again.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "abi/sos_file.hpp"
#include "error.hpp"
#include "fs/file.hpp"
#include "fs/io_buffer.hpp"
#include "fs/request.hpp"
#include "sel4/types.hpp"

namespace sos::fs {

enum class FollowLinks : bool { no, yes };
/// May be used what is known of names (nfs/name_cache.hpp), or is the server to be asked?
enum class Known : bool { ask, use };

struct OpenedProgram {
    FileHandle handle{};
    abi::FileStatus status{};
};

class Client {
  public:
    /// `endpoint`: a cap with the right to call the file server (fs::endpoint(), or a copy).
    explicit Client(sel4::CPtr endpoint) : endpoint_(endpoint) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Whose requests these are, for fs::cancel. To be set before a process's first request.
    void set_owner(Owner owner) { owner_ = owner; }
    Owner owner() const { return owner_; }

    /// O_* flags of abi/sos_file.hpp (create, exclusive, truncate, directory, no_follow and
    /// sos_create are honoured here); `mode`: permission bits of a file that is created.
    Result<FileHandle> open(std::string_view path, std::uint64_t flags, std::uint32_t mode);
    /// To be run: needs the right to execute it. Also tells the attributes it was found with, for
    /// which the server is not asked again if it has told them a short time ago and `known` says
    /// that this will do.
    Result<OpenedProgram> open_program(std::string_view path, Known known);
    /// Always frees the handle. The error is one of an earlier write that was not yet reported.
    Result<void> close(FileHandle file);

    /// At most max_io_buffers pieces and max_io_bytes bytes; their pins are handed over, even when
    /// an error is returned. Fewer bytes than asked for: end of file, or full disk.
    Result<std::size_t> read(FileHandle file, std::uint64_t offset, std::span<const IoBuffer> into);
    /// Asks the file server in any case, which may arm the window with what follows.
    Result<std::size_t> read_and_arm(FileHandle file, std::uint64_t offset,
                                     std::span<const IoBuffer> into, ReadWindow& window);
    /// With a window: it may be armed for what comes behind.
    Result<std::size_t> write(FileHandle file, std::uint64_t offset, std::span<const IoBuffer> from,
                              WriteWindow* window = nullptr);
    /// Appends at what is the end of the file now; gives the position after the last byte too.
    Result<Appended> append(FileHandle file, std::span<const IoBuffer> from,
                            WriteWindow* window = nullptr);

    Result<abi::FileStatus> status(FileHandle file);
    Result<void> truncate(FileHandle file, std::uint64_t size);
    Result<void> sync(FileHandle file);
    /// For all files, also those that nobody has open any more.
    Result<void> sync_all();
    /// See File::read_directory.
    Result<std::size_t> read_directory(FileHandle file, std::uint64_t position,
                                       std::span<std::byte> into);

    Result<abi::FileStatus> status(std::string_view path, FollowLinks follow = FollowLinks::yes);
    /// `mode`: a sum of 4 (read), 2 (write), 1 (execute), or 0 (exists).
    Result<void> access(std::string_view path, std::uint32_t mode);
    Result<void> unlink(std::string_view path);
    Result<void> make_directory(std::string_view path, std::uint32_t mode);
    Result<void> remove_directory(std::string_view path);
    Result<void> rename(std::string_view from, std::string_view to);
    Result<void> change_mode(std::string_view path, std::uint32_t mode);
    /// How many bytes of `into` the link's text fills (cut to it, no NUL).
    Result<std::size_t> read_link(std::string_view path, std::span<char> into);

  private:
    Request start(Operation operation);
    Result<std::uint64_t> call(Request& request);
    Result<std::size_t> transfer(Operation operation, FileHandle file, std::uint64_t offset,
                                 std::span<const IoBuffer> buffers, WriteWindow* window,
                                 std::uint64_t* position);

    sel4::CPtr endpoint_;
    Owner owner_{};
    FileHandle viewed_{};  // the file that was read last, of which there are views
    PageViews views_;
};

/// An open file of the NFS server as a File of a process.
/// A new one, position 0; too_many_files when the system-wide table of open files is full.
Result<FileRef> open_file(Client& client, std::string_view path, std::uint64_t flags,
                          std::uint32_t mode);

struct Program {
    FileRef file{};
    abi::FileStatus status{};
};
/// The same for Client::open_program.
Result<Program> open_program(Client& client, std::string_view path, Known known);

}  // namespace sos::fs
