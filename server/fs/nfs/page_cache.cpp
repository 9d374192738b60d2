// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/page_cache.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "fs/nfs/node.hpp"

namespace sos::fs::nfs {

void PageCache::use(std::span<CachePage> records, std::span<std::byte> memory,
                    CacheMemory* source) {
    pages_ = std::min(records.size(), memory.size() / cache_page_size);
    ASSERT(source == nullptr || pages_ % part_pages == 0);
    records_ = records;
    memory_ = memory;
    source_ = source;
    for (std::size_t i = 0; i < records.size(); ++i) {
        CachePage& page = *new (&records[i]) CachePage;
        if (i >= pages_) {
            bare_.push_back(page);
            continue;
        }
        page.data = memory.data() + i * cache_page_size;
        free_page(page);
    }
}

void PageCache::free_page(CachePage& page) {
    free_.push_back(page);
    ++free_count_;
}

CachePage& PageCache::take_free() {
    --free_count_;
    return *free_.pop_front();
}

bool PageCache::in_part(const CachePage& page, std::size_t part) const {
    const std::byte* const begin = memory_.data() + part * part_size;
    return page.data >= begin && page.data < begin + part_size;
}

bool PageCache::give_way() {
    if (source_ == nullptr || pages_ <= least_parts * part_pages) return false;
    while (free_count_ < part_pages) {
        if (idle_.empty()) return false;
        drop(*idle_.front());
    }
    const std::size_t part = pages_ / part_pages - 1;
    for (CachePage& page : records_) {
        if (page.node != nullptr || !in_part(page, part)) continue;
        free_.remove(page);
        --free_count_;
        page.data = nullptr;
        bare_.push_back(page);
    }
    // What is left there is in use; all that is free is elsewhere now, and as much as that.
    for (CachePage& page : records_) {
        if (!in_part(page, part)) continue;
        CachePage& other = take_free();
        page.end_views();
        std::memcpy(other.data, page.data, cache_page_size);
        page.data = std::exchange(other.data, nullptr);
        bare_.push_back(other);
    }
    pages_ -= part_pages;
    source_->give_up(part);
    return true;
}

bool PageCache::get_part_back() {
    const std::size_t part = pages_ / part_pages;
    if (source_ == nullptr || (part + 1) * part_size > memory_.size()) return false;
    if (!source_->get_back(part)) return false;
    for (std::size_t i = 0; i < part_pages; ++i) {
        CachePage& page = *bare_.pop_front();
        page.data = memory_.data() + part * part_size + i * cache_page_size;
        free_page(page);
    }
    pages_ += part_pages;
    return true;
}

bool PageCache::borrow() {
    const std::size_t most = records_.size() - memory_.size() / cache_page_size;
    if (source_ == nullptr || borrowed_ == most) return false;
    std::byte* const data = source_->borrow();
    if (data == nullptr) return false;
    CachePage& page = *bare_.pop_front();
    page.data = data;
    free_page(page);
    ++borrowed_;
    return true;
}

bool PageCache::is_borrowed(const CachePage& page) const {
    return page.data != nullptr &&
           (page.data < memory_.data() || page.data >= memory_.data() + memory_.size());
}

/// Of a free page.
void PageCache::return_memory(CachePage& page) {
    free_.remove(page);
    --free_count_;
    source_->return_borrowed(std::exchange(page.data, nullptr));
    bare_.push_back(page);
    --borrowed_;
}

/// A page that is free, or becomes so, taken from its list; null when all are busy.
CachePage* PageCache::some_unused() {
    if (free_.empty() && idle_.empty()) return nullptr;
    if (free_.empty()) drop(*idle_.front());
    return &take_free();
}

std::size_t PageCache::return_borrowed(std::size_t most) {
    const std::size_t before = borrowed_;
    const std::size_t rest = before - std::min(most, before);
    for (CachePage* page = free_.front(); page != nullptr && borrowed_ > rest;) {
        CachePage* const next = free_.next(*page);
        if (is_borrowed(*page)) return_memory(*page);
        page = next;
    }
    for (CachePage* page = idle_.front(); page != nullptr && borrowed_ > rest;) {
        CachePage* const next = idle_.next(*page);
        if (is_borrowed(*page)) {
            drop(*page);
            return_memory(*page);
        }
        page = next;
    }
    for (CachePage& page : records_) {
        if (borrowed_ == rest) break;
        if (!is_borrowed(page)) continue;
        // It is busy, as is all that is borrowed by now: its bytes move to memory of our own.
        CachePage* const other = some_unused();
        if (other == nullptr) break;
        page.end_views();
        std::memcpy(other->data, page.data, cache_page_size);
        std::swap(page.data, other->data);
        free_page(*other);
        return_memory(*other);
    }
    return before - borrowed_;
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
    if (free_.empty() && !get_part_back()) borrow();
    CachePage* const unused = some_unused();
    if (unused == nullptr) return nullptr;
    CachePage& page = *unused;
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
    free_page(page);
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
