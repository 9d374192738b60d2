// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/protocol.hpp"

namespace sos::fs::nfs {

Error to_error(nfsstat3 status) {
    switch (status) {
        case NFS3ERR_PERM:
            return Error::not_permitted;
        case NFS3ERR_NOENT:
            return Error::not_found;
        case NFS3_OK:  // not an error: the caller took a good reply for a bad one
        case NFS3ERR_IO:
        case NFS3ERR_SERVERFAULT:
            return Error::io_error;
        case NFS3ERR_NXIO:
        case NFS3ERR_NODEV:
        case NFS3ERR_NOTSUPP:
        case NFS3ERR_BADTYPE:
            return Error::not_supported;
        case NFS3ERR_ACCES:
            return Error::access_denied;
        case NFS3ERR_EXIST:
            return Error::exists;
        case NFS3ERR_XDEV:
        case NFS3ERR_REMOTE:
            return Error::cross_device;
        case NFS3ERR_NOTDIR:
            return Error::not_directory;
        case NFS3ERR_ISDIR:
            return Error::is_directory;
        case NFS3ERR_INVAL:
            return Error::bad_argument;
        case NFS3ERR_FBIG:
            return Error::file_too_big;
        case NFS3ERR_NOSPC:
            return Error::no_space;
        case NFS3ERR_ROFS:
            return Error::read_only_file_system;
        case NFS3ERR_MLINK:
            return Error::too_many_links;
        case NFS3ERR_NAMETOOLONG:
            return Error::name_too_long;
        case NFS3ERR_NOTEMPTY:
            return Error::not_empty;
        case NFS3ERR_DQUOT:
            return Error::quota_exceeded;
        case NFS3ERR_STALE:
        case NFS3ERR_BADHANDLE:
        case NFS3ERR_BAD_COOKIE:
            return Error::stale_handle;
        case NFS3ERR_NOT_SYNC:
        case NFS3ERR_TOOSMALL:
            return Error::protocol_error;
        case NFS3ERR_JUKEBOX:
            return Error::busy;
    }
    return Error::protocol_error;
}

Error to_error(mountstat3 status) {
    switch (status) {
        case MNT3ERR_PERM:
            return Error::not_permitted;
        case MNT3ERR_NOENT:
            return Error::not_found;
        case MNT3_OK:
        case MNT3ERR_IO:
        case MNT3ERR_SERVERFAULT:
            return Error::io_error;
        case MNT3ERR_ACCES:
            return Error::access_denied;
        case MNT3ERR_NOTDIR:
            return Error::not_directory;
        case MNT3ERR_INVAL:
            return Error::bad_argument;
        case MNT3ERR_NAMETOOLONG:
            return Error::name_too_long;
        case MNT3ERR_NOTSUPP:
            return Error::not_supported;
    }
    return Error::protocol_error;
}

namespace {

constexpr std::int64_t to_nanoseconds(const nfstime3& time) {
    return std::int64_t{time.seconds} * 1'000'000'000 + time.nseconds;
}

struct TypeRow {
    ftype3 type;
    std::uint32_t mode_bits;
    abi::FileType file_type;
};

constexpr TypeRow type_rows[] = {
    {NF3REG, 0100000, abi::FileType::regular},  {NF3DIR, 0040000, abi::FileType::directory},
    {NF3BLK, 0060000, abi::FileType::special},  {NF3CHR, 0020000, abi::FileType::special},
    {NF3LNK, 0120000, abi::FileType::symlink},  {NF3SOCK, 0140000, abi::FileType::special},
    {NF3FIFO, 0010000, abi::FileType::special},
};

constexpr TypeRow row_of(ftype3 type) {
    for (const TypeRow& row : type_rows) {
        if (row.type == type) return row;
    }
    return {type, 0, abi::FileType::special};
}

}  // namespace

abi::FileStatus to_file_status(const fattr3& attributes) {
    const TypeRow row = row_of(attributes.type);
    return {.file_id = attributes.fileid,
            .size = attributes.size,
            .used = attributes.used,
            .atime_ns = to_nanoseconds(attributes.atime),
            .mtime_ns = to_nanoseconds(attributes.mtime),
            .ctime_ns = to_nanoseconds(attributes.ctime),
            .mode = row.mode_bits | (attributes.mode & 07777),
            .links = attributes.nlink,
            .uid = attributes.uid,
            .gid = attributes.gid,
            .type = row.file_type,
            .block_size = preferred_transfer};
}

std::uint8_t to_entry_type(ftype3 type) {
    // DT_* are the type bits of the mode, shifted down.
    return static_cast<std::uint8_t>(row_of(type).mode_bits >> 12);
}

}  // namespace sos::fs::nfs
