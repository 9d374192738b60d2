// SPDX-License-Identifier: BSD-2-Clause
// The cache of files' contents when the server needs its memory for something else.
#include "fs/nfs/page_cache.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "fs/nfs/node.hpp"

namespace {

using namespace sos::fs::nfs;

constexpr std::size_t parts = 6;
constexpr std::size_t most_borrowed = 700;
constexpr std::size_t part_size = PageCache::part_pages * cache_page_size;

class PageCacheTest : public ::testing::Test, public CacheMemory {
  protected:
    PageCacheTest()
        : records(parts * PageCache::part_pages + most_borrowed),
          memory(parts * part_size),
          lendable(most_borrowed + 100, std::vector<std::byte>(cache_page_size)) {
        cache.use(records, memory, this);
    }
    ~PageCacheTest() override { EXPECT_EQ(cache.borrowed(), lent.size()); }

    void give_up(std::size_t part) override {
        ASSERT_EQ(part, there - 1);
        --there;
        std::memset(memory.data() + part * part_size, 0xee, part_size);
    }
    bool get_back(std::size_t part) override {
        if (!may_grow) return false;
        EXPECT_EQ(part, there);
        ++there;
        std::memset(memory.data() + part * part_size, 0, part_size);
        return true;
    }
    std::byte* borrow() override {
        if (!may_borrow || lendable.empty()) return nullptr;
        std::vector<std::byte> page = std::move(lendable.back());
        lendable.pop_back();
        std::byte* const data = page.data();
        lent.emplace(data, std::move(page));
        return data;
    }
    void return_borrowed(std::byte* data) override {
        const auto page = lent.find(data);
        ASSERT_NE(page, lent.end());
        std::memset(data, 0xdd, cache_page_size);
        lendable.push_back(std::move(page->second));
        lent.erase(page);
    }
    bool has_memory(const CachePage& page) {
        return lent.contains(page.data) ||
               (page.data >= memory.data() && page.data < memory.data() + there * part_size);
    }

    CachePage* add(std::uint64_t number) {
        CachePage* const page = cache.take(node, number);
        if (page == nullptr) return nullptr;
        EXPECT_TRUE(has_memory(*page));
        std::memset(page->data, static_cast<int>(number % 251), cache_page_size);
        page->valid = {0, cache_page_size};
        cache.settle(*page);
        return page;
    }
    bool right(const CachePage& page) {
        const auto expected = static_cast<std::byte>(page.number % 251);
        return has_memory(page) && page.data[0] == expected &&
               std::memcmp(page.data, page.data + 1, cache_page_size - 1) == 0;
    }

    std::vector<CachePage> records;
    std::vector<std::byte> memory;
    PageCache cache;
    Node node;
    std::size_t there = parts;
    bool may_grow = false;
    bool may_borrow = false;
    std::vector<std::vector<std::byte>> lendable;
    std::map<std::byte*, std::vector<std::byte>> lent;
};

TEST_F(PageCacheTest, gives_its_coldest_pages_and_keeps_the_others) {
    const std::size_t all = parts * PageCache::part_pages;
    for (std::uint64_t i = 0; i < all; ++i) ASSERT_NE(add(i), nullptr);
    // Those in the last part are used again.
    for (std::uint64_t i = all - 100; i < all; ++i) cache.touch(*cache.find(node, i));
    ASSERT_TRUE(cache.give_way());
    EXPECT_EQ(cache.pages(), all - PageCache::part_pages);
    for (std::uint64_t i = 0; i < all; ++i) {
        CachePage* const page = cache.find(node, i);
        EXPECT_EQ(page != nullptr, i >= PageCache::part_pages) << i;
        EXPECT_TRUE(page == nullptr || right(*page)) << i;
    }
}

TEST_F(PageCacheTest, ends_the_views_of_what_moves_or_goes) {
    struct View {
        const std::byte* data;
        const std::uint32_t* version;
        std::uint32_t expected;
    };
    std::vector<View> views;
    for (std::uint64_t i = 0; i < cache.pages() - 10; ++i) {
        CachePage& page = *add(i);
        views.push_back({page.data, &page.version, page.version});
    }
    for (std::uint64_t i = views.size() - 50; i < views.size(); ++i) {
        cache.touch(*cache.find(node, i));
    }
    std::size_t good = 0;
    ASSERT_TRUE(cache.give_way());
    for (std::size_t i = 0; i < views.size(); ++i) {
        if (*views[i].version != views[i].expected) continue;
        ++good;
        EXPECT_LT(views[i].data, memory.data() + there * part_size);
        EXPECT_EQ(views[i].data[0], static_cast<std::byte>(i % 251));
    }
    EXPECT_GT(good, 0u);
}

TEST_F(PageCacheTest, keeps_two_parts_and_what_is_not_idle) {
    while (cache.give_way()) {
    }
    EXPECT_EQ(there, PageCache::least_parts);
    may_grow = true;
    for (std::uint64_t i = 0; i < 3 * PageCache::part_pages; ++i) {
        CachePage* const page = add(i);
        ASSERT_NE(page, nullptr);
        page->unstable = {0, 1};
        cache.settle(*page);
    }
    EXPECT_EQ(there, 3u);
    EXPECT_FALSE(cache.give_way());
    EXPECT_EQ(there, 3u);
    for (std::uint64_t i = 0; i < PageCache::part_pages; ++i) {
        CachePage* const page = cache.find(node, i);
        page->unstable = {};
        cache.settle(*page);
    }
    EXPECT_TRUE(cache.give_way());
    EXPECT_EQ(there, 2u);
    for (std::uint64_t i = PageCache::part_pages; i < 3 * PageCache::part_pages; ++i) {
        ASSERT_NE(cache.find(node, i), nullptr);
        EXPECT_TRUE(right(*cache.find(node, i)));
    }
    may_grow = false;
    EXPECT_EQ(add(10'000), nullptr);  // all are busy, and there is no memory
}

TEST_F(PageCacheTest, borrows_what_it_needs_beside_its_own) {
    const std::size_t own = cache.pages();
    may_borrow = true;
    for (std::uint64_t i = 0; i < own; ++i) ASSERT_NE(add(i), nullptr);
    EXPECT_EQ(cache.borrowed(), 0u);
    for (std::uint64_t i = own; i < own + most_borrowed + 10; ++i) ASSERT_NE(add(i), nullptr);
    EXPECT_EQ(cache.borrowed(), most_borrowed);
    EXPECT_EQ(cache.pages(), own);
    for (std::uint64_t i = 0; i < own + most_borrowed + 10; ++i) {
        CachePage* const page = cache.find(node, i);
        EXPECT_EQ(page != nullptr, i >= 10) << i;
        EXPECT_TRUE(page == nullptr || right(*page)) << i;
    }
}

TEST_F(PageCacheTest, returns_what_was_used_least_and_keeps_the_rest) {
    const std::size_t own = cache.pages();
    const std::size_t all = own + most_borrowed;
    may_borrow = true;
    for (std::uint64_t i = 0; i < all; ++i) ASSERT_NE(add(i), nullptr);
    // The first that were borrowed are used again.
    for (std::uint64_t i = own; i < own + 100; ++i) cache.touch(*cache.find(node, i));
    CachePage& gone = *cache.find(node, own + 100);
    const std::uint32_t version = gone.version;
    EXPECT_EQ(cache.return_borrowed(300), 300u);
    EXPECT_EQ(cache.borrowed(), most_borrowed - 300);
    EXPECT_NE(gone.version, version);
    for (std::uint64_t i = 0; i < all; ++i) {
        CachePage* const page = cache.find(node, i);
        EXPECT_EQ(page == nullptr, i >= own + 100 && i < own + 400) << i;
        EXPECT_TRUE(page == nullptr || right(*page)) << i;
    }
    EXPECT_EQ(cache.return_borrowed(10'000), most_borrowed - 300);
    EXPECT_EQ(cache.return_borrowed(1), 0u);
    EXPECT_EQ(lent.size(), 0u);
}

TEST_F(PageCacheTest, returns_free_pages_first) {
    const std::size_t own = cache.pages();
    may_borrow = true;
    for (std::uint64_t i = 0; i < own + 50; ++i) ASSERT_NE(add(i), nullptr);
    cache.drop(*cache.find(node, own + 49));
    cache.drop(*cache.find(node, 5));
    EXPECT_EQ(cache.return_borrowed(1), 1u);
    EXPECT_NE(cache.find(node, own + 48), nullptr);
    EXPECT_EQ(cache.borrowed(), 49u);
}

TEST_F(PageCacheTest, moves_what_is_busy_out_of_what_it_has_borrowed) {
    const std::size_t own = cache.pages();
    may_borrow = true;
    for (std::uint64_t i = 0; i < own + 60; ++i) {
        CachePage* const page = add(i);
        ASSERT_NE(page, nullptr);
        if (i < own - 20) continue;
        page->unstable = {0, 1};
        cache.settle(*page);
    }
    CachePage& busy = *cache.find(node, own + 1);
    const std::uint32_t version = busy.version;
    EXPECT_EQ(cache.return_borrowed(60), 60u);
    EXPECT_NE(busy.version, version);
    for (std::uint64_t i = own - 20; i < own + 60; ++i) {
        ASSERT_NE(cache.find(node, i), nullptr);
        EXPECT_TRUE(right(*cache.find(node, i)));
    }
}

TEST_F(PageCacheTest, keeps_what_it_has_borrowed_while_all_is_busy) {
    const std::size_t own = cache.pages();
    may_borrow = true;
    for (std::uint64_t i = 0; i < own + 60; ++i) {
        CachePage* const page = add(i);
        page->unstable = {0, 1};
        cache.settle(*page);
    }
    EXPECT_EQ(cache.return_borrowed(60), 0u);
    EXPECT_EQ(cache.borrowed(), 60u);
    CachePage* const page = cache.find(node, 7);
    page->unstable = {};
    cache.settle(*page);
    EXPECT_EQ(cache.return_borrowed(60), 1u);
    for (std::uint64_t i = 0; i < own + 60; ++i) {
        CachePage* const left = cache.find(node, i);
        EXPECT_EQ(left == nullptr, i == 7);
        EXPECT_TRUE(left == nullptr || right(*left)) << i;
    }
}

TEST_F(PageCacheTest, random_uses_lose_nothing_that_is_busy) {
    std::mt19937 random(1);
    std::map<std::uint64_t, bool> busy;  // must be there
    for (int step = 0; step < 60'000; ++step) {
        const std::uint64_t number = random() % 5000;
        may_grow = random() % 50 == 0;
        may_borrow = random() % 3 != 0;
        CachePage* page = cache.find(node, number);
        if (busy[number]) {
            ASSERT_NE(page, nullptr);
        }
        switch (random() % 8) {
            case 0:
                if (random() % 40 == 0) cache.give_way();
                if (random() % 40 == 0) cache.return_borrowed(random() % 300);
                break;
            case 1:
                if (page != nullptr && !busy[number]) cache.drop(*page);
                break;
            case 2:
            case 3:
                if (page != nullptr) cache.touch(*page);
                break;
            default:
                if (page == nullptr) page = add(number);
                if (page == nullptr) break;
                busy[number] = random() % 4 == 0;
                page->unstable = busy[number] ? ByteRange{0, 1} : ByteRange{};
                cache.settle(*page);
        }
        page = cache.find(node, number);
        ASSERT_TRUE(page == nullptr || right(*page)) << step;
    }
}

}  // namespace
