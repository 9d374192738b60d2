// SPDX-License-Identifier: BSD-2-Clause
// NFSv3's values (RFC 1813) in SOS's terms: error codes, attributes, file handles.
#pragma once

#include <cstdint>
#include <cstring>

#include "abi/sos_file.hpp"
#include "error.hpp"
#include "fs/nfs/libnfs.hpp"

namespace sos::fs::nfs {

/// By what a change of a file's contents is told.
struct Fingerprint {
    std::uint64_t size = 0;
    std::uint64_t modified = 0;  // seconds in the upper half, nanoseconds in the lower
    std::uint64_t changed = 0;
    friend constexpr bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

constexpr std::uint64_t to_word(const nfstime3& time) {
    return std::uint64_t{time.seconds} << 32 | time.nseconds;
}
constexpr Fingerprint fingerprint(const fattr3& attributes) {
    return {attributes.size, to_word(attributes.mtime), to_word(attributes.ctime)};
}
constexpr Fingerprint fingerprint(const wcc_attr& attributes) {
    return {attributes.size, to_word(attributes.mtime), to_word(attributes.ctime)};
}

/// For every value but NFS3_OK; codes that RFC 1813 does not know are protocol errors.
Error to_error(nfsstat3 status);
Error to_error(mountstat3 status);

/// By which an object is named at the server: opaque bytes, copied out of a reply.
struct ServerHandle {
    std::uint32_t size = 0;
    char bytes[NFS3_FHSIZE]{};

    /// False, and no change, when the server's handle is longer than the protocol allows.
    [[nodiscard]] bool assign(const char* data, std::size_t length) {
        if (length > sizeof(bytes) || length == 0) return false;
        std::memcpy(bytes, data, length);
        size = static_cast<std::uint32_t>(length);
        return true;
    }
    [[nodiscard]] bool assign(const nfs_fh3& handle) {
        return assign(handle.data.data_val, handle.data.data_len);
    }
    /// As an argument; libnfs encodes it before the call returns and never writes to it.
    nfs_fh3 argument() const { return {{size, const_cast<char*>(bytes)}}; }

    friend bool operator==(const ServerHandle& a, const ServerHandle& b) {
        return a.size == b.size && std::memcmp(a.bytes, b.bytes, a.size) == 0;
    }
};

inline constexpr std::uint32_t preferred_transfer = 64 * 1024;

abi::FileStatus to_file_status(const fattr3& attributes);

/// The permission bits that count in SOS, which acts as the owner of all files: 4, 2 and 1.
constexpr std::uint32_t owner_permissions(std::uint32_t mode) {
    return (mode >> 6) & 7;
}

/// d_type of a directory entry.
std::uint8_t to_entry_type(ftype3 type);

}  // namespace sos::fs::nfs
