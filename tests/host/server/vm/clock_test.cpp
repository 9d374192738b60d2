// SPDX-License-Identifier: BSD-2-Clause
// The clock against a plain second-chance algorithm, on traces of accesses: after each access the
// same pages must be resident, and of these the same ones mapped.
#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "paging_fixture.hpp"
#include "vm/turns.hpp"

namespace sos::vm {

namespace {

constexpr std::uint64_t page_total = 64;

/// Second chance, as the books have it: a queue; who is at its head and was used goes to its end,
/// who was not used leaves. Pages are only read, so that whoever leaves does so at once.
class Reference {
  public:
    bool resident(std::uint64_t page) const {
        return std::ranges::find(queue_, page, &Page::number) != queue_.end();
    }
    bool used(std::uint64_t page) const {
        const auto found = std::ranges::find(queue_, page, &Page::number);
        return found != queue_.end() && found->used;
    }
    void touch(std::uint64_t page) {
        const auto found = std::ranges::find(queue_, page, &Page::number);
        if (found != queue_.end()) {
            found->used = true;
            return;
        }
        queue_.push_back({page, true});
    }
    /// One page leaves.
    void evict() {
        while (queue_.front().used) {
            queue_.front().used = false;
            queue_.push_back(queue_.front());
            queue_.pop_front();
        }
        queue_.pop_front();
    }
    std::size_t size() const { return queue_.size(); }

  private:
    struct Page {
        std::uint64_t number;
        bool used;
    };
    std::deque<Page> queue_;
};

using Trace = std::vector<std::uint64_t>;

Trace sequential() {
    Trace trace;
    for (int round = 0; round < 6; ++round) {
        for (std::uint64_t page = 0; page < 40; ++page) trace.push_back(page);
    }
    return trace;
}

Trace strided() {
    Trace trace;
    for (std::uint64_t i = 0; i < 600; ++i) trace.push_back(i * 7 % page_total);
    return trace;
}

/// A few pages are wanted again and again, the others now and then.
Trace with_hot_pages() {
    std::mt19937 random{17};
    Trace trace;
    for (int i = 0; i < 1500; ++i) {
        trace.push_back(random() % 4 != 0 ? random() % 6 : random() % page_total);
    }
    return trace;
}

Trace moving_set() {
    std::mt19937 random{23};
    Trace trace;
    for (std::uint64_t i = 0; i < 1500; ++i) trace.push_back((i / 40 + random() % 10) % page_total);
    return trace;
}

class ClockTest : public PagingTest, public testing::WithParamInterface<Trace (*)()> {
  protected:
    ClockTest() {
        EXPECT_TRUE(space.init());
        EXPECT_TRUE(space.map(base_address, page_total * page_size, rw, Placement::fixed));
    }

    bool resident(std::uint64_t page) {
        LockGuard guard(ft_lock);
        for (std::uint32_t i = 1; i < frame_table_size(); ++i) {
            const FrameRef frame{i};
            if (static_cast<FrameList>(frame_entry(frame).get_link<FrameEntry::List>()) !=
                FrameList::evictable) {
                continue;
            }
            if (back_index(frame).index == table_index(address(page), table_levels - 1)) {
                return true;
            }
        }
        return false;
    }
    bool mapped(std::uint64_t page) {
        return kernel.mapping(space.vspace().raw(), address(page).raw()).has_value();
    }

    /// The clock takes one page. Those that came last are protected while their process has its
    /// turn (turns.hpp): that ends before.
    void evict() {
        LockGuard guard(ft_lock);
        give_up_turn(only_space);
        std::uint32_t freed = 0;
        for (int lap = 0; lap < 3 && freed == 0; ++lap) freed = sweep(1, frame_limit).freed;
        EXPECT_EQ(freed, 1u);
    }

    // The first account is that of shared pages.
    static constexpr SpaceId only_space{2};

    fake::Thread thread;
    AddressSpace space{&thread};
};

TEST_P(ClockTest, AgreesWithSecondChance) {
    constexpr std::size_t room = 10;
    Reference reference;
    std::size_t step = 0;
    std::uint64_t evictions = 0;
    for (const std::uint64_t page : GetParam()()) {
        ++step;
        // Room is made here, and there is more than the server would ever make itself.
        if (!reference.resident(page) && reference.size() == room) {
            reference.evict();
            ++evictions;
            evict();
        }
        reference.touch(page);
        ASSERT_TRUE(space.handle_fault(address(page), Access::read));
        if (step % 10 != 0) continue;
        for (std::uint64_t each = 0; each < page_total; ++each) {
            ASSERT_EQ(resident(each), reference.resident(each))
                << "page " << each << " at " << step;
            ASSERT_EQ(mapped(each), reference.used(each)) << "page " << each << " at " << step;
        }
    }
    EXPECT_GT(evictions, 100u);
}

INSTANTIATE_TEST_SUITE_P(Traces, ClockTest,
                         testing::Values(sequential, strided, with_hot_pages, moving_set));

}  // namespace

}  // namespace sos::vm
