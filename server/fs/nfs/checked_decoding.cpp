// SPDX-License-Identifier: BSD-2-Clause
// libnfs's decoder believes the lengths in a server's reply: one of them can make it read and write
// anywhere. So the linker puts these functions in front of the decoder's own (--wrap, see
// CMakeLists.txt), which look at each length before it does. What they refuse is a reply that
// cannot be decoded, and an error for the one that waits for it.
#include <cstdint>
#include <cstring>

#include "fs/nfs/libnfs.hpp"

namespace sos::fs::nfs {

namespace {

/// Links of a list that one reply may have: decoding goes one level deeper with each.
constexpr int max_depth = 1024;
/// Bytes of all elements of an array (libnfs multiplies them in 32 bits).
constexpr std::uint64_t max_array_bytes = 1 << 20;
constexpr std::uint32_t max_verifier = 400;  // RFC 5531, 8.2

constinit int depth = 0;

bool decoding(const ZDR* zdrs) {
    return zdrs->x_op == ZDR_DECODE;
}

std::uint64_t left(const ZDR* zdrs) {
    if (zdrs->pos < 0 || zdrs->size < zdrs->pos) return 0;
    return static_cast<std::uint64_t>(zdrs->size - zdrs->pos);
}

/// The word `offset` bytes from here; false when the reply ends before it.
bool peek(const ZDR* zdrs, std::uint64_t offset, std::uint32_t& value) {
    if (left(zdrs) < offset + 4) return false;
    unsigned char bytes[4];
    std::memcpy(bytes, zdrs->buf + zdrs->pos + offset, sizeof(bytes));
    value = static_cast<std::uint32_t>(bytes[0]) << 24 |
            static_cast<std::uint32_t>(bytes[1]) << 16 | static_cast<std::uint32_t>(bytes[2]) << 8 |
            bytes[3];
    return true;
}

/// Is there a length here, followed by as many bytes, filled up to a multiple of 4?
bool counted_bytes_fit(const ZDR* zdrs, std::uint32_t max_size) {
    std::uint32_t size;
    if (!peek(zdrs, 0, size) || size > max_size) return false;
    return (std::uint64_t{size} + 3) / 4 * 4 <= left(zdrs) - 4;
}

}  // namespace

}  // namespace sos::fs::nfs

using namespace sos::fs::nfs;

extern "C" {

bool_t __real_libnfs_zdr_bytes(ZDR*, char**, std::uint32_t*, std::uint32_t);
bool_t __real_libnfs_zdr_string(ZDR*, char**, std::uint32_t);
bool_t __real_libnfs_zdr_opaque(ZDR*, char*, std::uint32_t);
bool_t __real_libnfs_zdr_array(ZDR*, char**, std::uint32_t*, std::uint32_t, std::uint32_t,
                               zdrproc_t);
bool_t __real_libnfs_zdr_pointer(ZDR*, char**, std::uint32_t, zdrproc_t);
bool_t __real_libnfs_zdr_replymsg(rpc_context*, ZDR*, rpc_msg*);

bool_t __wrap_libnfs_zdr_bytes(ZDR* zdrs, char** bytes, std::uint32_t* size,
                               std::uint32_t max_size) {
    if (decoding(zdrs) && !counted_bytes_fit(zdrs, max_size)) return 0;
    return __real_libnfs_zdr_bytes(zdrs, bytes, size, max_size);
}

bool_t __wrap_libnfs_zdr_string(ZDR* zdrs, char** text, std::uint32_t max_size) {
    if (decoding(zdrs) && !counted_bytes_fit(zdrs, max_size)) return 0;
    return __real_libnfs_zdr_string(zdrs, text, max_size);
}

bool_t __wrap_libnfs_zdr_opaque(ZDR* zdrs, char* bytes, std::uint32_t size) {
    if (decoding(zdrs) && size > left(zdrs)) return 0;
    return __real_libnfs_zdr_opaque(zdrs, bytes, size);
}

bool_t __wrap_libnfs_zdr_array(ZDR* zdrs, char** elements, std::uint32_t* count,
                               std::uint32_t max_count, std::uint32_t element_size,
                               zdrproc_t element) {
    if (decoding(zdrs)) {
        std::uint32_t announced;
        if (!peek(zdrs, 0, announced) || announced > max_count) return 0;
        // No element takes less than a word of the reply.
        if (announced > left(zdrs) / 4) return 0;
        if (std::uint64_t{announced} * element_size > max_array_bytes) return 0;
    }
    return __real_libnfs_zdr_array(zdrs, elements, count, max_count, element_size, element);
}

bool_t __wrap_libnfs_zdr_pointer(ZDR* zdrs, char** object, std::uint32_t size, zdrproc_t decode) {
    if (depth >= max_depth) return 0;
    ++depth;
    const bool_t result = __real_libnfs_zdr_pointer(zdrs, object, size, decode);
    --depth;
    return result;
}

/// The results are decoded by the functions above; the header before them is looked at here: xid,
/// direction, status, and for an accepted call the verifier with its length.
bool_t __wrap_libnfs_zdr_replymsg(rpc_context* rpc, ZDR* zdrs, rpc_msg* message) {
    depth = 0;  // after a reply that was left in the middle
    std::uint32_t status;
    if (!peek(zdrs, 8, status)) return 0;
    if (status == MSG_ACCEPTED) {
        std::uint32_t verifier_size;
        if (!peek(zdrs, 16, verifier_size) || verifier_size > max_verifier) return 0;
        if ((std::uint64_t{verifier_size} + 3) / 4 * 4 > left(zdrs) - 20) return 0;
    }
    return __real_libnfs_zdr_replymsg(rpc, zdrs, message);
}
}
