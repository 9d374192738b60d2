// SPDX-License-Identifier: BSD-2-Clause
// Draining the cache: WRITEs of what programs have written, and COMMITs.
//
//   dirty --WRITE sent--> unstable, writing --answer--> unstable --COMMIT's answer--> clean
//
// An unstable page stays in the cache until a COMMIT was answered with the verifier that came with
// its WRITE. Another verifier means that the server has started anew, and may have lost the page:
// it is dirty again. At most one WRITE of a page is under way, so that writes of the same bytes
// reach the server in order.
//
// Whole runs are sent as soon as they are there; the rest when somebody waits for it, after
// write_behind_us, or when such pages take half of the cache.
#include <algorithm>
#include <cstring>

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {

/// Pages of one file that wait for a COMMIT until it is sent without anybody asking for it.
constexpr std::uint32_t commit_portion = 2048;

/// One WRITE's data in one piece, as libnfs wants it; it copies this before the call returns.
alignas(64) char write_staging[preferred_transfer];

bool has_portion(const Node& node) {
    return node.unstable_pages >= commit_portion;
}

bool sendable(const CachePage* page) {
    return page != nullptr && !page->dirty.empty() && !page->writing;
}

}  // namespace

void Service::mark_dirty(Node& node, CachePage& page, ByteRange range) {
    const bool safe = page.dirty.empty() && page.unstable.empty();
    if (page.dirty.empty()) {
        node.dirty.push_back(page);
        ++node.dirty_pages;
    }
    if (safe) ++unsafe_pages_;
    page.dirty.include(range);
    cache_.settle(page);
    if (!node.dirty_link.linked) {
        node.dirty_since_us = now_us_;
        dirty_nodes_.push_back(node);
        nodes_.settle(node);
    }
}

void Service::to_flush(Node& node) {
    if (!node.flushing_link.linked) flushing_.push_back(node);
}

/// Everything is to be sent and committed.
void Service::want_clean(Node& node) {
    if (node.clean()) return;
    node.flush = true;
    node.commit = true;
    to_flush(node);
}

/// Ends what was wanted, once it is reached.
void Service::may_be_clean(Node& node) {
    if (!node.clean()) {
        if (node.flush || node.commit || has_full_run(node) || has_portion(node)) to_flush(node);
        return;
    }
    node.flush = false;
    node.commit = false;
    node.barrier = false;
    if (node.dirty_link.linked) dirty_nodes_.remove(node);
    if (node.flushing_link.linked) flushing_.remove(node);
    remove_if_unused(node);
}

/// What was written some time ago goes to the server.
void Service::flush_old() {
    while (Node* const node = dirty_nodes_.front()) {
        if (now_us_ < node->dirty_since_us + write_behind_us) return;
        dirty_nodes_.remove(*node);
        node->dirty_since_us = now_us_;
        dirty_nodes_.push_back(*node);
        want_clean(*node);
    }
}

/// Too much is waiting: the files that were written first give up theirs.
void Service::flush_for_room() {
    std::size_t expected = 0;
    for (Node* node = dirty_nodes_.front(); node != nullptr && expected < cache_.pages() / 4;
         node = dirty_nodes_.next(*node)) {
        expected += node->dirty_pages + node->unstable_pages;
        want_clean(*node);
    }
}

bool Service::give_way() {
    if (cache_.give_way()) return true;
    if (unsafe_pages_ > 0) flush_for_room();
    return false;
}

bool Service::return_borrowed(std::size_t most) {
    if (cache_.return_borrowed(most) > 0) return true;
    if (cache_.borrowed() > 0 && unsafe_pages_ > 0) flush_for_room();
    return false;
}

/// Sends WRITEs and COMMITs, file after file, as long as there are records for them. Who has sent
/// some and has more goes to the end; who has found no record keeps its turn.
void Service::flush_on() {
    while (Node* const node = flushing_.front()) {
        const std::uint32_t before = ios_.used();
        const bool all_sent = flush(*node);
        if (!all_sent && ios_.used() == before) return;
        flushing_.remove(*node);
        if (!all_sent) return flushing_.push_back(*node);
    }
}

/// A run that needs no more bytes: the writer has gone on to another page.
bool Service::has_full_run(const Node& node) const {
    return node.dirty_pages > Io::max_pages;
}

/// All that can be sent of one file now; false when the records have run out.
bool Service::flush(Node& node) {
    if (node.resize != nullptr) return true;
    if (node.clean()) remove_if_unused(node);
    CachePage* page = node.dirty.front();
    while (page != nullptr && (node.flush || has_full_run(node))) {
        if (page->writing) {
            page = DirtyPages::next(*page);
            continue;
        }
        if (!ios_.available(Io::Kind::write)) return false;
        write_run(node, *page);
        page = node.dirty.front();
    }
    const bool last = node.commit && node.settled() && node.unstable_pages > 0;
    if ((has_portion(node) || last) && !node.commit_under_way) {
        if (!ios_.available(Io::Kind::commit)) return false;
        begin_commit(node);
    }
    return true;
}

/// One WRITE, of `page` and of the dirty bytes that join it on both sides.
void Service::write_run(Node& node, CachePage& page) {
    const std::uint32_t most =
        std::clamp(connection_.max_write() / cache_page_size, 1u, Io::max_pages);
    CachePage* first = &page;
    std::uint32_t count = 1;
    while (count < most && first->dirty.begin == 0 && first->number > 0) {
        CachePage* const before = cache_.find(node, first->number - 1);
        if (!sendable(before) || before->dirty.end != cache_page_size) break;
        first = before;
        ++count;
    }
    Io& io = *ios_.take(Io::Kind::write, node);
    io.offset = first->number * cache_page_size + first->dirty.begin;
    CachePage* last = first;
    for (CachePage* next = first; io.page_count < most && sendable(next);) {
        if (next != first && next->dirty.begin != 0) break;
        io.pages[io.page_count++] = last = next;
        if (next->dirty.end != cache_page_size) break;
        next = cache_.find(node, next->number + 1);
    }
    io.bytes =
        static_cast<std::uint32_t>(last->number * cache_page_size + last->dirty.end - io.offset);
    // A single WRITE of all there is: the server makes it stable at once, which saves the COMMIT.
    io.stable = node.commit && node.unstable_pages == 0 && node.dirty_pages == io.page_count;
    for (std::uint32_t i = 0; i < io.page_count; ++i) {
        CachePage& sent = *io.pages[i];
        if (sent.unstable.empty()) ++node.unstable_pages;
        sent.unstable.include(sent.dirty);
        sent.dirty = {};
        sent.writing = true;
        sent.committing = false;
        node.dirty.remove(sent);
        --node.dirty_pages;
    }
    io.alone = node.writes_in_flight == 0;
    io.write_serial = ++node.write_serial;
    ++node.in_flight;
    ++node.writes_in_flight;
    start(io);
}

void Service::send_write(Io& io) {
    // From the pages as they are now: what came in since is to be written anyway.
    std::uint32_t copied = 0;
    const std::uint32_t bytes = std::min(io.bytes - io.done, connection_.max_write());
    while (copied < bytes) {
        const std::uint64_t at = io.offset + io.done + copied;
        const auto inside = static_cast<std::uint32_t>(at % cache_page_size);
        const std::uint32_t piece = std::min(bytes - copied, cache_page_size - inside);
        const CachePage& page = *io.pages[at / cache_page_size - io.offset / cache_page_size];
        std::memcpy(write_staging + copied, page.data + inside, piece);
        copied += piece;
    }
    WRITE3args arguments{};
    arguments.file = io.node->handle.argument();
    arguments.offset = io.offset + io.done;
    arguments.count = bytes;
    arguments.stable = io.stable ? FILE_SYNC : UNSTABLE;
    arguments.data = {bytes, write_staging};
    Rpc::send<rpc_nfs3_write_async, &Service::on_write>(*this, io, arguments);
}

void Service::on_write(Io& io, const WRITE3res& result) {
    Node& node = *io.node;
    if (result.status != NFS3_OK) {
        if (result.status != NFS3ERR_JUKEBOX) {
            learn_own_change(node, result.WRITE3res_u.resfail.file_wcc, false);
        }
        io_accepted(io, result.status);
        return;
    }
    const WRITE3resok& put = result.WRITE3res_u.resok;
    if (put.count > io.bytes - io.done || put.count == 0) {
        return write_failed(io, put.count == 0 ? Error::io_error : Error::protocol_error);
    }
    learn_own_change(node, put.file_wcc,
                     io.alone && io.done == 0 && io.write_serial == node.write_serial);
    const bool stable = put.committed == FILE_SYNC;
    if (io.stable && !stable) return write_failed(io, Error::protocol_error);
    if (!stable) use_verifier(node, put.verf);
    io.done += put.count;
    if (io.done < io.bytes) {
        io.stable = false;  // the parts need the same treatment: a COMMIT
        return start(io);
    }
    pages_written(io, io.stable);
}

void Service::pages_written(Io& io, bool stable) {
    Node& node = *io.node;
    for (std::uint32_t i = 0; i < io.page_count; ++i) {
        CachePage& page = *io.pages[i];
        page.writing = false;
        if (stable) make_stable(node, page);
    }
    --node.in_flight;
    --node.writes_in_flight;
    node.write_through = false;
    resize_when_possible(node);
    end(io);
}

void Service::make_stable(Node& node, CachePage& page) {
    if (page.unstable.empty()) return;
    page.unstable = {};
    page.committing = false;
    --node.unstable_pages;
    if (page.dirty.empty()) --unsafe_pages_;
    cache_.settle(page);
}

/// A server that has started anew has another verifier, and may have lost what it did not commit.
void Service::use_verifier(Node& node, const char* verifier) {
    const bool same = std::memcmp(node.verifier, verifier, sizeof(node.verifier)) == 0;
    if (same) return;
    std::memcpy(node.verifier, verifier, sizeof(node.verifier));
    for (CachePage* page = node.pages.front(); page != nullptr; page = NodePages::next(*page)) {
        if (page->unstable.empty() || page->writing) continue;
        const ByteRange lost = page->unstable;
        page->unstable = {};
        page->committing = false;
        --node.unstable_pages;
        if (page->dirty.empty()) --unsafe_pages_;
        mark_dirty(node, *page, lost);
    }
}

/// The data are lost, and whoever has the file open is told. The pages no longer show them.
void Service::write_failed(Io& io, Error error) {
    Node& node = *io.node;
    node.error = error;
    ++node.errors;
    node.write_through = true;
    read_windows_.recall(node);
    for (std::uint32_t i = 0; i < io.page_count; ++i) {
        CachePage& page = *io.pages[i];
        page.writing = false;
        make_stable(node, page);
        if (page.idle()) {
            cache_.drop(page);
        } else {
            page.end_views();
            page.valid = page.dirty;
            page.discard = page.reading;
        }
    }
    --node.in_flight;
    --node.writes_in_flight;
    if (node.settled()) set_size(node, std::min(node.size, node.seen.size));
    resize_when_possible(node);
    end(io);
}

void Service::begin_commit(Node& node) {
    Io& io = *ios_.take(Io::Kind::commit, node);
    for (CachePage* page = node.pages.front(); page != nullptr; page = NodePages::next(*page)) {
        page->committing = !page->unstable.empty() && !page->writing;
    }
    node.commit_under_way = true;
    start(io);
}

void Service::send_commit(Io& io) {
    COMMIT3args arguments{.file = io.node->handle.argument(), .offset = 0, .count = 0};
    Rpc::send<rpc_nfs3_commit_async, &Service::on_commit>(*this, io, arguments);
}

void Service::on_commit(Io& io, const COMMIT3res& result) {
    if (!io_accepted(io, result.status)) return;
    Node& node = *io.node;
    use_verifier(node, result.COMMIT3res_u.resok.verf);
    for (CachePage* page = node.pages.front(); page != nullptr; page = NodePages::next(*page)) {
        if (page->committing) make_stable(node, *page);
    }
    node.commit_under_way = false;
    end(io);
}

void Service::commit_failed(Io& io, Error error) {
    Node& node = *io.node;
    node.error = error;
    ++node.errors;
    for (CachePage* page = node.pages.front(); page != nullptr; page = NodePages::next(*page)) {
        if (page->committing) make_stable(node, *page);
    }
    node.commit_under_way = false;
    end(io);
}

/// Sets the file's size; the call goes on with `then`. From here on all others wait, and the size
/// is set whatever becomes of the call.
void Service::begin_resize(Call& call, Node& node, std::uint64_t size, Step then) {
    if (node.resize != nullptr) return wait_for(node, call, call.step);
    Io* const io = ios_.take(Io::Kind::resize, node);
    if (io == nullptr) return wait_for_resources(call, call.step);
    call.step = then;
    call.waiting = Waiting::for_io;
    io->offset = size;
    io->caller = token_of(call);
    node.resize = io;
    nodes_.settle(node);
    resize_when_possible(node);
}

void Service::resize_when_possible(Node& node) {
    if (node.resize == nullptr || node.in_flight > 0 || node.resize->in_flight) return;
    if (node.resize->waiting_link.linked) return;
    ++node.writes_in_flight;
    start(*node.resize);
}

void Service::send_resize(Io& io) {
    SETATTR3args arguments{};
    arguments.object = io.node->handle.argument();
    arguments.new_attributes.size.set_it = 1;
    arguments.new_attributes.size.set_size3_u.size = io.offset;
    Rpc::send<rpc_nfs3_setattr_async, &Service::on_resize>(*this, io, arguments);
}

void Service::on_resize(Io& io, const SETATTR3res& result) {
    if (!io_accepted(io, result.status)) return;
    Node& node = *io.node;
    learn_own_change(node, result.SETATTR3res_u.resok.obj_wcc, true);
    cut_pages(node, io.offset);
    set_size(node, io.offset);
    --node.writes_in_flight;
    node.resize = nullptr;
    if (Call* const call = call_of(io.caller)) resume(*call);
    end(io);
}

void Service::resize_failed(Io& io, Error error) {
    Node& node = *io.node;
    --node.writes_in_flight;
    node.resize = nullptr;
    if (Call* const call = call_of(io.caller)) fail(*call, error);
    end(io);
}

}  // namespace sos::fs::nfs
