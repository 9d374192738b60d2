// SPDX-License-Identifier: BSD-2-Clause
// libc's calls that move data between files and memory.
#include <string.h>
#include <sys/uio.h>

#include "call.hpp"
#include "vsyscall.hpp"

using abi::SosSyscall;

namespace sosapi {
namespace {

// libc's streams pass what they have buffered and what is new as two pieces. Up to this size the
// pieces are joined, so that a line is one call and comes out whole.
constexpr std::size_t joined_size = 4096;
constexpr long max_pieces = 1024;

struct Pieces {
    const iovec* first;
    long count;

    /// Sum of the sizes, or -EINVAL.
    long total() const {
        if (count < 0 || count > max_pieces) return -EINVAL;
        std::size_t sum = 0;
        for (long i = 0; i < count; ++i) {
            if (first[i].iov_len > static_cast<std::size_t>(INT64_MAX) - sum) return -EINVAL;
            sum += first[i].iov_len;
        }
        return static_cast<long>(sum);
    }

    /// The first piece that is not empty; there is one if total() is above 0.
    const iovec& first_used() const {
        long i = 0;
        while (first[i].iov_len == 0) ++i;
        return first[i];
    }
};

void gather(const Pieces& pieces, char* to) {
    for (long i = 0; i < pieces.count; ++i) {
        if (pieces.first[i].iov_len == 0) continue;  // its address need not be one
        memcpy(to, pieces.first[i].iov_base, pieces.first[i].iov_len);
        to += pieces.first[i].iov_len;
    }
}

void scatter(const Pieces& pieces, const char* from, std::size_t size) {
    for (long i = 0; size > 0; ++i) {
        const std::size_t part = size < pieces.first[i].iov_len ? size : pieces.first[i].iov_len;
        if (part == 0) continue;
        memcpy(pieces.first[i].iov_base, from, part);
        from += part;
        size -= part;
    }
}

/// Reads into the pieces. A short count is always allowed, so a large request is satisfied from
/// its first piece: what follows comes with the caller's next call.
template <typename Read>
long read_pieces(const Pieces& pieces, Read read) {
    const long total = pieces.total();
    if (total < 0) return total;
    if (total == 0) return read(nullptr, 0);
    if (static_cast<std::size_t>(total) > joined_size) {
        const iovec& piece = pieces.first_used();
        return read(piece.iov_base, piece.iov_len);
    }
    char joined[joined_size];
    const long got = read(joined, static_cast<std::size_t>(total));
    if (got > 0) scatter(pieces, joined, static_cast<std::size_t>(got));
    return got;
}

template <typename Write>
long write_pieces(const Pieces& pieces, Write write) {
    const long total = pieces.total();
    if (total < 0) return total;
    if (total == 0) return write(nullptr, 0);
    if (static_cast<std::size_t>(total) > joined_size) {
        const iovec& piece = pieces.first_used();
        return write(piece.iov_base, piece.iov_len);
    }
    char joined[joined_size];
    gather(pieces, joined);
    return write(joined, static_cast<std::size_t>(total));
}

Pieces pieces_of(long first, long count) {
    return {reinterpret_cast<const iovec*>(first), count};
}

}  // namespace

long linux_read(long file, long data, long size, long, long, long) {
    return windows::read(static_cast<int>(file), reinterpret_cast<void*>(data),
                         static_cast<std::size_t>(size));
}

long linux_write(long file, long data, long size, long, long, long) {
    return windows::write(static_cast<int>(file), reinterpret_cast<const void*>(data),
                          static_cast<std::size_t>(size));
}

long linux_pread64(long file, long data, long size, long offset, long, long) {
    return result_of(call<SosSyscall::pread>(static_cast<int>(file), data, size, offset));
}

long linux_pwrite64(long file, long data, long size, long offset, long, long) {
    return result_of(call<SosSyscall::pwrite>(static_cast<int>(file), data, size, offset));
}

long linux_readv(long file, long first, long count, long, long, long) {
    return read_pieces(pieces_of(first, count), [file](void* data, std::size_t size) {
        return windows::read(static_cast<int>(file), data, size);
    });
}

long linux_writev(long file, long first, long count, long, long, long) {
    return write_pieces(pieces_of(first, count), [file](const void* data, std::size_t size) {
        return windows::write(static_cast<int>(file), data, size);
    });
}

long linux_preadv(long file, long first, long count, long offset, long, long) {
    return read_pieces(pieces_of(first, count), [file, offset](void* data, std::size_t size) {
        return result_of(call<SosSyscall::pread>(static_cast<int>(file), data, size, offset));
    });
}

long linux_pwritev(long file, long first, long count, long offset, long, long) {
    return write_pieces(
        pieces_of(first, count), [file, offset](const void* data, std::size_t size) {
            return result_of(call<SosSyscall::pwrite>(static_cast<int>(file), data, size, offset));
        });
}

}  // namespace sosapi
