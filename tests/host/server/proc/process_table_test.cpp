// SPDX-License-Identifier: BSD-2-Clause
#include "proc/process_table.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace sos::proc {
namespace {

class ProcessTableTest : public testing::Test {
  protected:
    ProcessId make(ProcessId parent = no_process) {
        const auto id = table->allocate(parent, "test", 1);
        EXPECT_TRUE(id.has_value());
        table->start(*id);
        return *id;
    }

    /// Slots that were told of the end.
    std::vector<std::uint32_t> end(ProcessId id, std::uint64_t status = 0) {
        std::vector<std::uint32_t> told;
        table->end(id, status, [&](ProcessId waiter, WaitKind) { told.push_back(waiter.slot); });
        return told;
    }

    void wait_for(ProcessId waiter, WaitKind kind, ProcessId target) {
        table->begin_wait(waiter, {.kind = kind, .target = target});
    }

    std::unique_ptr<ProcessTable> table = std::make_unique<ProcessTable>();
};

TEST_F(ProcessTableTest, PidsAreTheLowestFreeSlots) {
    EXPECT_EQ(make().pid(), 0);
    const ProcessId second = make();
    EXPECT_EQ(second.pid(), 1);
    EXPECT_EQ(make().pid(), 2);
    end(second);
    const ProcessId again = make();
    EXPECT_EQ(again.pid(), 1);
    EXPECT_NE(again.generation, second.generation);
    EXPECT_EQ(table->find(second), nullptr);
}

TEST_F(ProcessTableTest, AbsurdPidsNameNothing) {
    make();
    for (std::int64_t pid : {-1L, -2L, 1L, 511L, 512L, INT64_MIN, INT64_MAX})
        EXPECT_FALSE(table->by_pid(pid).valid()) << pid;
    EXPECT_EQ(table->find(no_process), nullptr);
}

TEST_F(ProcessTableTest, ChildThatEndedIsReportedOnce) {
    const ProcessId parent = make();
    const ProcessId child = make(parent);
    EXPECT_TRUE(end(child, 0x300).empty());
    EXPECT_FALSE(table->alive(child));
    const auto first = table->reap(parent, child.pid(), WaitScope::anyone);
    ASSERT_TRUE(first.has_value() && first->has_value());
    EXPECT_EQ((*first)->id, child);
    EXPECT_EQ((*first)->wait_status, 0x300u);
    EXPECT_EQ(table->reap(parent, child.pid(), WaitScope::anyone).error(), Error::no_child);
    EXPECT_EQ(table->reap(parent, -1, WaitScope::children).error(), Error::no_child);
}

TEST_F(ProcessTableTest, WaitForAnyReportsInOrderOfEnding) {
    const ProcessId parent = make();
    const ProcessId a = make(parent);
    const ProcessId b = make(parent);
    EXPECT_FALSE(table->reap(parent, -1, WaitScope::children)->has_value());
    end(b);
    end(a);
    EXPECT_EQ((*table->reap(parent, -1, WaitScope::children))->id, b);
    EXPECT_EQ((*table->reap(parent, -1, WaitScope::children))->id, a);
}

TEST_F(ProcessTableTest, WaitingParentIsToldAndNoZombieStays) {
    const ProcessId parent = make();
    const ProcessId child = make(parent);
    wait_for(parent, WaitKind::child, no_process);
    EXPECT_EQ(end(child), std::vector<std::uint32_t>{parent.slot});
    EXPECT_EQ(table->find(child), nullptr);
    EXPECT_EQ(table->entry(parent).wait.kind, WaitKind::none);
}

TEST_F(ProcessTableTest, StrangerMayWaitForOneButTheParentStillLearnsOfIt) {
    const ProcessId parent = make();
    const ProcessId stranger = make();
    const ProcessId child = make(parent);
    EXPECT_EQ(table->reap(stranger, child.pid(), WaitScope::children).error(), Error::no_child);
    EXPECT_FALSE(table->reap(stranger, child.pid(), WaitScope::anyone)->has_value());
    wait_for(stranger, WaitKind::child, child);
    EXPECT_EQ(end(child), std::vector<std::uint32_t>{stranger.slot});
    EXPECT_EQ(table->reap(stranger, child.pid(), WaitScope::anyone).error(), Error::no_child);
    EXPECT_TRUE(table->reap(parent, child.pid(), WaitScope::children)->has_value());
}

TEST_F(ProcessTableTest, NobodyWaitsForItself) {
    const ProcessId self = make();
    EXPECT_EQ(table->reap(self, self.pid(), WaitScope::anyone).error(), Error::no_child);
}

TEST_F(ProcessTableTest, OrphansAreReaped) {
    const ProcessId parent = make();
    const ProcessId lives = make(parent);
    const ProcessId ended = make(parent);
    end(ended);
    end(parent);
    EXPECT_EQ(table->find(ended), nullptr);
    EXPECT_EQ(table->entry(lives).parent, no_process);
    end(lives);
    EXPECT_EQ(table->find(lives), nullptr);
    EXPECT_EQ(table->alive_count(), 0u);
}

TEST_F(ProcessTableTest, AllKillersAreTold) {
    const ProcessId victim = make();
    const ProcessId first = make();
    const ProcessId second = make();
    EXPECT_TRUE(table->begin_kill(victim));
    wait_for(first, WaitKind::killed, victim);
    EXPECT_FALSE(table->begin_kill(victim));
    wait_for(second, WaitKind::killed, victim);
    EXPECT_EQ(end(victim), (std::vector<std::uint32_t>{first.slot, second.slot}));
}

TEST_F(ProcessTableTest, ProcessThatNeverRanLeavesNoZombie) {
    const ProcessId parent = make();
    const auto child = table->allocate(parent, "broken", 1);
    wait_for(parent, WaitKind::creation, *child);
    EXPECT_TRUE(end(*child).empty());
    EXPECT_EQ(table->find(*child), nullptr);

    const auto killed = table->allocate(parent, "killed while loading", 1);
    table->begin_kill(*killed);
    EXPECT_TRUE(end(*killed).empty());
    EXPECT_EQ(table->find(*killed), nullptr);
}

TEST_F(ProcessTableTest, FullOfLiveOnesRefuses) {
    for (std::size_t i = 0; i < max_processes; ++i) make();
    EXPECT_EQ(table->allocate(no_process, "more", 1).error(), Error::limit_reached);
    end(table->by_pid(300));
    EXPECT_EQ(make().pid(), 300);
}

TEST_F(ProcessTableTest, FullOfZombiesDropsTheOldest) {
    const ProcessId parent = make();
    for (std::size_t i = 1; i < max_processes; ++i) make(parent);
    end(table->by_pid(7));
    end(table->by_pid(3));
    EXPECT_EQ(make(parent).pid(), 7);
    EXPECT_EQ(make(parent).pid(), 3);
    EXPECT_EQ(table->allocate(parent, "more", 1).error(), Error::limit_reached);
}

TEST_F(ProcessTableTest, DeviceQueueIsFirstComeFirstServed) {
    const ProcessId a = make();
    const ProcessId b = make();
    EXPECT_EQ(table->first_in_device_queue(), no_process);
    table->begin_wait(b, {.kind = WaitKind::device, .order = table->next_order()});
    table->begin_wait(a, {.kind = WaitKind::device, .order = table->next_order()});
    EXPECT_EQ(table->first_in_device_queue(), b);
    table->end_wait(table->entry(b));
    EXPECT_EQ(table->first_in_device_queue(), a);
}

TEST_F(ProcessTableTest, CountsChildrenAndWatchers) {
    const ProcessId parent = make();
    const ProcessId lives = make(parent);
    const ProcessId ended = make(parent);
    EXPECT_EQ(table->entry(parent).children, 2u);
    end(ended);
    EXPECT_EQ(table->entry(parent).children, 2u) << "a zombie is a child";
    EXPECT_TRUE(table->reap(parent, -1, WaitScope::children)->has_value());
    EXPECT_EQ(table->entry(parent).children, 1u);

    wait_for(parent, WaitKind::child, lives);
    EXPECT_EQ(table->entry(lives).watchers, 1u);
    table->end_wait(table->entry(parent));
    EXPECT_EQ(table->entry(lives).watchers, 0u);
    wait_for(parent, WaitKind::child, no_process);
    EXPECT_EQ(table->entry(lives).watchers, 0u) << "waits for any, not for this one";
    table->end_wait(table->entry(parent));
    end(parent);
    EXPECT_EQ(table->entry(lives).parent, no_process);
}

TEST_F(ProcessTableTest, EndOfAWatcherIsNoConcernOfTheWatched) {
    const ProcessId victim = make();
    const ProcessId killer = make();
    wait_for(killer, WaitKind::killed, victim);
    table->end_wait(table->entry(killer));  // it is killed itself meanwhile
    end(killer);
    EXPECT_TRUE(end(victim).empty());
}

TEST_F(ProcessTableTest, CommandIsCutAt31) {
    const auto id = table->allocate(no_process, std::string(40, 'x'), 1);
    EXPECT_EQ(std::string(table->entry(*id).command), std::string(31, 'x'));
}

TEST(ProcessStateTest, OnlyTheDrawnTransitions) {
    using enum ProcessState;
    const ProcessState all[] = {free, creating, running, dying, zombie};
    int allowed = 0;
    for (ProcessState from : all)
        for (ProcessState to : all)
            if (transition_allowed(from, to)) ++allowed;
    EXPECT_EQ(allowed, 10);
    EXPECT_FALSE(transition_allowed(dying, running));
    EXPECT_FALSE(transition_allowed(zombie, running));
    EXPECT_FALSE(transition_allowed(creating, zombie));
}

}  // namespace
}  // namespace sos::proc
