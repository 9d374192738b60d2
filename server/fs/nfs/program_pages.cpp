// SPDX-License-Identifier: BSD-2-Clause
// Pages of programs, for the pager: what the cache has of a program need not be read again each
// time it is started. The pager names the version it wants, and the cache answers for that alone.
#include <algorithm>
#include <cstring>

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {

/// Calls each(page number, range in the page, where that begins in the whole) for [offset, +size).
/// Ends, and tells it, when `each` says false.
template <typename Each>
bool for_each_page(std::uint64_t offset, std::size_t size, Each&& each) {
    std::size_t done = 0;
    while (done < size) {
        const auto begin = static_cast<std::uint32_t>((offset + done) % cache_page_size);
        const std::size_t piece = std::min<std::size_t>(cache_page_size - begin, size - done);
        const ByteRange range{begin, begin + static_cast<std::uint32_t>(piece)};
        if (!each((offset + done) / cache_page_size, range, done)) return false;
        done += piece;
    }
    return true;
}

}  // namespace

/// Are the node's pages those of this version, with nothing in them that the server has not got?
bool Service::has_version(const Node& node, const Fingerprint& version) const {
    return node.known && node.seen == version && node.settled() && node.resize == nullptr &&
           node.write_window == nullptr;
}

Node* Service::node_of_version(FileHandle file, const Fingerprint& version) {
    const OpenFile* const open = open_files_.find(file);
    return open != nullptr && has_version(*open->node, version) ? open->node : nullptr;
}

bool Service::read_cached(FileHandle file, const Fingerprint& version, std::uint64_t offset,
                          std::span<std::byte> into) {
    const Node* const node = node_of_version(file, version);
    // Whoever runs a program is to notice that another client has changed it.
    if (node == nullptr || now_us_ - node->checked_us >= NameCache::life_us) return false;
    const auto copy = [&](std::uint64_t number, ByteRange range, std::size_t at) {
        CachePage* const page = cache_.find(*node, number);
        if (page == nullptr || page->discard || !page->valid.contains(range)) return false;
        std::memcpy(into.data() + at, page->data + range.begin, range.size());
        cache_.touch(*page);
        return true;
    };
    return for_each_page(offset, into.size(), copy);
}

void Service::keep_contents(FileHandle file, const Fingerprint& version, std::uint64_t offset,
                            std::span<const std::byte> bytes) {
    Node* const node = node_of_version(file, version);
    if (node == nullptr) return;
    for_each_page(offset, bytes.size(), [&](std::uint64_t number, ByteRange range, std::size_t at) {
        keep_in_page(*node, number, range, bytes.data() + at);
        return true;
    });
}

void Service::keep_in_page(Node& node, std::uint64_t number, ByteRange range,
                           const std::byte* from) {
    CachePage* page = cache_.find(node, number);
    if (page == nullptr) page = cache_.take(node, number);
    // One with which something is going on will have all there is, or more.
    if (page == nullptr || !page->idle() || page->valid.contains(range)) return;
    page->end_views();
    std::memcpy(page->data + range.begin, from, range.size());
    if (page->valid.touches(range)) {
        page->valid.include(range);
    } else {
        page->valid = range;
    }
    cache_.settle(*page);
}

}  // namespace sos::fs::nfs
