// SPDX-License-Identifier: BSD-2-Clause
// Changes of an open file's name or mode by programs of SOS. They set its change time, by which
// the pager would see another version of an executable; but the contents are the same, and whoever
// runs the file runs on. The file's attributes are looked at before and after: if nothing but the
// change time differs, the versions in between are one (Node::same_from, same_to). Somebody else's
// change in the midst of it is noticed by its size or time of modification only.
#include <optional>
#include <utility>

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {

constexpr bool same_contents(const Fingerprint& a, const Fingerprint& b) {
    return a.size == b.size && a.modified == b.modified;
}

std::optional<Fingerprint> known(const post_op_attr& attributes) {
    if (attributes.attributes_follow == 0) return std::nullopt;
    return fingerprint(attributes.post_op_attr_u.attributes);
}

}  // namespace

/// `before`: what a reply said of it last.
void Service::note_before(Call& call, const post_op_attr& before) {
    call.before = known(before);
}

/// An RPC that changes the name or mode of this object is about to be sent.
void Service::begin_own_change(const ServerHandle& object) {
    Node* const node = nodes_.find(object);
    if (node != nullptr && node->opens > 0) node->changing_until_us = now_us_ + own_change_us;
}

void Service::end_own_change(Node& node, const Fingerprint& before, const Fingerprint& after) {
    node.changing_until_us = 0;
    if (!same_contents(before, after)) return;
    if (node.same_to != before) node.same_from = before;
    node.same_to = after;
}

void Service::on_set_attributes(Call& call, const SETATTR3res& result) {
    names_.forget(call.object, serial_);
    if (!accept(call, result.status)) return;
    const wcc_data& change = result.SETATTR3res_u.resok.obj_wcc;
    Node* const node = nodes_.find(call.object);
    const std::optional<Fingerprint> after = known(change.after);
    if (node != nullptr && after && change.before.attributes_follow != 0) {
        end_own_change(*node, fingerprint(change.before.pre_op_attr_u.attributes), *after);
    }
    finish(call);
}

/// The object has another name now: looks at it again if somebody has it open, and ends the step.
void Service::look_after_rename(Call& call) {
    const bool aside = call.setting_aside;
    const Node* const node = nodes_.find(aside ? call.object : call.first_object);
    if (node == nullptr || node->opens == 0 || !call.before) return rename_step_done(call);
    issue(call, &Service::send_look_after_rename);
}

void Service::send_look_after_rename(Call& call) {
    const ServerHandle& object = call.setting_aside ? call.object : call.first_object;
    GETATTR3args arguments{.object = object.argument()};
    Rpc::send<rpc_nfs3_getattr_async, &Service::on_look_after_rename>(*this, call, arguments);
}

void Service::on_look_after_rename(Call& call, const GETATTR3res& result) {
    Node* const node = nodes_.find(call.setting_aside ? call.object : call.first_object);
    if (result.status == NFS3_OK && node != nullptr && call.before) {
        end_own_change(*node, *call.before, fingerprint(result.GETATTR3res_u.resok.obj_attributes));
    }
    rename_step_done(call);
}

void Service::rename_step_done(Call& call) {
    if (!std::exchange(call.setting_aside, false)) return finish(call);
    if (call.request->operation == Operation::unlink) return finish(call);
    call.before = call.first_before;
    name_is_free(call);
}

Sameness Service::compare_versions(FileHandle file, const Fingerprint& opened,
                                   const Fingerprint& found) {
    if (opened == found) return Sameness::same;
    const OpenFile* const open = open_files_.find(file);
    if (open == nullptr || !same_contents(opened, found)) return Sameness::changed;
    const Node& node = *open->node;
    if (node.changing_until_us > now_us_) return Sameness::not_known_yet;
    const bool one = same_contents(opened, node.same_to) &&
                     node.same_from.changed <= opened.changed && opened.changed <= found.changed &&
                     found.changed <= node.same_to.changed;
    return one ? Sameness::same : Sameness::changed;
}

}  // namespace sos::fs::nfs
