// SPDX-License-Identifier: BSD-2-Clause
// Threads that spin under a given budget, with a trace of when each ran; and comparisons of times.
#pragma once

#include "clock.hpp"

namespace target {

constexpr unsigned max_spinners = 8;
inline Trace traces[max_spinners];

struct Parameters {
    std::uint64_t budget, period;
    unsigned extra = 0;
    std::uint64_t flags = 0;
    std::uint64_t badge = 0;
};

/// Threads that wait for the start and then spin for ever.
class Spinners {
  public:
    Spinners(Env& env, Alarm& alarm) : env_(env), alarm_(alarm) {
        for (Trace& trace : traces) trace = {};
    }
    ~Spinners() {
        for (unsigned i = 0; i < count_; ++i) EXPECT_OK(sel4::tcb_suspend(threads_[i]->tcb));
    }
    Spinners(const Spinners&) = delete;
    Spinners& operator=(const Spinners&) = delete;

    Thread& add(const Parameters& p, unsigned priority) {
        const unsigned index = count_;
        const std::uint64_t& origin = alarm_.origin();
        return add(p, priority, [&origin, index] { traces[index].spin(origin); });
    }

    template <typename Body>
    Thread& add(const Parameters& p, unsigned priority, Body body) {
        const CPtr go = env_.make(ObjectType::notification);
        Thread& thread = env_.thread(
            [go, body] {
                sel4::wait(go);
                body();
            },
            {.priority = priority, .mcp = 255});
        go_[count_] = go;
        parameters_[count_] = p;
        threads_[count_++] = &thread;
        return thread;
    }

    /// Gives every context its whole budget, then starts the threads in order of creation.
    void start() {
        env_.settle();
        for (unsigned i = 0; i < count_; ++i) {
            configure(i, parameters_[i]);
            static_cast<void>(sel4::sched_context_consumed(threads_[i]->sched_context));
        }
        for (unsigned i = 0; i < count_; ++i) sel4::signal(go_[i]);
        alarm_.start();
    }

    void configure(unsigned index, const Parameters& p) {
        EXPECT_OK(sel4::sched_control_configure(env_.sched_control, threads_[index]->sched_context,
                                                p.budget, p.period, p.extra, p.badge, p.flags));
    }

  private:
    Env& env_;
    Alarm& alarm_;
    unsigned count_ = 0;
    Thread* threads_[max_spinners]{};
    CPtr go_[max_spinners]{};
    Parameters parameters_[max_spinners]{};
};

inline std::uint64_t consumed(const Thread& thread) {
    const auto result = sel4::sched_context_consumed(thread.sched_context);
    EXPECT_OK(result);
    return result.value_or(0);
}

}  // namespace target

#define EXPECT_NEAR(actual, wanted, slack)                                      \
    do {                                                                        \
        const std::uint64_t near_ = ::target::as_word(actual);                  \
        const std::uint64_t target_ = ::target::as_word(wanted);                \
        if ((near_ > target_ ? near_ - target_ : target_ - near_) > (slack))    \
            ::target::fail_values(__FILE__, __LINE__, #actual, near_, target_); \
    } while (false)
