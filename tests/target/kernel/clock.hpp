// SPDX-License-Identifier: BSD-2-Clause
// Time for cases that watch the scheduler: a sleep of the case's thread, and records of when other
// threads had the processor. Made for instruction-counted runs, where times repeat exactly.
#pragma once

#include "env.hpp"
#include "sel4/irq.hpp"

namespace target {

inline constexpr std::uint64_t ticks_per_us_x2 = 125;  // 62.5 MHz

constexpr std::uint64_t to_us(std::uint64_t ticks) {
    return ticks * 2 / ticks_per_us_x2;
}

/// The physical timer as an alarm for the case's thread. One per case.
class Alarm {
  public:
    explicit Alarm(Env& env)
        : handler_(env.slots()), notification_(env.make(ObjectType::notification)) {
        set_control(masked);
        EXPECT_OK(sel4::irq_control_get(Env::irq_control, timer_irq, Env::at(handler_)));
        EXPECT_OK(sel4::irq_handler_set_notification(handler_, notification_));
    }
    ~Alarm() {
        set_control(masked);
        EXPECT_OK(sel4::cnode_delete(Env::at(handler_)));
    }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    /// Time 0 of the traces is now.
    void start() { origin_ = now_ticks(); }
    std::uint64_t now_us() const { return to_us(now_ticks() - origin_); }
    const std::uint64_t& origin() const { return origin_; }

    /// Blocks the calling thread until `us` after start().
    void sleep_until(std::uint64_t us) {
        asm volatile("msr cntp_cval_el0, %0" ::"r"(origin_ + us * ticks_per_us_x2 / 2));
        set_control(enabled);
        sel4::wait(notification_);
        set_control(masked);
        EXPECT_OK(sel4::irq_handler_ack(handler_));
    }

  private:
    static constexpr std::uint64_t timer_irq = 30, enabled = 1, masked = 2;
    static void set_control(std::uint64_t value) {
        asm volatile("msr cntp_ctl_el0, %0\n\tisb" ::"r"(value) : "memory");
    }

    CPtr handler_, notification_;
    std::uint64_t origin_ = 0;
};

/// When a thread ran, in microseconds since the alarm's start.
struct Trace {
    static constexpr unsigned max_runs = 40;
    struct Run {
        std::uint64_t from, to;
    };
    Run runs[max_runs]{};
    unsigned count = 0;
    std::uint64_t last_ticks = 0;

    /// Notes that the thread has the processor. A gap ends a run; a kernel entry is none.
    void mark(const std::uint64_t& origin) {
        constexpr std::uint64_t gap_ticks = 7 * ticks_per_us_x2 / 2;
        const std::uint64_t now = now_ticks();
        const std::uint64_t at = to_us(now - origin);
        if (count == 0 || now - last_ticks > gap_ticks) {
            if (count == max_runs) return;
            runs[count++] = {at, at};
        }
        runs[count - 1].to = at;
        last_ticks = now;
    }

    /// Runs for `us` of processor time of this thread: until the runs add up to that.
    void burn_us(const std::uint64_t& origin, std::uint64_t us) {
        std::uint64_t used = 0, previous = now_ticks();
        while (used < us * ticks_per_us_x2 / 2) {
            mark(origin);
            const std::uint64_t now = last_ticks;
            constexpr std::uint64_t step_ticks = ticks_per_us_x2;  // longer: it was preempted
            if (now - previous < step_ticks) used += now - previous;
            previous = now;
        }
    }
    void spin(const std::uint64_t& origin) {
        while (true) mark(origin);
    }
};

/// The first runs are these; times may be off by `slack` and 2 more for each run before.
template <unsigned N>
void expect_runs(const char* file, int line, const Trace& trace, const Trace::Run (&wanted)[N],
                 std::uint64_t slack = 6) {
    if (trace.count < N) {
        fail_values(file, line, "number of runs", trace.count, N);
        return;
    }
    const auto near = [&](std::uint64_t a, std::uint64_t b, unsigned index) {
        return (a > b ? a - b : b - a) <= slack + 2 * index;
    };
    for (unsigned i = 0; i < N; ++i) {
        if (!near(trace.runs[i].from, wanted[i].from, i))
            fail_values(file, line, "start of a run", trace.runs[i].from, wanted[i].from);
        if (!near(trace.runs[i].to, wanted[i].to, i))
            fail_values(file, line, "end of a run", trace.runs[i].to, wanted[i].to);
    }
}

}  // namespace target

#define EXPECT_RUNS(trace, ...)                                  \
    do {                                                         \
        constexpr ::target::Trace::Run runs_[] = {__VA_ARGS__};  \
        ::target::expect_runs(__FILE__, __LINE__, trace, runs_); \
    } while (false)
