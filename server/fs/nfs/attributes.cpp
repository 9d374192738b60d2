// SPDX-License-Identifier: BSD-2-Clause
// What the attributes in a reply tell about a file's contents (close-to-open consistency): when
// somebody else has changed them, the pages that the cache has of it are worth nothing.
#include <algorithm>
#include <cstring>

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {

/// Where the last byte that only we have ends.
std::uint64_t end_of_dirty(const Node& node) {
    std::uint64_t end = 0;
    for (const CachePage* page = node.dirty.front(); page != nullptr;
         page = DirtyPages::next(*page)) {
        end = std::max(end, page->number * cache_page_size + page->dirty.end);
    }
    return end;
}

}  // namespace

/// `sent_serial`: of the RPC whose reply they are.
void Service::learn(Node& node, const fattr3& attributes, std::uint64_t sent_serial) {
    const Fingerprint found = fingerprint(attributes);
    node.directory = attributes.type == NF3DIR;
    if (!node.known) {
        node.known = true;
        node.seen = found;
        set_size(node, std::max(found.size, end_of_dirty(node)));
        return attributes_fresh(node);
    }
    // What was under way together with a change of ours tells the state before it, or after.
    if (node.writes_in_flight > 0 || sent_serial <= node.changed_serial) return;
    attributes_fresh(node);
    if (found == node.seen) return;
    names_.forget(node.handle, serial_);
    node.seen = found;
    forget_contents(node);
    set_size(node, std::max(found.size, end_of_dirty(node)));
}

void Service::learn(Node& node, const post_op_attr& attributes, std::uint64_t sent_serial) {
    if (attributes.attributes_follow == 0) return;
    learn(node, attributes.post_op_attr_u.attributes, sent_serial);
}

/// After a WRITE or SETATTR of our own. `alone`: none other was under way meanwhile, so that the
/// state before it must be the one that we knew.
void Service::learn_own_change(Node& node, const wcc_data& change, bool alone) {
    node.changed_serial = serial_;
    names_.forget(node.handle, serial_);
    if (change.after.attributes_follow == 0) {
        node.known = false;  // the next reply's attributes will do
        return;
    }
    const Fingerprint after = fingerprint(change.after.post_op_attr_u.attributes);
    if (alone && change.before.attributes_follow != 0 &&
        fingerprint(change.before.pre_op_attr_u.attributes) != node.seen) {
        forget_contents(node);
        set_size(node, std::max(after.size, end_of_dirty(node)));
    }
    // Replies may come in another order than the server worked in.
    if (after.changed >= node.seen.changed || alone) node.seen = after;
    node.known = true;
    attributes_fresh(node);
}

/// What readers may take without asking ends with the file.
void Service::set_size(Node& node, std::uint64_t size) {
    const bool shorter = size < node.size;
    node.size = size;
    if (!shorter) return;
    read_windows_.recall(node);
    for (CachePage* page = node.pages.front(); page != nullptr; page = NodePages::next(*page)) {
        page->end_views();
    }
}

/// Pages lose all but what is ours and still to be written, or to be committed.
void Service::forget_contents(Node& node) {
    read_windows_.recall(node);
    CachePage* page = node.pages.front();
    while (page != nullptr) {
        CachePage* const next = NodePages::next(*page);
        if (page->idle()) {
            cache_.drop(*page);
        } else {
            page->discard = page->reading;
            page->end_views();
            page->valid = page->unstable;
            page->valid.include(page->dirty);
        }
        page = next;
    }
}

/// The file ends at `size` now. Nothing is under way.
void Service::cut_pages(Node& node, std::uint64_t size) {
    CachePage* page = node.pages.front();
    while (page != nullptr) {
        CachePage* const next = NodePages::next(*page);
        const std::uint64_t begin = page->number * cache_page_size;
        if (begin + cache_page_size > size) {
            page->end_views();
            const auto limit = begin >= size ? 0 : static_cast<std::uint32_t>(size - begin);
            const bool was_dirty = !page->dirty.empty();
            const bool was_unsafe = was_dirty || !page->unstable.empty();
            page->dirty.cut(limit);
            if (was_dirty && page->dirty.empty()) {
                node.dirty.remove(*page);
                --node.dirty_pages;
            }
            if (!page->unstable.empty()) {
                page->unstable.cut(limit);
                if (page->unstable.empty()) --node.unstable_pages;
            }
            if (was_unsafe && page->dirty.empty() && page->unstable.empty()) --unsafe_pages_;
            if (limit == 0 && page->idle()) {
                cache_.drop(*page);
            } else {
                // What was cut off reads as zeros if the file grows again.
                std::memset(page->data + limit, 0, cache_page_size - limit);
                if (page->valid.contains({limit, limit})) page->valid.end = cache_page_size;
                if (page->valid.begin > limit) page->valid = {};
                cache_.settle(*page);
            }
        }
        page = next;
    }
}

}  // namespace sos::fs::nfs
