// SPDX-License-Identifier: BSD-2-Clause
// Requests about names: access, chmod, readlink, unlink, mkdir, rmdir, rename.
//
// NFSv3 has no way to tell whether a step that was interrupted took place. If it is repeated and
// the server says that the work is done already, it was done by us, as far as anybody can tell.
#include <algorithm>
#include <cstring>

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

void Service::check_access(Call& call) {
    const std::uint32_t wanted = call.request->mode & 7;
    if ((owner_permissions(call.attributes.mode) & wanted) != wanted) {
        return fail(call, Error::access_denied);
    }
    finish(call);
}

void Service::send_change_mode(Call& call) {
    begin_own_change(call.object);
    SETATTR3args arguments{};
    arguments.object = call.object.argument();
    arguments.new_attributes.mode.set_it = 1;
    arguments.new_attributes.mode.set_mode3_u.mode = call.request->mode & 07777;
    Rpc::send<rpc_nfs3_setattr_async, &Service::on_set_attributes>(*this, call, arguments);
}

void Service::send_read_link(Call& call) {
    READLINK3args arguments{.symlink = call.object.argument()};
    Rpc::send<rpc_nfs3_readlink_async, &Service::on_read_link>(*this, call, arguments);
}

void Service::on_read_link(Call& call, const READLINK3res& result) {
    if (!accept(call, result.status)) return;
    const char* text = result.READLINK3res_u.resok.data;
    if (text == nullptr) return fail(call, Error::protocol_error);
    const std::span<std::byte> into = call.request->into;
    const std::size_t length = std::min(std::strlen(text), into.size());
    std::memcpy(into.data(), text, length);
    finish(call, length);
}

void Service::send_remove(Call& call) {
    REMOVE3args arguments{.object = {call.directory.argument(), call.name.argument()}};
    Rpc::send<rpc_nfs3_remove_async, &Service::on_remove>(*this, call, arguments);
}

void Service::on_remove(Call& call, const REMOVE3res& result) {
    names_.forget_all(serial_);
    if (result.status == NFS3ERR_NOENT && call.resent) return finish(call);
    if (accept(call, result.status)) finish(call);
}

void Service::send_make_directory(Call& call) {
    MKDIR3args arguments{};
    arguments.where = {call.directory.argument(), call.name.argument()};
    arguments.attributes.mode.set_it = 1;
    arguments.attributes.mode.set_mode3_u.mode = call.request->mode & 0777;
    Rpc::send<rpc_nfs3_mkdir_async, &Service::on_make_directory>(*this, call, arguments);
}

void Service::on_make_directory(Call& call, const MKDIR3res& result) {
    if (result.status == NFS3ERR_EXIST && call.resent) return finish(call);
    if (accept(call, result.status)) finish(call);
}

void Service::send_remove_directory(Call& call) {
    RMDIR3args arguments{.object = {call.directory.argument(), call.name.argument()}};
    Rpc::send<rpc_nfs3_rmdir_async, &Service::on_remove_directory>(*this, call, arguments);
}

void Service::on_remove_directory(Call& call, const RMDIR3res& result) {
    names_.forget_all(serial_);
    if (result.status == NFS3ERR_NOENT && call.resent) return finish(call);
    if (accept(call, result.status)) finish(call);
}

void Service::send_rename(Call& call) {
    begin_own_change(call.first_object);
    RENAME3args arguments{
        .from = {call.first_directory.argument(), call.first_name.argument()},
        .to = {call.directory.argument(), call.name.argument()},
    };
    Rpc::send<rpc_nfs3_rename_async, &Service::on_rename>(*this, call, arguments);
}

void Service::on_rename(Call& call, const RENAME3res& result) {
    names_.forget_all(serial_);
    const bool done_before = result.status == NFS3ERR_NOENT && call.resent;
    if (done_before || accept(call, result.status)) look_after_rename(call);
}

}  // namespace sos::fs::nfs
