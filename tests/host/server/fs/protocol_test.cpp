// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/protocol.hpp"

#include <gtest/gtest.h>

namespace sos::fs::nfs {
namespace {

TEST(Protocol, translates_every_status) {
    const struct {
        nfsstat3 status;
        Error error;
    } rows[] = {
        {NFS3ERR_PERM, Error::not_permitted},
        {NFS3ERR_NOENT, Error::not_found},
        {NFS3ERR_IO, Error::io_error},
        {NFS3ERR_NXIO, Error::not_supported},
        {NFS3ERR_ACCES, Error::access_denied},
        {NFS3ERR_EXIST, Error::exists},
        {NFS3ERR_XDEV, Error::cross_device},
        {NFS3ERR_NODEV, Error::not_supported},
        {NFS3ERR_NOTDIR, Error::not_directory},
        {NFS3ERR_ISDIR, Error::is_directory},
        {NFS3ERR_INVAL, Error::bad_argument},
        {NFS3ERR_FBIG, Error::file_too_big},
        {NFS3ERR_NOSPC, Error::no_space},
        {NFS3ERR_ROFS, Error::read_only_file_system},
        {NFS3ERR_MLINK, Error::too_many_links},
        {NFS3ERR_NAMETOOLONG, Error::name_too_long},
        {NFS3ERR_NOTEMPTY, Error::not_empty},
        {NFS3ERR_DQUOT, Error::quota_exceeded},
        {NFS3ERR_STALE, Error::stale_handle},
        {NFS3ERR_REMOTE, Error::cross_device},
        {NFS3ERR_BADHANDLE, Error::stale_handle},
        {NFS3ERR_NOT_SYNC, Error::protocol_error},
        {NFS3ERR_BAD_COOKIE, Error::stale_handle},
        {NFS3ERR_NOTSUPP, Error::not_supported},
        {NFS3ERR_TOOSMALL, Error::protocol_error},
        {NFS3ERR_SERVERFAULT, Error::io_error},
        {NFS3ERR_BADTYPE, Error::not_supported},
        {NFS3ERR_JUKEBOX, Error::busy},
    };
    for (const auto& row : rows) EXPECT_EQ(to_error(row.status), row.error) << row.status;
    EXPECT_EQ(to_error(static_cast<nfsstat3>(4711)), Error::protocol_error);
    EXPECT_EQ(to_error(static_cast<mountstat3>(4711)), Error::protocol_error);
    EXPECT_EQ(to_error(MNT3ERR_ACCES), Error::access_denied);
}

TEST(Protocol, translates_attributes) {
    fattr3 attributes{};
    attributes.type = NF3DIR;
    attributes.mode = 01755;
    attributes.size = 1ull << 40;
    attributes.mtime = {0xffff'ffff, 999'999'999};
    const abi::FileStatus status = to_file_status(attributes);
    EXPECT_EQ(status.mode, 0041755u);
    EXPECT_EQ(status.type, abi::FileType::directory);
    EXPECT_EQ(status.size, 1ull << 40);
    EXPECT_EQ(status.mtime_ns, 4294967295'999'999'999);
    EXPECT_EQ(to_entry_type(NF3LNK), 10);
    EXPECT_EQ(to_entry_type(static_cast<ftype3>(0)), 0);
    EXPECT_EQ(owner_permissions(0750), 7u);
    EXPECT_EQ(owner_permissions(0077), 0u);
}

TEST(Protocol, keeps_handles_of_possible_sizes_only) {
    ServerHandle handle;
    char bytes[65] = "abc";
    EXPECT_FALSE(handle.assign(bytes, 65));
    EXPECT_FALSE(handle.assign(bytes, 0));
    EXPECT_TRUE(handle.assign(bytes, 64));
    ServerHandle shorter;
    EXPECT_TRUE(shorter.assign(bytes, 3));
    EXPECT_FALSE(handle == shorter);
    EXPECT_EQ(shorter.argument().data.data_len, 3u);
}

}  // namespace
}  // namespace sos::fs::nfs
