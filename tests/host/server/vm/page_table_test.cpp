// SPDX-License-Identifier: BSD-2-Clause
#include "vm/page_table.hpp"

#include <vector>

#include "vm_test.hpp"

namespace sos::vm {

namespace {

constexpr VAddr low{0x40'0000};
constexpr VAddr high{0x7fff'ffff'e000};

Entry in_file(std::uint64_t offset) {
    Entry entry;
    entry.set<Entry::DataInElf>(1);
    entry.set<Entry::Cap>(offset);
    return entry;
}

class PageTableTest : public VmTest {
  protected:
    PageTableTest() {
        LockGuard guard(ft_lock);
        EXPECT_TRUE(table.init(no_space));
    }
    ~PageTableTest() override {
        LockGuard guard(ft_lock);
        table.destroy();
    }

    PageTable table;
};

TEST(PageTableEntry, IsTheSeedsLayout) {
    Entry entry;
    entry.set<Entry::Cap>(~0ull);
    EXPECT_EQ(entry.word, (1ull << 39) - 1);
    entry = {};
    entry.set<Entry::Frame>(~0ull);
    EXPECT_EQ(entry.word, ((1ull << 19) - 1) << 39);
    entry = {};
    entry.set<Entry::Valid>(1);
    EXPECT_EQ(entry.word, 1ull << 58);
    EXPECT_EQ(table_index(VAddr{0x7fff'ffff'f000}, 0), 255u);
    EXPECT_EQ(table_index(VAddr{0x40'3000}, 3), 3u);
    EXPECT_EQ(table_index(VAddr{0x40'3000}, 2), 2u);
}

TEST_F(PageTableTest, MirrorsTheKernelsTables) {
    LockGuard guard(ft_lock);
    EXPECT_EQ(table.find(low).entry, nullptr);
    auto place = *table.find_or_make(low);
    EXPECT_TRUE(place.entry->empty());
    EXPECT_EQ(table.node_count(), 3u);
    EXPECT_EQ(kernel.find(table.vspace().raw())->cap.object->tables.size(), 3u);
    table.set(place, in_file(0x1000));
    EXPECT_EQ(table.find(low).entry->cap(), 0x1000u);

    auto far = *table.find_or_make(high);
    EXPECT_EQ(table.node_count(), 6u);
    table.set(far, in_file(0));
    EXPECT_EQ(kernel.find(table.vspace().raw())->cap.object->tables.size(), 6u);

    table.set(table.find(low), Entry{});
    EXPECT_EQ(table.node_count(), 3u);
    EXPECT_EQ(kernel.find(table.vspace().raw())->cap.object->tables.size(), 3u);
    EXPECT_EQ(table.find(low).entry, nullptr);
    table.set(table.find(high), Entry{});
    EXPECT_EQ(table.node_count(), 0u);
}

TEST_F(PageTableTest, NeighboursKeepANode) {
    LockGuard guard(ft_lock);
    table.set(*table.find_or_make(low), in_file(1));
    table.set(*table.find_or_make(low + 0x1000), in_file(2));
    EXPECT_EQ(table.node_count(), 3u);
    table.set(table.find(low), Entry{});
    EXPECT_EQ(table.node_count(), 3u);
    EXPECT_EQ(table.find(low + 0x1000).entry->cap(), 2u);
    table.set(table.find(low + 0x1000), Entry{});
    EXPECT_EQ(table.node_count(), 0u);
}

TEST_F(PageTableTest, FindsTheNextFilledPage) {
    LockGuard guard(ft_lock);
    const VAddr pages[] = {low, low + 0x5000, VAddr{0x4000'0000}, VAddr{0x123'4567'8000}, high};
    for (VAddr page : pages) table.set(*table.find_or_make(page), in_file(7));
    VAddr at{0};
    for (VAddr page : pages) {
        at = table.next_filled(at, VAddr{abi::user_top + 1});
        EXPECT_EQ(at, page);
        at = at + 0x1000;
    }
    EXPECT_EQ(table.next_filled(at, VAddr{abi::user_top + 1}), VAddr{abi::user_top + 1});
    EXPECT_EQ(table.next_filled(low + 0x1000, low + 0x5000), low + 0x5000);
    for (VAddr page : pages) table.set(table.find(page), Entry{});
}

TEST_F(PageTableTest, TablesAreBounded) {
    LockGuard guard(ft_lock);
    Error error{};
    std::vector<VAddr> pages;
    for (VAddr at = low;; at = at + (1ull << 30)) {
        const auto place = table.find_or_make(at);
        if (!place) {
            error = place.error();
            break;
        }
        table.set(*place, in_file(3));
        pages.push_back(at);
    }
    EXPECT_EQ(error, Error::limit_reached);
    const unsigned bound = std::min(max_table_nodes, frame_table_size() / 64);
    EXPECT_LE(table.node_count(), bound);
    EXPECT_GT(table.node_count(), bound - 3);
    for (VAddr page : pages) table.set(table.find(page), Entry{});
}

TEST_F(PageTableTest, EachFailingStepLeavesNoNode) {
    LockGuard guard(ft_lock);
    for (std::uint64_t n = 1;; ++n) {
        res::fail_after(n);
        const auto place = table.find_or_make(high);
        res::fail_after(0);
        if (place) {
            EXPECT_GT(n, 6u);
            table.drop_if_empty(*place);
            break;
        }
        EXPECT_EQ(table.node_count(), 0u);
    }
    EXPECT_EQ(table.node_count(), 0u);
    EXPECT_TRUE(kernel.find(table.vspace().raw())->cap.object->tables.empty());
}

}  // namespace

}  // namespace sos::vm
