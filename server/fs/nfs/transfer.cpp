// SPDX-License-Identifier: BSD-2-Clause
// Data and attributes of open files. Every call states its own offset; a transfer that the server
// cuts short goes on where it ended, until it is whole, at the end of the file, or refused.
#include <algorithm>
#include <cstring>

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {

/// Copies between a flat piece of memory and a list of buffers, from byte `at` of the list on.
enum class Direction { into_buffers, from_buffers };

void copy(std::span<const IoBuffer> buffers, std::size_t at, char* flat, std::size_t size,
          Direction direction) {
    for (const IoBuffer& buffer : buffers) {
        if (size == 0) return;
        if (at >= buffer.size) {
            at -= buffer.size;
            continue;
        }
        const std::size_t piece = std::min(buffer.size - at, size);
        if (direction == Direction::into_buffers) {
            std::memcpy(buffer.data + at, flat, piece);
        } else {
            std::memcpy(flat, buffer.data + at, piece);
        }
        at = 0;
        flat += piece;
        size -= piece;
    }
}

/// One WRITE's data in one piece, as libnfs wants it; it copies this before the call returns.
alignas(64) char write_staging[preferred_transfer];

bool acceptable(const Request& request) {
    return request.buffers.size() <= max_io_buffers &&
           total_size(request.buffers) <= max_io_bytes &&
           request.offset <= INT64_MAX - max_io_bytes;
}

}  // namespace

void Service::read(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    if (file->directory) return fail(call, Error::is_directory);
    if (!acceptable(*call.request)) return fail(call, Error::bad_argument);
    call.offset = call.request->offset;
    if (total_size(call.request->buffers) == 0) return finish(call);
    issue(call, &Service::send_read);
}

void Service::send_read(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    call.asked = std::min<std::size_t>(total_size(call.request->buffers) - call.done,
                                       connection_.max_read());
    READ3args arguments{.file = file->handle.argument(),
                        .offset = call.offset + call.done,
                        .count = static_cast<count3>(call.asked)};
    Rpc::send<rpc_nfs3_read_async, &Service::on_read>(*this, call, arguments);
}

void Service::on_read(Call& call, const READ3res& result) {
    if (!accept(call, result.status)) return;
    const READ3resok& got = result.READ3res_u.resok;
    if (got.data.data_len > call.asked) return fail(call, Error::protocol_error);
    copy(call.request->buffers, call.done, got.data.data_val, got.data.data_len,
         Direction::into_buffers);
    call.done += got.data.data_len;
    const bool whole = call.done == total_size(call.request->buffers);
    if (whole || got.eof != 0 || got.data.data_len == 0) return finish(call, call.done);
    issue(call, &Service::send_read);
}

void Service::write(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    if (file->directory) return fail(call, Error::is_directory);
    if (!acceptable(*call.request)) return fail(call, Error::bad_argument);
    call.offset = call.request->offset;
    if (call.request->operation == Operation::append) {
        return issue(call, &Service::send_append_position);
    }
    if (total_size(call.request->buffers) == 0) return finish(call);
    issue(call, &Service::send_write);
}

void Service::send_append_position(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    GETATTR3args arguments{.object = file->handle.argument()};
    Rpc::send<rpc_nfs3_getattr_async, &Service::on_append_position>(*this, call, arguments);
}

void Service::on_append_position(Call& call, const GETATTR3res& result) {
    if (!accept(call, result.status)) return;
    call.offset = result.GETATTR3res_u.resok.obj_attributes.size;
    call.request->position = call.offset;
    if (call.offset > INT64_MAX - max_io_bytes) return fail(call, Error::file_too_big);
    if (total_size(call.request->buffers) == 0) return finish(call);
    issue(call, &Service::send_write);
}

void Service::send_write(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    call.asked = std::min<std::size_t>(total_size(call.request->buffers) - call.done,
                                       connection_.max_write());
    copy(call.request->buffers, call.done, write_staging, call.asked, Direction::from_buffers);
    WRITE3args arguments{};
    arguments.file = file->handle.argument();
    arguments.offset = call.offset + call.done;
    arguments.count = static_cast<count3>(call.asked);
    // Nothing keeps the data once the writer was answered, so a server that crashes must have it.
    arguments.stable = FILE_SYNC;
    arguments.data = {static_cast<u_int>(call.asked), write_staging};
    Rpc::send<rpc_nfs3_write_async, &Service::on_write>(*this, call, arguments);
}

void Service::on_write(Call& call, const WRITE3res& result) {
    // What was written before the disk was full counts; the next write meets the error.
    if (result.status == NFS3ERR_NOSPC && call.done > 0) return finish(call, call.done);
    if (!accept(call, result.status)) return;
    const WRITE3resok& put = result.WRITE3res_u.resok;
    if (put.count > call.asked) return fail(call, Error::protocol_error);
    if (put.count == 0) return fail(call, Error::io_error);
    if (put.committed != FILE_SYNC) return fail(call, Error::protocol_error);
    call.done += put.count;
    call.request->position = call.offset + call.done;
    if (call.done == total_size(call.request->buffers)) return finish(call, call.done);
    issue(call, &Service::send_write);
}

/// Every write is on the server's stable storage before it is answered.
void Service::sync(Call& call) {
    file_of(call) == nullptr ? fail(call, Error::bad_descriptor) : finish(call);
}

void Service::close(Call& call) {
    OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    open_files_.give(*file, chunks_);
    finish(call);
}

void Service::truncate(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    if (file->directory) return fail(call, Error::is_directory);
    if (call.request->offset > INT64_MAX) return fail(call, Error::bad_argument);
    issue(call, &Service::send_truncate);
}

void Service::send_truncate(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    SETATTR3args arguments{};
    arguments.object = file->handle.argument();
    arguments.new_attributes.size.set_it = 1;
    arguments.new_attributes.size.set_size3_u.size = call.request->offset;
    Rpc::send<rpc_nfs3_setattr_async, &Service::on_set_attributes>(*this, call, arguments);
}

void Service::status(Call& call) {
    if (file_of(call) == nullptr) return fail(call, Error::bad_descriptor);
    issue(call, &Service::send_status);
}

void Service::send_status(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    GETATTR3args arguments{.object = file->handle.argument()};
    Rpc::send<rpc_nfs3_getattr_async, &Service::on_status>(*this, call, arguments);
}

void Service::on_status(Call& call, const GETATTR3res& result) {
    if (!accept(call, result.status)) return;
    call.request->file_status = to_file_status(result.GETATTR3res_u.resok.obj_attributes);
    finish(call);
}

}  // namespace sos::fs::nfs
