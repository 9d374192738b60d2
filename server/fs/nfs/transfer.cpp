// SPDX-License-Identifier: BSD-2-Clause
// Requests about the contents and attributes of open files. What the cache has is copied at once;
// for the rest RPCs are started, and the call goes on when something has happened to the file.
#include <algorithm>
#include <cstring>

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {

constexpr std::uint64_t end_page(std::uint64_t offset) {
    return (offset + cache_page_size - 1) / cache_page_size;
}

/// The bytes of the page at `offset` that are also among the next `size`.
ByteRange range_in_page(std::uint64_t offset, std::size_t size) {
    const auto begin = static_cast<std::uint32_t>(offset % cache_page_size);
    const std::size_t room = cache_page_size - begin;
    return {begin, begin + static_cast<std::uint32_t>(std::min(room, size))};
}

}  // namespace

void BufferCursor::fill(std::span<const IoBuffer> buffers, const std::byte* from,
                        std::size_t size) {
    while (size > 0) {
        const IoBuffer& place = buffers[buffer];
        const std::size_t piece = std::min(place.size - within, size);
        std::memcpy(place.data + within, from, piece);
        from += piece;
        size -= piece;
        within += piece;
        if (within == place.size) {
            ++buffer;
            within = 0;
        }
    }
}

void BufferCursor::drain(std::span<const IoBuffer> buffers, std::byte* to, std::size_t size) {
    while (size > 0) {
        const IoBuffer& place = buffers[buffer];
        const std::size_t piece = std::min(place.size - within, size);
        std::memcpy(to, place.data + within, piece);
        to += piece;
        size -= piece;
        within += piece;
        if (within == place.size) {
            ++buffer;
            within = 0;
        }
    }
}

/// Null when the call was answered with an error.
OpenFile* Service::regular_file_of(Call& call) {
    OpenFile* const file = file_of(call);
    if (file == nullptr) {
        fail(call, Error::bad_descriptor);
        return nullptr;
    }
    if (file->node->directory) {
        fail(call, Error::is_directory);
        return nullptr;
    }
    return file;
}

/// Null when the call was answered.
OpenFile* Service::begin_transfer(Call& call) {
    OpenFile* const file = regular_file_of(call);
    if (file == nullptr) return nullptr;
    const Request& request = *call.request;
    call.total = total_size(request.buffers);
    call.offset = request.offset;
    if (request.buffers.size() > max_io_buffers || call.total > max_io_bytes ||
        request.offset > INT64_MAX - max_io_bytes) {
        fail(call, Error::bad_argument);
        return nullptr;
    }
    return file;
}

void Service::read(Call& call) {
    OpenFile* const file = begin_transfer(call);
    if (file == nullptr) return;
    if (call.total == 0) return finish(call);
    call.step = &Service::read_on;
    read_on(call);
}

void Service::read_on(Call& call) {
    OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    Node& node = *file->node;
    if (!collected(node) || node.resize != nullptr) {
        return wait_for(node, call, &Service::read_on);
    }
    if (call.done == 0 && !call.ahead) {
        call.ahead = true;
        read_ahead(*file, node, call.offset, call.total);
    }
    while (call.done < call.total) {
        const std::uint64_t at = call.offset + call.done;
        if (at >= node.size || !node.known) {
            const bool fresh = node.known && now_us_ - node.checked_us < attributes_life_us;
            if (fresh || call.refreshed) break;
            return issue(call, &Service::send_read_attributes);
        }
        const ByteRange range =
            range_in_page(at, std::min<std::uint64_t>(call.total - call.done, node.size - at));
        const std::uint64_t number = at / cache_page_size;
        CachePage* const page = cache_.find(node, number);
        if (page == nullptr || page->reading || !page->valid.contains(range)) {
            const std::uint64_t end = std::min(call.offset + call.total, node.size);
            call.waiting_page = number;
            const bool all_asked = read_pages(node, number, end_page(end));
            const CachePage* const asked = cache_.find(node, number);
            if (!all_asked && (asked == nullptr || !asked->reading)) {
                return wait_for_resources(call, &Service::read_on);
            }
            return wait_for(node, call, &Service::read_on);
        }
        call.cursor.fill(call.request->buffers, page->data + range.begin, range.size());
        cache_.touch(*page);
        call.done += range.size();
    }
    give_views(call, *file, node);
    fill_window(call, *file, node);
    finish(call, call.done);
}

void Service::send_read_attributes(Call& call) {
    const OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    GETATTR3args arguments{.object = file->node->handle.argument()};
    Rpc::send<rpc_nfs3_getattr_async, &Service::on_read_attributes>(*this, call, arguments);
}

void Service::on_read_attributes(Call& call, const GETATTR3res& result) {
    if (!accept(call, result.status)) return;
    OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    learn(*file->node, result.GETATTR3res_u.resok.obj_attributes, call.sent_serial);
    call.refreshed = true;
    call.step = &Service::read_on;
    read_on(call);
}

/// Is there an error of write-behind that this open file has not heard of yet? It is told once.
bool Service::tells_error(Call& call, OpenFile& file, const Node& node) {
    if (file.errors_seen == node.errors) return false;
    file.errors_seen = node.errors;
    fail(call, node.error);
    return true;
}

void Service::write(Call& call) {
    OpenFile* const file = begin_transfer(call);
    if (file == nullptr) return;
    if (!collected(*file->node)) return wait_for(*file->node, call, &Service::write);
    if (call.total == 0) return finish(call);
    if (tells_error(call, *file, *file->node)) return;
    // The end of the file is where the server says, unless we are the ones who move it.
    if (call.request->operation == Operation::append && file->node->settled()) {
        return issue(call, &Service::send_append_attributes);
    }
    call.step = &Service::write_on;
    write_on(call);
}

void Service::send_append_attributes(Call& call) {
    const OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    GETATTR3args arguments{.object = file->node->handle.argument()};
    Rpc::send<rpc_nfs3_getattr_async, &Service::on_append_attributes>(*this, call, arguments);
}

void Service::on_append_attributes(Call& call, const GETATTR3res& result) {
    if (!accept(call, result.status)) return;
    OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    learn(*file->node, result.GETATTR3res_u.resok.obj_attributes, call.sent_serial);
    call.step = &Service::write_on;
    write_on(call);
}

/// For a request, or for what was in a window.
void Service::write_on(Call& call) {
    OpenFile* const file = call.window != nullptr ? nullptr : file_of(call);
    if (file == nullptr && call.window == nullptr) return fail(call, Error::bad_descriptor);
    Node& node = call.window != nullptr ? *call.window->node : *file->node;
    if (file != nullptr && !collected(node)) return wait_for(node, call, &Service::write_on);
    if (node.resize != nullptr || node.barrier) return wait_for(node, call, &Service::write_on);
    if (call.done == 0 && call.request->operation == Operation::append) {
        call.offset = node.size;
        if (call.offset > INT64_MAX - max_io_bytes) return fail(call, Error::file_too_big);
    }
    read_windows_.recall(node);
    while (call.done < call.total) {
        const std::uint64_t at = call.offset + call.done;
        const ByteRange range = range_in_page(at, call.total - call.done);
        CachePage* const page = page_to_write(call, node, at / cache_page_size, range);
        if (page == nullptr) return;
        page->end_views();
        call.cursor.drain(call.request->buffers, page->data + range.begin, range.size());
        page->valid.include(range);
        mark_dirty(node, *page, range);
        call.done += range.size();
        node.size = std::max(node.size, at + range.size());
    }
    if (call.window != nullptr) return window_collected(*call.window);
    call.request->position = call.offset + call.done;
    written(call, *file, node);
}

/// The page, ready for these bytes; null when the call waits for it.
CachePage* Service::page_to_write(Call& call, Node& node, std::uint64_t number, ByteRange range) {
    CachePage* page = cache_.find(node, number);
    const bool more_unsafe = page == nullptr || page->idle();
    if (more_unsafe && unsafe_pages_ >= cache_.pages() / 2) {
        flush_for_room();
        wait_for_resources(call, &Service::write_on);
        return nullptr;
    }
    if (page == nullptr) {
        page = cache_.take(node, number);
        if (page == nullptr) {
            wait_for_resources(call, &Service::write_on);
            return nullptr;
        }
        // Behind the end of the file there are only zeros.
        if (number * cache_page_size >= node.size) {
            std::memset(page->data, 0, cache_page_size);
            page->valid = {0, cache_page_size};
        }
    }
    const bool joins = page->valid.empty() || page->valid.touches(range);
    if (!page->reading && joins) return page;
    call.waiting_page = number;
    if (!page->reading && read_run(node, number, number + 1) == 0) {
        wait_for_resources(call, &Service::write_on);
    } else {
        wait_for(node, call, &Service::write_on);
    }
    return nullptr;
}

void Service::written(Call& call, OpenFile& file, Node& node) {
    if (file.synchronous || node.write_through) {
        want_clean(node);
        call.step = &Service::written_through;
        return written_through(call);
    }
    if (has_full_run(node)) to_flush(node);
    arm_write_window(call, file, node);
    finish(call, call.done);
}

void Service::written_through(Call& call) {
    OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    Node& node = *file->node;
    if (!node.clean()) return wait_for(node, call, &Service::written_through);
    if (tells_error(call, *file, node)) return;
    finish(call, call.done);
}

void Service::sync(Call& call) {
    OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    sync_on(call);
}

void Service::sync_on(Call& call) {
    OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    Node& node = *file->node;
    if (!collected(node)) return wait_for(node, call, &Service::sync_on);
    if (node.clean()) {
        if (!tells_error(call, *file, node)) finish(call);
        return;
    }
    node.barrier = true;
    want_clean(node);
    wait_for(node, call, &Service::sync_on);
}

/// The open file is gone at once, whatever becomes of the call.
void Service::close(Call& call) {
    OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    Node& node = *file->node;
    call.object = node.handle;
    call.errors_seen = file->errors_seen;
    collected(node);
    const bool writable = file->writable;
    read_windows_.forget(node, *file);
    open_files_.give(*file, chunks_);
    --node.opens;
    nodes_.settle(node);
    want_clean(node);
    may_be_clean(node);
    if (call.request->abandon || !writable) return finish(call);
    call.step = &Service::close_on;
    close_on(call);
}

void Service::close_on(Call& call) {
    Node* const node = nodes_.find(call.object);
    if (node == nullptr) return finish(call);
    if (!collected(*node)) return wait_for(*node, call, &Service::close_on);
    if (!node->clean()) {
        node->barrier = true;
        want_clean(*node);
        return wait_for(*node, call, &Service::close_on);
    }
    if (call.errors_seen != node->errors) return fail(call, node->error);
    finish(call);
}

void Service::sync_all(Call& call) {
    while (WritingWindow* const window = write_windows_.oldest()) collect(*window);
    for (const WritingWindow& window : write_windows_.all()) {
        if (window.stage == WritingWindow::Stage::none) continue;
        return wait_for(*window.node, call, &Service::sync_all);
    }
    for (Node* node = dirty_nodes_.front(); node != nullptr; node = dirty_nodes_.next(*node)) {
        want_clean(*node);
    }
    if (!dirty_nodes_.empty()) return wait_for(*dirty_nodes_.front(), call, &Service::sync_all);
    if (!ios_.none()) return wait_for_resources(call, &Service::sync_all);
    finish(call);
}

void Service::truncate(Call& call) {
    if (regular_file_of(call) == nullptr) return;
    if (call.request->offset > INT64_MAX) return fail(call, Error::bad_argument);
    call.step = &Service::truncate_on;
    truncate_on(call);
}

void Service::truncate_on(Call& call) {
    OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    if (!collected(*file->node)) return wait_for(*file->node, call, &Service::truncate_on);
    begin_resize(call, *file->node, call.request->offset, &Service::truncated);
}

void Service::truncated(Call& call) {
    finish(call);
}

void Service::status(Call& call) {
    if (file_of(call) == nullptr) return fail(call, Error::bad_descriptor);
    status_on(call);
}

/// The server tells size and times: it is sent what it lacks first.
void Service::status_on(Call& call) {
    OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    Node& node = *file->node;
    if (!collected(node)) return wait_for(node, call, &Service::status_on);
    if (node.settled() || ++call.retries > max_status_retries) {
        return issue(call, &Service::send_status);
    }
    node.flush = true;
    to_flush(node);
    wait_for(node, call, &Service::status_on);
}

void Service::send_status(Call& call) {
    const OpenFile* const file = file_of(call);
    if (file == nullptr) return fail(call, Error::bad_descriptor);
    GETATTR3args arguments{.object = file->node->handle.argument()};
    Rpc::send<rpc_nfs3_getattr_async, &Service::on_status>(*this, call, arguments);
}

void Service::on_status(Call& call, const GETATTR3res& result) {
    if (!accept(call, result.status)) return;
    const fattr3& attributes = result.GETATTR3res_u.resok.obj_attributes;
    call.request->file_status = to_file_status(attributes);
    if (OpenFile* const file = file_of(call)) {
        learn(*file->node, attributes, call.sent_serial);
        if (!file->node->directory) call.request->file_status.size = file->node->size;
        if (file->node->removed != nullptr) --call.request->file_status.links;
    }
    finish(call);
}

}  // namespace sos::fs::nfs
