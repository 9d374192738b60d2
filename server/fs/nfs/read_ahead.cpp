// SPDX-License-Identifier: BSD-2-Clause
// Filling the cache: READs for pages that somebody waits for, and for those that a sequential
// reader will want next.
#include <algorithm>
#include <cstring>

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {

constexpr std::uint32_t least_window = Io::max_pages;
constexpr std::uint32_t most_window = 16 * Io::max_pages;  // 1 MiB
constexpr std::size_t most_viewed = 16 * 1024;  // bytes: what reads more at once needs no views
static_assert(PageViews::page_size == cache_page_size);

std::uint64_t pages_of(std::uint64_t bytes) {
    return (bytes + cache_page_size - 1) / cache_page_size;
}

/// A page that is there but not whole lacks what the server has.
bool wanted(const CachePage* page) {
    return page == nullptr || (!page->reading && page->valid != ByteRange{0, cache_page_size});
}

}  // namespace

/// Called for each read: a reader that goes on where it stopped has ever more pages fetched in
/// advance. All readers together have at most a quarter of the cache that way.
void Service::read_ahead(OpenFile& file, Node& node, std::uint64_t offset, std::size_t size) {
    const bool sequential =
        offset == file.next_offset || (offset > file.next_offset && offset <= file.viewed_until);
    file.next_offset = file.viewed_until = offset + size;
    if (!sequential) {
        file.ahead_window = 0;
        file.ahead_until = 0;
        return;
    }
    const std::uint64_t here = offset / cache_page_size;
    const std::uint64_t file_end = pages_of(node.size);
    if (file.ahead_until < here) file.ahead_until = here;
    if (file.ahead_until >= file_end) return;
    const auto share = static_cast<std::uint32_t>(cache_.pages() / 4 / open_files_.count());
    const std::uint32_t most = std::clamp(share, least_window, most_window);
    const std::uint64_t behind = pages_of(offset + size);
    // The next portion is asked for when half of the last one is used up.
    if (file.ahead_until > behind + file.ahead_window / 2) return;
    file.ahead_window = std::clamp(2 * file.ahead_window, least_window, most);
    const std::uint64_t until =
        std::min((behind + file.ahead_window) / Io::max_pages * Io::max_pages, file_end);
    while (file.ahead_until < until && ios_.reads() < IoTable::max_ahead) {
        const std::uint64_t end =
            std::min<std::uint64_t>(until, (file.ahead_until / Io::max_pages + 1) * Io::max_pages);
        if (!read_pages(node, file.ahead_until, end)) return;
        file.ahead_until = end;
    }
}

/// After a read in small pieces that went on where the one before had stopped: views of the pages
/// that come next, as far as the cache has them.
void Service::give_views(const Call& call, OpenFile& file, Node& node) {
    PageViews* const views = call.request->views;
    if (views == nullptr || call.total > most_viewed || file.ahead_window == 0) return;
    if (call.done < call.total || node.resize != nullptr) return;
    views->first = file.next_offset / cache_page_size;
    // Only whole pages: the end of the file is the file server's business.
    const std::uint64_t end = node.size / cache_page_size;
    while (views->count < PageViews::most && views->first + views->count < end) {
        CachePage* const page = cache_.find(node, views->first + views->count);
        if (page == nullptr || page->reading || page->discard ||
            page->valid != ByteRange{0, cache_page_size}) {
            break;
        }
        cache_.touch(*page);
        views->pages[views->count++] = {page->data, &page->version, page->version};
    }
    file.viewed_until = std::max(file.next_offset, (views->first + views->count) * cache_page_size);
}

/// After a read in small pieces: a window for what comes next, as far as the cache has it.
void Service::fill_window(const Call& call, OpenFile& file, Node& node) {
    ReadWindow* const window = call.request->window;
    if (window == nullptr) return;
    // Its pages are about to be written over, or of no use.
    read_windows_.forget(node, file);
    if (call.done < call.total || node.resize != nullptr) return;
    const std::size_t room = total_size(window->into);
    const std::uint64_t begin = call.offset + call.done;
    BufferCursor cursor;
    while (window->filled < room && begin + window->filled < node.size) {
        const std::uint64_t at = begin + window->filled;
        const auto first = static_cast<std::uint32_t>(at % cache_page_size);
        const std::uint64_t most = std::min<std::uint64_t>(room - window->filled, node.size - at);
        const auto size =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(most, cache_page_size - first));
        CachePage* const page = cache_.find(node, at / cache_page_size);
        if (page == nullptr || page->reading || !page->valid.contains({first, first + size})) break;
        cursor.fill(window->into, page->data + first, size);
        cache_.touch(*page);
        window->filled += size;
    }
    if (window->filled == 0) return;
    file.viewed_until = std::max(file.viewed_until, begin + window->filled);
    read_windows_.arm(node, file, window->state);
}

/// READs for all that the cache lacks of these pages; false when there was no room for all.
bool Service::read_pages(Node& node, std::uint64_t first, std::uint64_t end) {
    while (first < end) {
        if (!wanted(cache_.find(node, first))) {
            ++first;
            continue;
        }
        const std::uint32_t count = read_run(node, first, end);
        if (count == 0) return false;
        first += count;
    }
    return true;
}

/// One READ, from page `first` on: of how many pages.
std::uint32_t Service::read_run(Node& node, std::uint64_t first, std::uint64_t end) {
    Io* const io = ios_.take(Io::Kind::read, node);
    if (io == nullptr) return 0;
    const std::uint32_t most = std::min(Io::max_pages, connection_.max_read() / cache_page_size);
    const std::uint64_t limit = std::min(end, first + std::max(most, 1u));
    for (std::uint64_t number = first; number < limit; ++number) {
        CachePage* page = cache_.find(node, number);
        if (!wanted(page)) break;
        if (page == nullptr) page = cache_.take(node, number);
        if (page == nullptr) break;
        page->reading = true;
        cache_.settle(*page);
        io->pages[io->page_count++] = page;
    }
    if (io->page_count == 0) {
        ios_.give(*io);
        return 0;
    }
    io->offset = first * cache_page_size;
    io->bytes = io->page_count * cache_page_size;
    ++node.in_flight;
    nodes_.settle(node);
    const std::uint32_t count = io->page_count;
    start(*io);
    return count;
}

void Service::send_read(Io& io) {
    READ3args arguments{.file = io.node->handle.argument(),
                        .offset = io.offset + io.done,
                        .count = std::min(io.bytes - io.done, connection_.max_read())};
    Rpc::send<rpc_nfs3_read_async, &Service::on_read>(*this, io, arguments);
}

void Service::on_read(Io& io, const READ3res& result) {
    if (!io_accepted(io, result.status)) return;
    const READ3resok& got = result.READ3res_u.resok;
    const std::uint32_t length = got.data.data_len;
    if (length > io.bytes - io.done) return read_failed(io, Error::protocol_error);
    learn(*io.node, got.file_attributes, io.sent_serial);
    if (io.done == 0) use_if_new(io, got.file_attributes);
    const auto* from = reinterpret_cast<const std::byte*>(got.data.data_val);
    std::uint32_t taken = 0;
    while (taken < length) {
        const std::uint32_t at = io.done % cache_page_size;
        const std::uint32_t piece = std::min(length - taken, cache_page_size - at);
        CachePage& page = *io.pages[io.done / cache_page_size];
        // Only what is not there already: that may be newer.
        const ByteRange held = page.discard ? ByteRange{0, cache_page_size} : page.valid;
        const std::uint32_t before = std::clamp(held.begin, at, at + piece);
        const std::uint32_t behind = held.empty() ? before : std::clamp(held.end, at, at + piece);
        std::memcpy(page.data + at, from + taken, before - at);
        std::memcpy(page.data + behind, from + taken + (behind - at), at + piece - behind);
        taken += piece;
        io.done += piece;
    }
    // A reply that is cut short says nothing about what comes behind.
    if (io.done < io.bytes && got.eof == 0 && length > 0) return start(io);
    pages_read(io, io.done);
}

/// Data that come with the attributes we know are no older than these.
void Service::use_if_new(Io& io, const post_op_attr& attributes) {
    if (attributes.attributes_follow == 0) return;
    if (fingerprint(attributes.post_op_attr_u.attributes) != io.node->seen) return;
    for (std::uint32_t i = 0; i < io.page_count; ++i) io.pages[i]->discard = false;
}

/// All there is has arrived: behind it the file ends, which reads as zeros.
void Service::pages_read(Io& io, std::size_t bytes) {
    Node& node = *io.node;
    for (std::uint32_t i = 0; i < io.page_count; ++i) {
        CachePage& page = *io.pages[i];
        page.reading = false;
        if (page.discard) {
            page.discard = false;
            if (page.idle()) {
                cache_.drop(page);
                continue;
            }
        } else {
            const std::size_t begin = std::size_t{i} * cache_page_size;
            const std::size_t end = std::clamp<std::size_t>(bytes, begin, begin + cache_page_size);
            fill_with_zeros(page, static_cast<std::uint32_t>(end - begin));
            page.valid = {0, cache_page_size};
        }
        cache_.settle(page);
    }
    --node.in_flight;
    resize_when_possible(node);
    end(io);
}

void Service::fill_with_zeros(CachePage& page, std::uint32_t from) {
    const ByteRange held = page.valid;
    if (held.empty() || held.end <= from) {
        std::memset(page.data + from, 0, cache_page_size - from);
        return;
    }
    if (held.begin > from) std::memset(page.data + from, 0, held.begin - from);
    std::memset(page.data + held.end, 0, cache_page_size - held.end);
}

/// Those who wait for one of the pages get the error; the pages are as they were.
void Service::read_failed(Io& io, Error error) {
    Node& node = *io.node;
    const std::uint64_t first = io.offset / cache_page_size;
    Call* call = node.waiters.front();
    while (call != nullptr) {
        Call* const next = node.waiters.next(*call);
        if (call->waiting_page - first < io.page_count) fail(*call, error);
        call = next;
    }
    for (std::uint32_t i = 0; i < io.page_count; ++i) {
        CachePage& page = *io.pages[i];
        page.reading = false;
        page.discard = false;
        page.idle() ? cache_.drop(page) : cache_.settle(page);
    }
    --node.in_flight;
    resize_when_possible(node);
    end(io);
}

}  // namespace sos::fs::nfs
