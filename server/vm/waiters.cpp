// SPDX-License-Identifier: BSD-2-Clause
#include "vm/waiters.hpp"

#include "sync/lock.hpp"

namespace sos::vm {

namespace {

constinit base::IntrusiveList<Waiter, &Waiter::link> waiting;  // GUARDED_BY(ft_lock)
constinit unsigned condemned = 0;                              // GUARDED_BY(ft_lock)

template <typename Visit>
void for_each(Visit visit) {
    for (Waiter* waiter = waiting.front(); waiter != nullptr; waiter = waiting.next(*waiter)) {
        visit(*waiter);
    }
}

}  // namespace

void add_waiter(Waiter& waiter) {
    ASSERT(ft_lock.held_by_me() && waiter.thread != nullptr);
    waiting.push_back(waiter);
}

void remove_waiter(Waiter& waiter) {
    ASSERT(ft_lock.held_by_me());
    waiting.remove(waiter);
}

void wake_for_page(FrameRef frame, std::optional<Error> failure) {
    ASSERT(ft_lock.held_by_me());
    for_each([&](Waiter& waiter) {
        if (waiter.what != WaitFor::page || waiter.frame != frame) return;
        if (failure) waiter.failure = failure;
        waiter.thread->wake();
    });
}

void wake_for_room() {
    ASSERT(ft_lock.held_by_me());
    for_each([](Waiter& waiter) {
        if (waiter.what == WaitFor::room) waiter.thread->wake();
    });
}

void wake_for_turn(SpaceId space) {
    ASSERT(ft_lock.held_by_me());
    for_each([&](Waiter& waiter) {
        if (waiter.what == WaitFor::turn && waiter.space == space) waiter.thread->wake();
    });
}

void fail_for_room(Error reason) {
    ASSERT(ft_lock.held_by_me());
    Waiter* first = nullptr;
    bool told = condemned > 0;
    for_each([&](Waiter& waiter) {
        if (waiter.what != WaitFor::room) return;
        if (first == nullptr) first = &waiter;
        told = told || waiter.failure.has_value();
    });
    if (first != nullptr && !told) first->failure = reason;
    wake_for_room();
}

void add_condemned() {
    ASSERT(ft_lock.held_by_me());
    ++condemned;
}

void remove_condemned() {
    ASSERT(ft_lock.held_by_me() && condemned > 0);
    --condemned;
    wake_for_room();
}

bool any_condemned() {
    return condemned > 0;
}

}  // namespace sos::vm
