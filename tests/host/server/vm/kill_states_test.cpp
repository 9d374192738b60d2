// SPDX-License-Identifier: BSD-2-Clause
// A process that ends in each state that its pages can be in, with and without others that share
// them: frames, slots and records come back.
#include <memory>

#include "paging_fixture.hpp"
#include "vm/shared_page.hpp"

namespace sos::vm {

namespace {

enum class State {
    untouched,
    resident,
    out,
    coming_in,
    going_out,
    going_out_and_read,
    going_out_and_written,
};

enum class Sharing { none, alone, with_another };

using Parameters = std::tuple<State, Sharing>;

class KillStateTest : public PagingTest, public testing::WithParamInterface<Parameters> {
  protected:
    static constexpr std::uint64_t page_total = 12;

    void start_page_outs() {
        LockGuard guard(ft_lock);
        sweep(100, 100);  // second chances
        while (sweep(page_total, 100).started > 0) {
        }
    }

    /// Brings the pages into the state.
    void bring_into(State state, Process& process) {
        if (state == State::untouched || state == State::resident) return;
        process.space.note_system_call();
        start_page_outs();
        ASSERT_GT(transfers_under_way(), 0u);
        if (state == State::out || state == State::coming_in) {
            paging.complete_all();
            start_page_outs();
            paging.complete_all();
        }
        if (state == State::coming_in) {
            process.thread.before_sleep = [&] { process.thread.killed = true; };
            ASSERT_FALSE(process.check(0));
            ASSERT_GT(transfers_under_way(), 0u);
        }
        if (state == State::going_out_and_read) {
            for (std::uint64_t page = 0; page < page_total; ++page) process.check(page);
        }
        if (state == State::going_out_and_written) {
            for (std::uint64_t page = 0; page < page_total; ++page) process.write(page, 8);
        }
    }
};

TEST_P(KillStateTest, GivesEverythingBack) {
    const auto [state, sharing] = GetParam();
    auto process = std::make_unique<Process>(page_total);
    for (std::uint64_t page = 0; page < page_total && state != State::untouched; ++page) {
        ASSERT_TRUE(process->write(page, 7));
    }
    std::unique_ptr<Process> other;
    if (sharing != Sharing::none) {
        ASSERT_TRUE(process->space.share(base_address, page_total * page_size, true));
    }
    if (sharing == Sharing::with_another) {
        other = std::make_unique<Process>(page_total);
        ASSERT_TRUE(other->space.share(base_address, page_total * page_size, true));
    }
    bring_into(state, *process);
    if (other) other->values = process->values;
    process.reset();
    EXPECT_EQ(shared_pages_in_use(), other ? page_total : 0u);
    for (std::uint64_t page = 0; other && page < page_total; ++page) {
        EXPECT_TRUE(other->check(page));
    }
    other.reset();
    EXPECT_EQ(shared_pages_in_use(), 0u);
    // What is in transit still is; that all of it comes back, too, the fixture checks.
}

INSTANTIATE_TEST_SUITE_P(
    All, KillStateTest,
    testing::Combine(testing::Values(State::untouched, State::resident, State::out,
                                     State::coming_in, State::going_out, State::going_out_and_read,
                                     State::going_out_and_written),
                     testing::Values(Sharing::none, Sharing::alone, Sharing::with_another)));

}  // namespace

}  // namespace sos::vm
