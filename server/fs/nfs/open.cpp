// SPDX-License-Identifier: BSD-2-Clause
// Opening and creating files. A file that is opened has just been looked up, so its
// attributes are fresh: what another client closed before is seen.
#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {

bool has(const Request& request, std::uint64_t flag) {
    return (request.flags & flag) != 0;
}

bool wants_write(const Request& request) {
    return (request.flags & abi::open_flags::access_mask) != abi::open_flags::read_only;
}

bool wants_read(const Request& request) {
    return (request.flags & abi::open_flags::access_mask) != abi::open_flags::write_only;
}

/// May the owner of the file open it so?
bool permitted(const Request& request, std::uint32_t mode) {
    const std::uint32_t granted = owner_permissions(mode);
    if (has(request, open_to_execute)) return (granted & 1) != 0;
    if (wants_read(request) && (granted & 4) == 0) return false;
    return !wants_write(request) || (granted & 2) != 0;
}

bool creates(const Request& request) {
    return has(request, abi::open_flags::create) || has(request, abi::open_flags::sos_create);
}

}  // namespace

void Service::open_found(Call& call) {
    const Request& request = *call.request;
    Node* const known = nodes_.find(call.object);
    if (known != nullptr && !collected(*known)) {
        return wait_for(*known, call, &Service::status_of_found);
    }
    if (has(request, abi::open_flags::create) && has(request, abi::open_flags::exclusive)) {
        return fail(call, Error::exists);
    }
    const bool directory = call.attributes.type == NF3DIR;
    if (call.attributes.type == NF3LNK) return fail(call, Error::symlink_loop);
    if (!directory && has(request, abi::open_flags::directory)) {
        return fail(call, Error::not_directory);
    }
    if (directory && (wants_write(request) || has(request, abi::open_flags::create))) {
        return fail(call, Error::is_directory);
    }
    if (!directory && call.attributes.type != NF3REG) return fail(call, Error::not_supported);
    if (!permitted(request, call.attributes.mode)) return fail(call, Error::access_denied);
    if (has(request, abi::open_flags::truncate) && wants_write(request)) {
        call.step = &Service::truncate_and_open;
        return truncate_and_open(call);
    }
    if (has(request, open_to_execute) && !program_settled(call)) return;
    open_done(call);
}

/// A program is run as the server has it: what was written to it is sent first, and its attributes
/// are asked for again. False when that is under way.
bool Service::program_settled(Call& call) {
    Node* const node = nodes_.find(call.object);
    if (node == nullptr || node->settled() || ++call.retries > max_status_retries) return true;
    node->flush = true;
    to_flush(*node);
    wait_for(*node, call, &Service::status_of_found);
    return false;
}

/// The last component of the path is not there.
void Service::object_missing(Call& call) {
    const Request& request = *call.request;
    if (!creates(request)) return fail(call, Error::not_found);
    // A trailing slash (of a link's text) asks for a directory, which open does not make.
    if (!call.rest.empty() || has(request, abi::open_flags::directory)) {
        return fail(call, Error::not_found);
    }
    issue(call, &Service::send_create);
}

void Service::send_create(Call& call) {
    const Request& request = *call.request;
    CREATE3args arguments{};
    arguments.where = {call.directory.argument(), call.name.argument()};
    // Guarded for all: whether the file is new decides about the rights to open it.
    arguments.how.mode = GUARDED;
    sattr3& attributes = arguments.how.createhow3_u.g_obj_attributes;
    attributes.mode.set_it = 1;
    attributes.mode.set_mode3_u.mode = request.mode & 0777;
    attributes.size.set_it = 1;
    attributes.size.set_size3_u.size = 0;
    Rpc::send<rpc_nfs3_create_async, &Service::on_create>(*this, call, arguments);
}

void Service::on_create(Call& call, const CREATE3res& result) {
    names_.forget_all(serial_);
    if (result.status == NFS3ERR_EXIST) {
        // Somebody was faster, or it was ourselves and the answer got lost.
        const bool exclusive = has(*call.request, abi::open_flags::exclusive);
        if ((exclusive && !call.resent) || ++call.retries > 8) return fail(call, Error::exists);
        call.request->flags &= ~abi::open_flags::exclusive;
        return issue(call, &Service::send_lookup);
    }
    if (!accept(call, result.status)) return;
    const CREATE3resok& made = result.CREATE3res_u.resok;
    if (!made.obj.handle_follows || !call.object.assign(made.obj.post_op_fh3_u.handle)) {
        return issue(call, &Service::send_lookup);
    }
    // Who creates a file may open it, whatever its mode.
    if (!made.obj_attributes.attributes_follow) {
        return issue(call, &Service::send_created_attributes);
    }
    call.attributes = made.obj_attributes.post_op_attr_u.attributes;
    open_done(call);
}

void Service::send_created_attributes(Call& call) {
    GETATTR3args arguments{.object = call.object.argument()};
    Rpc::send<rpc_nfs3_getattr_async, &Service::on_created_attributes>(*this, call, arguments);
}

void Service::on_created_attributes(Call& call, const GETATTR3res& result) {
    if (!accept(call, result.status)) return;
    call.attributes = result.GETATTR3res_u.resok.obj_attributes;
    open_done(call);
}

void Service::truncate_and_open(Call& call) {
    Node* const node = nodes_.take(call.object, cache_);
    if (node == nullptr) return fail(call, Error::too_many_files);
    if (!collected(*node)) return wait_for(*node, call, &Service::truncate_and_open);
    learn(*node, call.attributes, call.sent_serial);
    begin_resize(call, *node, 0, &Service::open_done);
}

void Service::open_done(Call& call) {
    Node* const node = nodes_.take(call.object, cache_);
    OpenFile* const file = node == nullptr ? nullptr : open_files_.take();
    if (file == nullptr) return fail(call, Error::too_many_files);
    learn(*node, call.attributes, call.sent_serial);
    ++node->opens;
    nodes_.settle(*node);
    file->node = node;
    file->errors_seen = node->errors;
    file->writable = wants_write(*call.request);
    file->synchronous = has(*call.request, abi::open_flags::dsync);
    call.request->opened = open_files_.handle_of(*file);
    call.request->file_status = to_file_status(call.attributes);
    finish(call);
}

}  // namespace sos::fs::nfs
