// SPDX-License-Identifier: BSD-2-Clause
// The RPCs of page I/O. What the server cuts short goes on where it ended.
#include <algorithm>
#include <cstring>

#include "fs/pager/crc32.hpp"
#include "fs/pager/lane.hpp"

namespace sos::fs::pager {

namespace {

constexpr std::size_t page_size = 4096;
static_assert(max_page_run * page_size <= nfs::preferred_transfer);

/// One WRITE's data in one piece, as libnfs wants it; it copies this before the call returns.
alignas(64) char write_staging[nfs::preferred_transfer];

std::uint64_t start_of(const PageIo& io) {
    return io.kind == PageIoKind::read_file ? io.offset : io.slot * page_size;
}

std::uint32_t size_of(const PageIo& io) {
    return io.kind == PageIoKind::read_file ? io.bytes
                                            : static_cast<std::uint32_t>(io.count * page_size);
}

std::uint64_t to_word(std::int64_t nanoseconds) {
    constexpr std::int64_t second = 1'000'000'000;
    return nfs::to_word({.seconds = static_cast<std::uint32_t>(nanoseconds / second),
                         .nseconds = static_cast<std::uint32_t>(nanoseconds % second)});
}

nfs::Fingerprint fingerprint(const FileVersion& version) {
    return {version.size, to_word(version.mtime_ns), to_word(version.ctime_ns)};
}

void compute_checksums(PageIo& io, std::span<const char> bytes) {
    for (std::size_t i = 0; i < io.count; ++i) {
        io.checksums[i] = crc32(std::as_bytes(bytes.subspan(i * page_size, page_size)));
    }
}

}  // namespace

void Lane::send_read(Job& job, const nfs::ServerHandle& file) {
    job.asked = std::min(size_of(*job.io) - job.done, connection_.max_read());
    READ3args arguments{
        .file = file.argument(), .offset = start_of(*job.io) + job.done, .count = job.asked};
    sent(job, rpc_nfs3_read_async(connection_.rpc(), receive<READ3res, &Lane::on_read>, &arguments,
                                  token_of(job)));
}

/// False when the cache has not all of it; what it had is there then all the same.
bool Lane::read_from_cache(const PageIo& io) {
    const nfs::Fingerprint version = fingerprint(io.version);
    std::uint32_t done = 0;
    while (done < io.bytes) {
        const std::uint32_t at = io.inside + done;
        const auto inside = static_cast<std::uint32_t>(at % page_size);
        const auto piece = std::min<std::uint32_t>(io.bytes - done,
                                                   static_cast<std::uint32_t>(page_size) - inside);
        const std::span into(io.pages[at / page_size] + inside, piece);
        if (!host_.read_cached(io.file, version, io.offset + done, into)) return false;
        done += piece;
    }
    return true;
}

/// Bytes of the transfer, from job.done on, to their pages.
void Lane::put_bytes(Job& job, const char* data, std::size_t size) {
    PageIo& io = *job.io;
    std::size_t at = io.inside + job.done;
    job.done += static_cast<std::uint32_t>(size);
    while (size > 0) {
        const std::size_t inside = at % page_size;
        const std::size_t piece = std::min(size, page_size - inside);
        std::memcpy(io.pages[at / page_size] + inside, data, piece);
        at += piece;
        data += piece;
        size -= piece;
    }
}

void Lane::on_read(Job& job, const READ3res& result) {
    if (!accept_status(job, result.status)) return;
    const READ3resok& got = result.READ3res_u.resok;
    if (got.data.data_len > job.asked) return fail(job, Error::protocol_error);
    const bool executable = job.io->kind == PageIoKind::read_file;
    if (executable && got.file_attributes.attributes_follow != 0) {
        if (!same_version(job, got.file_attributes.post_op_attr_u.attributes)) return;
        host_.keep_contents(job.io->file, fingerprint(job.io->version),
                            start_of(*job.io) + job.done,
                            std::as_bytes(std::span(got.data.data_val, got.data.data_len)));
    } else if (executable) {
        job.check_version = true;
    }
    put_bytes(job, got.data.data_val, got.data.data_len);
    if (job.done == size_of(*job.io)) {
        return executable && job.check_version ? wait(job) : read_done(job);
    }
    if (got.eof == 0 && got.data.data_len > 0) {
        job.check_version = false;
        return wait(job);
    }
    // The file ends too early: it was cut.
    fail(job, executable ? Error::executable_changed : Error::page_lost);
}

void Lane::read_done(Job& job) {
    PageIo& io = *job.io;
    if (io.kind == PageIoKind::read_slots) {
        for (std::size_t i = 0; i < io.count; ++i) {
            io.checksums[i] = crc32({io.pages[i], page_size});
        }
    }
    finish(job);
}

/// Is the executable the file that was opened? Else the job has failed, or is done again.
bool Lane::same_version(Job& job, const fattr3& attributes) {
    const nfs::Fingerprint opened = fingerprint(job.io->version);
    switch (host_.compare_versions(job.io->file, opened, nfs::fingerprint(attributes))) {
        case nfs::Sameness::same:
            return true;
        case nfs::Sameness::changed:
            fail(job, Error::executable_changed);
            return false;
        case nfs::Sameness::not_known_yet:
            job.not_before_us = now_us_ + look_again_us;
            wait(job);
            return false;
    }
    return false;
}

void Lane::send_version_check(Job& job, const nfs::ServerHandle& file) {
    GETATTR3args arguments{.object = file.argument()};
    sent(job, rpc_nfs3_getattr_async(connection_.rpc(), receive<GETATTR3res, &Lane::on_version>,
                                     &arguments, token_of(job)));
}

void Lane::on_version(Job& job, const GETATTR3res& result) {
    if (!accept_status(job, result.status)) return;
    if (same_version(job, result.GETATTR3res_u.resok.obj_attributes)) read_done(job);
}

void Lane::send_write(Job& job) {
    PageIo& io = *job.io;
    if (job.done == 0) {
        for (std::size_t i = 0; i < io.count; ++i) {
            std::memcpy(write_staging + i * page_size, io.pages[i], page_size);
        }
        // Of what is sent: a page that changes meanwhile gives its slot up.
        compute_checksums(io, write_staging);
    } else {
        // The rest of what a server has cut short: once more from the pages.
        for (std::size_t at = job.done; at < size_of(io); at += page_size - at % page_size) {
            std::memcpy(write_staging + at, io.pages[at / page_size] + at % page_size,
                        page_size - at % page_size);
        }
    }
    job.asked = std::min(size_of(io) - job.done, connection_.max_write());
    WRITE3args arguments{};
    arguments.file = page_file_.argument();
    arguments.offset = start_of(io) + job.done;
    arguments.count = job.asked;
    // Never committed: a server that loses the pages in a crash is found out by their checksums.
    arguments.stable = UNSTABLE;
    arguments.data = {job.asked, write_staging + job.done};
    sent(job, rpc_nfs3_write_async(connection_.rpc(), receive<WRITE3res, &Lane::on_write>,
                                   &arguments, token_of(job)));
}

void Lane::on_write(Job& job, const WRITE3res& result) {
    if (!accept_status(job, result.status)) return;
    const WRITE3resok& put = result.WRITE3res_u.resok;
    if (put.count > job.asked) return fail(job, Error::protocol_error);
    if (put.count == 0) return fail(job, Error::io_error);
    job.done += put.count;
    job.done == size_of(*job.io) ? finish(job) : wait(job);
}

}  // namespace sos::fs::pager
