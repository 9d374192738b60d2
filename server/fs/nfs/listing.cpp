// SPDX-License-Identifier: BSD-2-Clause
// Listings of open directories: READDIRPLUS, which tells the entries' types too, or READDIR where
// the server has no other.
#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {
constexpr count3 names_per_reply = 8 * 1024;   // bytes of names and cookies
constexpr count3 bytes_per_reply = 32 * 1024;  // with attributes and handles
}  // namespace

void Service::read_directory(Call& call) {
    OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    if (!file->node->directory) return fail(call, Error::not_directory);
    if (call.request->offset == 0) file->listing.clear(chunks_);
    list_on(call);
}

/// Answers from the listing, or reads on until it has the position that was asked for.
void Service::list_on(Call& call) {
    OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    const DirectorySnapshot& listing = file->listing;
    const std::uint64_t position = call.request->offset;
    if (position >= listing.entries() && !listing.complete) {
        return issue(call, &Service::send_list);
    }
    if (position > listing.entries()) return fail(call, Error::out_of_range);
    const Result<std::size_t> filled = listing.copy(position, call.request->into);
    if (!filled) return fail(call, filled.error());
    finish(call, *filled);
}

/// Puts one reply's entries behind the listing; false when the call has ended.
template <typename Entry, typename TypeOf>
bool Service::take_entries(Call& call, OpenFile& file, const Entry* entry, bool end,
                           const char* verifier, TypeOf type_of) {
    const std::uint64_t before = file.listing.cookie;
    for (; entry != nullptr; entry = entry->nextentry) {
        const std::string_view name = entry->name == nullptr ? "" : entry->name;
        file.listing.cookie = entry->cookie;
        if (hidden(file.node->handle, name)) continue;
        const Result<void> added = file.listing.add(chunks_, entry->fileid, type_of(*entry), name);
        if (!added) {
            file.listing.clear(chunks_);
            fail(call, added.error());
            return false;
        }
    }
    std::memcpy(file.listing.verifier, verifier, NFS3_COOKIEVERFSIZE);
    file.listing.complete = end;
    // A reply that is neither the end nor any progress would keep us asking for ever.
    if (!end && file.listing.cookie == before) {
        fail(call, Error::protocol_error);
        return false;
    }
    return true;
}

void Service::send_list(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    READDIRPLUS3args arguments{.dir = file->node->handle.argument(),
                               .cookie = file->listing.cookie,
                               .cookieverf = {},
                               .dircount = names_per_reply,
                               .maxcount = bytes_per_reply};
    std::memcpy(arguments.cookieverf, file->listing.verifier, NFS3_COOKIEVERFSIZE);
    Rpc::send<rpc_nfs3_readdirplus_async, &Service::on_list>(*this, call, arguments);
}

void Service::on_list(Call& call, const READDIRPLUS3res& result) {
    if (result.status == NFS3ERR_NOTSUPP) return issue(call, &Service::send_plain_list);
    if (!accept(call, result.status)) return;
    OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    const READDIRPLUS3resok& got = result.READDIRPLUS3res_u.resok;
    const auto type_of = [](const entryplus3& entry) {
        const post_op_attr& attributes = entry.name_attributes;
        return attributes.attributes_follow != 0
                   ? to_entry_type(attributes.post_op_attr_u.attributes.type)
                   : std::uint8_t{0};
    };
    if (take_entries(call, *file, got.reply.entries, got.reply.eof != 0, got.cookieverf, type_of)) {
        list_on(call);
    }
}

void Service::send_plain_list(Call& call) {
    const OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    READDIR3args arguments{.dir = file->node->handle.argument(),
                           .cookie = file->listing.cookie,
                           .cookieverf = {},
                           .count = names_per_reply};
    std::memcpy(arguments.cookieverf, file->listing.verifier, NFS3_COOKIEVERFSIZE);
    Rpc::send<rpc_nfs3_readdir_async, &Service::on_plain_list>(*this, call, arguments);
}

void Service::on_plain_list(Call& call, const READDIR3res& result) {
    if (!accept(call, result.status)) return;
    OpenFile* file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    const READDIR3resok& got = result.READDIR3res_u.resok;
    const auto type_unknown = [](const entry3&) { return std::uint8_t{0}; };
    if (take_entries(call, *file, got.reply.entries, got.reply.eof != 0, got.cookieverf,
                     type_unknown)) {
        list_on(call);
    }
}

}  // namespace sos::fs::nfs
