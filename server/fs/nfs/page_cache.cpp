// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/page_cache.hpp"

#include <new>

#include "fs/nfs/node.hpp"

namespace sos::fs::nfs {

void PageCache::use(std::span<CachePage> records, std::span<std::byte> memory) {
    ASSERT(memory.size() / cache_page_size >= records.size());
    pages_ = records.size();
    for (std::size_t i = 0; i < records.size(); ++i) {
        CachePage& page = *new (&records[i]) CachePage;
        page.data = memory.data() + i * cache_page_size;
        free_.push_back(page);
    }
}

CachePage*& PageCache::bucket_of(const Node& node, std::uint64_t number) {
    // Consecutive pages of a file lie in consecutive buckets, files apart from each other.
    const std::uint64_t place = number + std::uint64_t{node.salt} * 0x9e37'79b9;
    return table_[place % buckets];
}

CachePage* PageCache::find(const Node& node, std::uint64_t number) const {
    CachePage* page = const_cast<PageCache*>(this)->bucket_of(node, number);
    while (page != nullptr && (page->number != number || page->node != &node)) {
        page = page->hash_next;
    }
    return page;
}

CachePage* PageCache::take(Node& node, std::uint64_t number) {
    if (free_.empty()) {
        if (idle_.empty()) return nullptr;
        drop(*idle_.front());
    }
    CachePage& page = *free_.pop_front();
    page.node = &node;
    page.number = number;
    CachePage*& bucket = bucket_of(node, number);
    page.hash_next = bucket;
    bucket = &page;
    node.pages.push_back(page);
    return &page;
}

void PageCache::unlink(CachePage& page) {
    CachePage** place = &bucket_of(*page.node, page.number);
    while (*place != &page) place = &(*place)->hash_next;
    *place = page.hash_next;
    page.node->pages.remove(page);
}

void PageCache::drop(CachePage& page) {
    ASSERT(!page.reading && !page.writing && !page.dirty_link.linked);
    unlink(page);
    if (page.use_link.linked) idle_.remove(page);
    page = CachePage{.data = page.data, .version = page.version + 1};
    free_.push_back(page);
}

void PageCache::touch(CachePage& page) {
    if (!page.use_link.linked || idle_.back() == &page) return;
    idle_.remove(page);
    idle_.push_back(page);
}

void PageCache::settle(CachePage& page) {
    const bool idle = page.idle();
    if (idle == page.use_link.linked) return;
    if (idle) {
        idle_.push_back(page);
    } else {
        idle_.remove(page);
    }
}

}  // namespace sos::fs::nfs
