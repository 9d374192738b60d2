// SPDX-License-Identifier: BSD-2-Clause
// Shared pages with sixteen frames: several processes write to and read from the same pages, which
// go and come, while some are killed; against a model that knows every byte.
#include <algorithm>
#include <array>
#include <memory>
#include <random>

#include "paging_fixture.hpp"
#include "vm/shared_page.hpp"

namespace sos::vm {

namespace {

class SharedPagingTest : public PagingTest {
  protected:
    ~SharedPagingTest() override { EXPECT_EQ(shared_pages_in_use(), 0u); }
};

TEST_F(SharedPagingTest, PagesComeBackForAll) {
    Process a(40), b(40);
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(a.write(page, 3));
    ASSERT_TRUE(a.space.share(base_address, 40 * page_size, true));
    ASSERT_TRUE(b.space.share(base_address, 40 * page_size, true));
    EXPECT_EQ(a.space.use().paged_out_pages, 0u) << "they are nobody's alone";
    b.values = a.values;
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(b.check(page));
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(b.write(page, 4));
    a.values = b.values;
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(a.check(page));
    EXPECT_GT(slots_in_use(), 0u);
}

TEST_F(SharedPagingTest, EachStateOfAPageCanBeShared) {
    Process a(40), b(40);
    for (std::uint64_t page = 0; page < 30; ++page) ASSERT_TRUE(a.write(page, 3));
    {
        LockGuard guard(ft_lock);
        sweep(100, 100);  // second chances
        EXPECT_GT(sweep(4, 100).started, 0u);
    }
    // Some are out, some on their way, some resident, and the last ten untouched.
    ASSERT_TRUE(a.space.share(base_address, 40 * page_size, true));
    paging.complete_all();
    ASSERT_TRUE(b.space.share(base_address, 40 * page_size, true));
    b.values = a.values;
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(b.check(page));
}

TEST_F(SharedPagingTest, ALostPageCostsAllWhoNeedIt) {
    Process a(40), b(40);
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(a.write(page, 3));
    ASSERT_TRUE(a.space.share(base_address, 40 * page_size, true));
    ASSERT_TRUE(b.space.share(base_address, 40 * page_size, true));
    paging.complete_all();
    for (auto& [slot, content] : paging.page_file) content[77] ^= std::byte{1};
    EXPECT_EQ(b.space.handle_fault(base_address, Access::read).error(), Error::page_lost);
    EXPECT_EQ(a.space.handle_fault(base_address, Access::read).error(), Error::page_lost);
}

TEST_F(SharedPagingTest, TheLastOneMayGoWhileAPageIsInTransit) {
    auto a = std::make_unique<Process>(40);
    for (std::uint64_t page = 0; page < 40; ++page) ASSERT_TRUE(a->write(page, 3));
    ASSERT_TRUE(a->space.share(base_address, 40 * page_size, true));
    a->thread.before_sleep = [&] { a->thread.killed = true; };
    std::uint64_t page = 0;
    while (page < 40 && a->check(page)) ++page;
    ASSERT_TRUE(a->thread.killed);
    EXPECT_GT(transfers_under_way(), 0u);
    a.reset();
    EXPECT_EQ(shared_pages_in_use(), 0u);
}

/// Processes that share some of their pages, one way or the other; while one waits others run.
class SharingCrowdTest : public SharedPagingTest {
  protected:
    static constexpr std::uint64_t page_total = 20;
    static constexpr std::size_t members = 5;

    struct Member {
        fake::Thread thread;
        AddressSpace space{&thread};
        bool busy = false;
        struct Page {
            bool shared = false;
            bool writable = false;
            std::uint8_t value = 0;  // while it is its own
        };
        std::array<Page, page_total> pages{};
    };

    SharingCrowdTest() {
        for (auto& member : crowd) member = make();
    }

    std::unique_ptr<Member> make() {
        auto member = std::make_unique<Member>();
        EXPECT_TRUE(member->space.init());
        EXPECT_TRUE(member->space.map(base_address, page_total * page_size, rw, Placement::fixed));
        member->thread.choose = [this](std::size_t count) { return random() % count; };
        member->thread.before_sleep = [this, raw = member.get()] {
            if (random() % 30 == 0) raw->thread.killed = true;
            if (depth == 2) return;
            ++depth;
            step();
            step();
            --depth;
        };
        return member;
    }

    bool may_write(const Member& writer, std::uint64_t page) const {
        if (!writer.pages[page].shared) return true;
        return std::ranges::all_of(crowd, [&](const auto& other) {
            return !other || other.get() == &writer || !other->pages[page].shared ||
                   other->pages[page].writable;
        });
    }
    bool somebody_shares(std::uint64_t page) const {
        return std::ranges::any_of(
            crowd, [&](const auto& other) { return other && other->pages[page].shared; });
    }
    std::uint8_t& value(Member& member, std::uint64_t page) {
        return member.pages[page].shared ? shared_values[page] : member.pages[page].value;
    }

    void step() {
        auto& member = crowd[random() % members];
        if (!member || member->busy) return;
        member->busy = true;
        const bool alive = act(*member);
        member->busy = false;
        if (!alive) {
            member.reset();
            member = make();
        }
    }

    bool act(Member& member) {
        const std::uint64_t page = random() % page_total;
        switch (random() % 12) {
            case 0:
            case 1: {
                const bool writable = random() % 4 != 0;
                // No executable, so sharing waits for nothing.
                EXPECT_TRUE(member.space.share(address(page), page_size, writable));
                if (!member.pages[page].shared && !somebody_shares(page)) {
                    shared_values[page] = member.pages[page].value;
                }
                member.pages[page].shared = true;
                member.pages[page].writable = writable;
                return true;
            }
            case 2:
                EXPECT_TRUE(member.space.unmap(address(page), page_size));
                EXPECT_TRUE(member.space.map(address(page), page_size, rw, Placement::fixed));
                member.pages[page] = {};
                return true;
            case 3:
                return random() % 8 != 0;  // it is ended by somebody
            case 4:
            case 5:
            case 6: {
                const Access access = random() % 2 == 0 ? Access::write : Access::read;
                return touched(member, page, access,
                               member.space.handle_fault(address(page), access));
            }
            default: {
                const Access access = random() % 2 == 0 ? Access::write : Access::read;
                const auto pin = member.space.pin(address(page), access);
                if (!pin) return touched(member, page, access, std::unexpected(pin.error()));
                EXPECT_EQ(pin->data()[page], std::byte{value(member, page)}) << page;
                EXPECT_TRUE(access == Access::read || may_write(member, page));
                if (access == Access::read) return true;
                value(member, page) = static_cast<std::uint8_t>(random());
                pin->data()[page] = std::byte{value(member, page)};
                return true;
            }
        }
    }

    /// False when the process was killed meanwhile.
    bool touched(const Member& member, std::uint64_t page, Access access, Result<void> result) {
        if (result) return true;
        if (result.error() == Error::bad_address) {
            EXPECT_EQ(access, Access::write);
            EXPECT_FALSE(may_write(member, page)) << page;
            return true;
        }
        EXPECT_EQ(result.error(), Error::cancelled);
        EXPECT_TRUE(member.thread.killed);
        return false;
    }

    /// What is mapped is what the model has, with no more rights.
    void check_mappings() {
        for (const auto& member : crowd) {
            for (std::uint64_t page = 0; page < page_total; ++page) {
                const auto mapping =
                    kernel.mapping(member->space.vspace().raw(), address(page).raw());
                if (!mapping) continue;
                ASSERT_TRUE((mapping->rights & 1) == 0 || may_write(*member, page)) << page;
                ASSERT_EQ(*(kernel.physical(mapping->paddr) + page),
                          std::byte{value(*member, page)});
            }
        }
    }

    std::array<std::unique_ptr<Member>, members> crowd;
    std::array<std::uint8_t, page_total> shared_values{};
    int depth = 0;
    std::mt19937_64 random{11};
};

TEST_F(SharingCrowdTest, EveryByteIsAsItWasWritten) {
    for (int i = 0; i < 6'000 && !HasFailure(); ++i) {
        step();
        if (random() % 3 == 0 && !paging.submitted.empty()) {
            paging.complete(random() % paging.submitted.size());
        }
        if (i % 10 == 0) check_mappings();
        ASSERT_LE(evictable_frames(), frame_limit);
    }
    EXPECT_GT(paging_report().page_ins, 150u);
}

}  // namespace

}  // namespace sos::vm
