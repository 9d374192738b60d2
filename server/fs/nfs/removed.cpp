// SPDX-License-Identifier: BSD-2-Clause
// Removing and replacing files that may be open (removed.hpp). Only when any file is open at all
// does the name have to be looked up first.
#include <cstring>
#include <span>

#include "base/format.hpp"
#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {

/// A name that no other file has: the object's number, and one of ours.
void make_name(Name& name, std::uint64_t file_id, std::uint64_t serial) {
    std::size_t size = 0;
    base::format_to(
        [&](char c) {
            if (size < max_name) name.text[size++] = c;
        },
        ".sos-removed-{}-{}", file_id, serial);
    name.text[size] = '\0';
}

}  // namespace

/// `directory` and `name` are to go: by unlink, or because rename puts another file there.
void Service::remove_name(Call& call) {
    if (open_files_.count() == 0) return name_is_free(call);
    issue(call, &Service::send_remove_lookup);
}

void Service::send_remove_lookup(Call& call) {
    LOOKUP3args arguments{.what = {call.directory.argument(), call.name.argument()}};
    Rpc::send<rpc_nfs3_lookup_async, &Service::on_remove_lookup>(*this, call, arguments);
}

void Service::on_remove_lookup(Call& call, const LOOKUP3res& result) {
    // The operation itself will say what is wrong.
    if (result.status == NFS3ERR_NOENT) return name_is_free(call);
    if (!accept(call, result.status)) return;
    const LOOKUP3resok& found = result.LOOKUP3res_u.resok;
    if (!call.object.assign(found.object)) return fail(call, Error::protocol_error);
    Node* const node = nodes_.find(call.object);
    const bool itself =
        call.request->operation == Operation::rename && call.object == call.first_object;
    if (node == nullptr || node->opens == 0 || node->directory || node->removed != nullptr ||
        itself) {
        return name_is_free(call);
    }
    Removed* const entry = removed_.take();
    if (entry == nullptr) return fail(call, Error::busy);
    entry->directory = call.directory;
    const std::uint64_t file_id = found.obj_attributes.attributes_follow != 0
                                      ? found.obj_attributes.post_op_attr_u.attributes.fileid
                                      : 0;
    make_name(entry->name, file_id, (now_us_ << 16) + serial_ % 65536);
    node->removed = entry;
    call.first_before = call.before;
    note_before(call, found.obj_attributes);
    issue(call, &Service::send_set_aside);
}

void Service::send_set_aside(Call& call) {
    Node* const node = nodes_.find(call.object);
    if (node == nullptr || node->removed == nullptr) {
        call.before = call.first_before;
        return name_is_free(call);
    }
    begin_own_change(call.object);
    call.setting_aside = true;
    RENAME3args arguments{
        .from = {call.directory.argument(), call.name.argument()},
        .to = {node->removed->directory.argument(), node->removed->name.argument()},
    };
    Rpc::send<rpc_nfs3_rename_async, &Service::on_set_aside>(*this, call, arguments);
}

void Service::on_set_aside(Call& call, const RENAME3res& result) {
    names_.forget_all(serial_);
    Node* const node = nodes_.find(call.object);
    const bool done_before = result.status == NFS3ERR_NOENT && call.resent;
    if (result.status != NFS3_OK && result.status != NFS3ERR_JUKEBOX && !done_before &&
        node != nullptr && node->removed != nullptr) {
        removed_.give(*node->removed);
        node->removed = nullptr;
    }
    if (!done_before && !accept(call, result.status)) return;
    if (node != nullptr) may_be_clean(*node);  // it may have been closed meanwhile
    look_after_rename(call);
}

void Service::name_is_free(Call& call) {
    issue(call, call.request->operation == Operation::unlink ? &Service::send_remove
                                                             : &Service::send_rename);
}

/// Both parents of a rename are known. When files are open, its object has to be known, too, so
/// that nothing is set aside for a rename that cannot succeed.
void Service::rename_names(Call& call) {
    if (open_files_.count() == 0) return name_is_free(call);
    issue(call, &Service::send_rename_lookup);
}

void Service::send_rename_lookup(Call& call) {
    LOOKUP3args arguments{.what = {call.first_directory.argument(), call.first_name.argument()}};
    Rpc::send<rpc_nfs3_lookup_async, &Service::on_rename_lookup>(*this, call, arguments);
}

void Service::on_rename_lookup(Call& call, const LOOKUP3res& result) {
    if (!accept(call, result.status)) return;
    if (!call.first_object.assign(result.LOOKUP3res_u.resok.object)) {
        return fail(call, Error::protocol_error);
    }
    note_before(call, result.LOOKUP3res_u.resok.obj_attributes);
    remove_name(call);
}

/// The last close of a file that was set aside.
void Service::remove_if_unused(Node& node) {
    if (node.removed == nullptr || node.opens > 0) return;
    Io* const io = ios_.take(Io::Kind::remove, node);
    if (io == nullptr) return to_flush(node);  // as soon as there is a record
    io->removed = node.removed;
    node.removed = nullptr;
    ++node.in_flight;
    nodes_.settle(node);
    start(*io);
}

void Service::send_remove_unused(Io& io) {
    REMOVE3args arguments{
        .object = {io.removed->directory.argument(), io.removed->name.argument()}};
    Rpc::send<rpc_nfs3_remove_async, &Service::on_remove_unused>(*this, io, arguments);
}

void Service::on_remove_unused(Io& io, const REMOVE3res& result) {
    if (result.status == NFS3ERR_JUKEBOX) return try_later(io);
    // Whatever the server says, there is nobody to be told, and nothing left to be tried.
    remove_done(io);
}

void Service::remove_done(Io& io) {
    removed_.give(*io.removed);
    --io.node->in_flight;
    end(io);
}

}  // namespace sos::fs::nfs
