// SPDX-License-Identifier: BSD-2-Clause
#include "fs/client.hpp"

#include "base/scope_exit.hpp"
#include "fs/work.hpp"
#include "sel4/syscalls.hpp"
#include "sync/thread_block.hpp"

namespace sos::fs {

Request Client::start(Operation operation) {
    Request request{.operation = operation};
    request.owner = owner_;
    return request;
}

Result<std::uint64_t> Client::call(Request& request) {
    assert_no_lock_held();
    const ShareOfWork counted;
    const sel4::Received answer =
        sel4::call(endpoint_, abi::MessageInfo::make(0, 1),
                   {{reinterpret_cast<std::uintptr_t>(&request), 0, 0, 0}});
    if (answer.info.label() != 0) return std::unexpected(Error::kernel_refused);
    if (request.failed) return std::unexpected(request.error);
    return request.value;
}

Result<FileHandle> Client::open(std::string_view path, std::uint64_t flags, std::uint32_t mode) {
    Request request = start(Operation::open);
    request.path = path;
    request.flags = flags;
    request.mode = mode;
    request.follow_links = (flags & abi::open_flags::no_follow) == 0;
    TRY(call(request));
    return request.opened;
}

Result<OpenedProgram> Client::open_program(std::string_view path, Known known) {
    Request request = start(Operation::open);
    request.path = path;
    request.flags = open_to_execute | (known == Known::use ? open_if_known : 0);
    TRY(call(request));
    return OpenedProgram{.handle = request.opened, .status = request.file_status};
}

Result<void> Client::close(FileHandle file) {
    if (viewed_ == file) viewed_ = {};
    Request request = start(Operation::close);
    request.file = file;
    TRY(call(request));
    return {};
}

Result<std::size_t> Client::transfer(Operation operation, FileHandle file, std::uint64_t offset,
                                     std::span<const IoBuffer> buffers, WriteWindow* window,
                                     std::uint64_t* position) {
    base::ScopeExit release([&] { release_pins(buffers); });
    if (buffers.size() > max_io_buffers || total_size(buffers) > max_io_bytes) {
        return std::unexpected(Error::bad_argument);
    }
    Request request = start(operation);
    request.file = file;
    request.offset = offset;
    request.buffers = buffers;
    request.write_window = window;
    if (operation == Operation::read) {
        viewed_ = file;
        views_.count = 0;
        request.views = &views_;
    }
    // The file server touches the buffers only before it answers.
    const std::uint64_t bytes = TRY(call(request));
    if (position != nullptr) *position = request.position;
    return bytes;
}

Result<std::size_t> Client::read(FileHandle file, std::uint64_t offset,
                                 std::span<const IoBuffer> into) {
    if (viewed_ == file && views_.read(offset, into)) {
        release_pins(into);
        return total_size(into);
    }
    return transfer(Operation::read, file, offset, into, nullptr, nullptr);
}

Result<std::size_t> Client::read_and_arm(FileHandle file, std::uint64_t offset,
                                         std::span<const IoBuffer> into, ReadWindow& window) {
    base::ScopeExit release([&] { release_pins(into); });
    Request request = start(Operation::read);
    request.file = file;
    request.offset = offset;
    request.buffers = into;
    request.window = &window;
    return call(request);
}

Result<std::size_t> Client::write(FileHandle file, std::uint64_t offset,
                                  std::span<const IoBuffer> from, WriteWindow* window) {
    return transfer(Operation::write, file, offset, from, window, nullptr);
}

Result<Appended> Client::append(FileHandle file, std::span<const IoBuffer> from,
                                WriteWindow* window) {
    Appended done;
    done.bytes = TRY(transfer(Operation::append, file, 0, from, window, &done.position));
    return done;
}

Result<abi::FileStatus> Client::status(FileHandle file) {
    Request request = start(Operation::status);
    request.file = file;
    TRY(call(request));
    return request.file_status;
}

Result<void> Client::truncate(FileHandle file, std::uint64_t size) {
    Request request = start(Operation::truncate);
    request.file = file;
    request.offset = size;
    TRY(call(request));
    return {};
}

Result<void> Client::sync(FileHandle file) {
    Request request = start(Operation::sync);
    request.file = file;
    TRY(call(request));
    return {};
}

Result<void> Client::sync_all() {
    Request request = start(Operation::sync_all);
    TRY(call(request));
    return {};
}

Result<std::size_t> Client::read_directory(FileHandle file, std::uint64_t position,
                                           std::span<std::byte> into) {
    Request request = start(Operation::read_directory);
    request.file = file;
    request.offset = position;
    request.into = into;
    return call(request);
}

Result<abi::FileStatus> Client::status(std::string_view path, FollowLinks follow) {
    Request request = start(Operation::status_path);
    request.path = path;
    request.follow_links = follow == FollowLinks::yes;
    TRY(call(request));
    return request.file_status;
}

Result<void> Client::access(std::string_view path, std::uint32_t mode) {
    Request request = start(Operation::access);
    request.path = path;
    request.mode = mode;
    TRY(call(request));
    return {};
}

Result<void> Client::unlink(std::string_view path) {
    Request request = start(Operation::unlink);
    request.path = path;
    request.follow_links = false;
    TRY(call(request));
    return {};
}

Result<void> Client::make_directory(std::string_view path, std::uint32_t mode) {
    Request request = start(Operation::make_directory);
    request.path = path;
    request.mode = mode;
    request.follow_links = false;
    TRY(call(request));
    return {};
}

Result<void> Client::remove_directory(std::string_view path) {
    Request request = start(Operation::remove_directory);
    request.path = path;
    request.follow_links = false;
    TRY(call(request));
    return {};
}

Result<void> Client::rename(std::string_view from, std::string_view to) {
    Request request = start(Operation::rename);
    request.path = from;
    request.second_path = to;
    request.follow_links = false;
    TRY(call(request));
    return {};
}

Result<void> Client::change_mode(std::string_view path, std::uint32_t mode) {
    Request request = start(Operation::change_mode);
    request.path = path;
    request.mode = mode;
    TRY(call(request));
    return {};
}

Result<std::size_t> Client::read_link(std::string_view path, std::span<char> into) {
    Request request = start(Operation::read_link);
    request.path = path;
    request.follow_links = false;
    request.into = std::as_writable_bytes(into);
    return call(request);
}

}  // namespace sos::fs
