// SPDX-License-Identifier: BSD-2-Clause
// Walks along paths, one LOOKUP for each component, so that every answer is fresh (close-to-open
// consistency); only to a program that is to be run the way may be known (name_cache.hpp). A path
// with symbolic links is expanded in a chunk of the memory that directories use.
#include <algorithm>
#include <cstring>

#include "fs/nfs/directory.hpp"
#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

void Service::begin_walk(Call& call, std::string_view path, Goal goal) {
    call.goal = goal;
    call.follow = call.request->follow_links;
    call.rest = path;
    // The root handle is known only when the export is mounted: the first step waits for that.
    call.directory = {};
    issue(call, &Service::walk_on);
}

/// From `directory`, which is a directory as far as we know, along `rest`.
void Service::walk_on(Call& call) {
    if (call.directory.size == 0) call.directory = connection_.root();
    while (true) {
        const std::size_t begin = std::min(call.rest.find_first_not_of('/'), call.rest.size());
        call.rest.remove_prefix(begin);
        if (call.rest.empty()) {  // the path, or a link's text, ended in a directory
            call.object = call.directory;
            if (call.goal == Goal::parent) return fail(call, Error::busy);
            return issue(call, &Service::send_walk_attributes);
        }
        const std::size_t end = std::min(call.rest.find('/'), call.rest.size());
        const std::string_view component = call.rest.substr(0, end);
        call.rest.remove_prefix(end);
        if (component == ".") continue;
        // Above the export's root there is nothing to see.
        if (component == ".." && call.directory == connection_.root()) continue;
        if (!call.name.assign(component)) return fail(call, Error::name_too_long);
        if (hidden(call.directory, component)) return fail(call, Error::access_denied);
        const bool last = call.rest.find_first_not_of('/') == call.rest.npos;
        if (last && call.goal == Goal::parent) return arrived_at_parent(call);
        if (!known_name(call, component, last)) return issue(call, &Service::send_lookup);
        if (last || call.attributes.type != NF3DIR) return consider(call);
        call.directory = call.object;
    }
}

/// May this component be gone on with as it was found a short time ago? Then `object` and its
/// attributes are set. A program must be the version of which the cache has pages.
bool Service::known_name(Call& call, std::string_view name, bool last) {
    if ((call.request->flags & open_if_known) == 0) return false;
    const NameCache::Entry* const known = names_.find(call.directory, name, now_us_);
    if (known == nullptr) return false;
    if (last && known->attributes.type == NF3REG) {
        const Node* const node = nodes_.find(known->object);
        const Fingerprint found = fingerprint(known->attributes);
        if (node == nullptr || !has_version(*node, found)) return false;
    }
    call.object = known->object;
    call.attributes = known->attributes;
    return true;
}

void Service::send_lookup(Call& call) {
    LOOKUP3args arguments{.what = {call.directory.argument(), call.name.argument()}};
    Rpc::send<rpc_nfs3_lookup_async, &Service::on_lookup>(*this, call, arguments);
}

void Service::on_lookup(Call& call, const LOOKUP3res& result) {
    const bool last = call.rest.find_first_not_of('/') == call.rest.npos;
    if (result.status == NFS3ERR_NOENT && last && call.goal == Goal::object_or_parent) {
        return object_missing(call);
    }
    if (!accept(call, result.status)) return;
    const LOOKUP3resok& found = result.LOOKUP3res_u.resok;
    if (!call.object.assign(found.object)) return fail(call, Error::protocol_error);
    if (!found.obj_attributes.attributes_follow) {
        return issue(call, &Service::send_walk_attributes);
    }
    call.attributes = found.obj_attributes.post_op_attr_u.attributes;
    names_.keep(call.directory, call.name.text, call.object, call.attributes, call.sent_serial,
                call.sent_us);
    consider(call);
}

void Service::send_walk_attributes(Call& call) {
    GETATTR3args arguments{.object = call.object.argument()};
    Rpc::send<rpc_nfs3_getattr_async, &Service::on_walk_attributes>(*this, call, arguments);
}

void Service::on_walk_attributes(Call& call, const GETATTR3res& result) {
    if (!accept(call, result.status)) return;
    call.attributes = result.GETATTR3res_u.resok.obj_attributes;
    consider(call);
}

/// `object` and its attributes are known.
void Service::consider(Call& call) {
    const bool slash_behind = !call.rest.empty();
    const bool last = call.rest.find_first_not_of('/') == call.rest.npos;
    if (call.attributes.type == NF3LNK && (!last || slash_behind || call.follow)) {
        return issue(call, &Service::send_walk_link);
    }
    if (last && !slash_behind) return arrived(call);
    if (call.attributes.type != NF3DIR) return fail(call, Error::not_directory);
    if (last) return arrived(call);
    call.directory = call.object;
    walk_on(call);
}

void Service::send_walk_link(Call& call) {
    READLINK3args arguments{.symlink = call.object.argument()};
    Rpc::send<rpc_nfs3_readlink_async, &Service::on_walk_link>(*this, call, arguments);
}

void Service::on_walk_link(Call& call, const READLINK3res& result) {
    if (!accept(call, result.status)) return;
    const char* text = result.READLINK3res_u.resok.data;
    if (text == nullptr) return fail(call, Error::protocol_error);
    expand_link(call, text);
}

/// The rest of the path becomes the link's text and what came behind the link.
void Service::expand_link(Call& call, std::string_view target) {
    if (target.empty()) return fail(call, Error::not_found);
    if (++call.links_followed > max_links_followed) return fail(call, Error::symlink_loop);
    const std::size_t length = target.size() + call.rest.size();
    if (length > DirectoryChunk::size) return fail(call, Error::name_too_long);
    if (call.expanded == nullptr) call.expanded = chunks_.take();
    if (call.expanded == nullptr) return fail(call, Error::no_memory);
    char* const text = reinterpret_cast<char*>(call.expanded);
    // `rest` may lie there already.
    std::memmove(text + target.size(), call.rest.data(), call.rest.size());
    std::memcpy(text, target.data(), target.size());
    call.rest = {text, length};
    if (target.front() == '/') call.directory = connection_.root();
    walk_on(call);
}

void Service::arrived(Call& call) {
    Request& request = *call.request;
    switch (request.operation) {
        case Operation::open:
            return open_found(call);
        case Operation::status_path:
            return status_found(call);
        case Operation::access:
            return check_access(call);
        case Operation::change_mode:
            return issue(call, &Service::send_change_mode);
        case Operation::read_link:
            if (call.attributes.type != NF3LNK) return fail(call, Error::bad_argument);
            return issue(call, &Service::send_read_link);
        case Operation::close:
        case Operation::read:
        case Operation::write:
        case Operation::append:
        case Operation::status:
        case Operation::truncate:
        case Operation::sync:
        case Operation::sync_all:
        case Operation::read_directory:
        case Operation::unlink:
        case Operation::make_directory:
        case Operation::remove_directory:
        case Operation::rename:
            break;  // these do not walk to an object
    }
    fail(call, Error::bad_argument);
}

/// The server's size and times count once it has been sent what was written.
void Service::status_found(Call& call) {
    Node* const node = nodes_.find(call.object);
    if (node != nullptr && !collected(*node)) {
        return wait_for(*node, call, &Service::status_of_found);
    }
    if (node != nullptr && !node->settled() && ++call.retries <= max_status_retries) {
        node->flush = true;
        to_flush(*node);
        return wait_for(*node, call, &Service::status_of_found);
    }
    call.request->file_status = to_file_status(call.attributes);
    if (node != nullptr) {
        learn(*node, call.attributes, call.sent_serial);
        if (!node->directory) call.request->file_status.size = node->size;
    }
    finish(call);
}

/// Something has happened to the file: its attributes are to be asked for again.
void Service::status_of_found(Call& call) {
    issue(call, &Service::send_walk_attributes);
}

void Service::arrived_at_parent(Call& call) {
    const Operation operation = call.request->operation;
    if (operation == Operation::unlink) return remove_name(call);
    if (operation == Operation::make_directory) return issue(call, &Service::send_make_directory);
    if (operation == Operation::remove_directory) {
        return issue(call, &Service::send_remove_directory);
    }
    ASSERT(operation == Operation::rename);
    if (call.second_walk) return rename_names(call);
    call.second_walk = true;
    call.first_directory = call.directory;
    call.first_name = call.name;
    begin_walk(call, call.request->second_path, Goal::parent);
}

}  // namespace sos::fs::nfs
