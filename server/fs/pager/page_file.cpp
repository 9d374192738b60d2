// SPDX-License-Identifier: BSD-2-Clause
// Making the page file: what has its name is removed, and a new, empty file made, so that nothing
// of an earlier run is found in it, and another SOS that uses the old one notices.
#include "base/format.hpp"
#include "fs/pager/lane.hpp"
#include "log/log.hpp"

namespace sos::fs::pager {

void Lane::make_page_file() {
    if (page_file_name_[0] == '\0') {
        file_state_ = FileState::refused;
        refusal_ = Error::no_space;
        refused_until_us_ = ~std::uint64_t{0};
        return;
    }
    file_state_ = FileState::being_made;
    REMOVE3args arguments{};
    arguments.object = {connection_.root().argument(), page_file_name_};
    file_step(rpc_nfs3_remove_async(connection_.rpc(), on_remove, &arguments, this));
}

void Lane::file_step(int refused) {
    if (refused != 0) refuse_page_file(NFS3ERR_SERVERFAULT);
}

void Lane::refuse_page_file(nfsstat3 status) {
    file_state_ = FileState::refused;
    refusal_ = nfs::to_error(status);
    refused_until_us_ = now_us_ + refusal_us;
    if (told_refused_) return;
    told_refused_ = true;
    char line[160];
    std::size_t length = 0;
    base::format_to(
        [&](char c) {
            if (length < sizeof line) line[length++] = c;
        },
        "page file {}: cannot be made ({}), so nothing can be paged out",
        std::string_view(page_file_name_),
        std::string_view(nfsstat3_to_str(static_cast<int>(status))));
    host_.announce({line, length});
}

void Lane::page_file_gone(const Job& job) {
    if (job.file_number != file_number_ || file_state_ != FileState::ready) return;
    host_.announce("the page file is gone: what was in it is lost");
    file_state_ = FileState::missing;
}

/// Is there an answer? When the connection is being lost, all begins anew with the next one.
bool Lane::file_answer(int status, const void* data) {
    if (status == RPC_STATUS_SUCCESS && data != nullptr) return true;
    if (!connection_.dropping()) refuse_page_file(NFS3ERR_SERVERFAULT);
    return false;
}

void Lane::on_remove(rpc_context* rpc, int status, void* data, void* self) {
    Lane& lane = *static_cast<Lane*>(self);
    if (!lane.file_answer(status, data)) return;
    // Whether there is still something of this name is seen when the file is made.
    CREATE3args arguments{};
    arguments.where = {lane.connection_.root().argument(), lane.page_file_name_};
    arguments.how.mode = GUARDED;
    sattr3& attributes = arguments.how.createhow3_u.g_obj_attributes;
    attributes.mode.set_it = 1;
    attributes.mode.set_mode3_u.mode = 0600;
    lane.file_step(rpc_nfs3_create_async(rpc, on_create, &arguments, self));
}

void Lane::on_create(rpc_context* rpc, int status, void* data, void* self) {
    Lane& lane = *static_cast<Lane*>(self);
    if (!lane.file_answer(status, data)) return;
    const auto& result = *static_cast<const CREATE3res*>(data);
    if (result.status != NFS3_OK) return lane.refuse_page_file(result.status);
    LOOKUP3args arguments{};
    arguments.what = {lane.connection_.root().argument(), lane.page_file_name_};
    lane.file_step(rpc_nfs3_lookup_async(rpc, on_lookup, &arguments, self));
}

void Lane::on_lookup(rpc_context*, int status, void* data, void* self) {
    Lane& lane = *static_cast<Lane*>(self);
    if (!lane.file_answer(status, data)) return;
    const auto& result = *static_cast<const LOOKUP3res*>(data);
    if (result.status != NFS3_OK) return lane.refuse_page_file(result.status);
    if (!lane.page_file_.assign(result.LOOKUP3res_u.resok.object)) {
        return lane.refuse_page_file(NFS3ERR_BADHANDLE);
    }
    lane.file_state_ = FileState::ready;
    lane.told_refused_ = false;
    ++lane.file_number_;
}

}  // namespace sos::fs::pager
