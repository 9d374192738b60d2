// SPDX-License-Identifier: BSD-2-Clause
// Clocks and sleeping.
#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "test.hpp"

namespace sostest {
namespace {

bool time_goes_on() {
    std::int64_t last = sos_time_stamp();
    CHECK(last > 0);
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t now = sos_time_stamp();
        CHECK(now >= last);
        last = now;
    }
    return true;
}

bool sleeps_long_enough() {
    for (const int us : {1, 100, 1000, 10'000, 123'456, 500'000}) {
        const std::int64_t start = sos_time_stamp();
        sos_usleep(us);
        const std::int64_t taken = sos_time_stamp() - start;
        CHECK(taken >= us);
        CHECK(taken < us + 2'000'000);
    }
    return true;
}

bool no_sleep() {
    for (const int us : {0, -1, INT_MIN}) {
        const std::int64_t start = sos_time_stamp();
        sos_usleep(us);
        CHECK(sos_time_stamp() - start < 1'000'000);
    }
    timespec bad{0, 1'000'000'000};
    CHECK(nanosleep(&bad, nullptr) == -1 && errno == EINVAL);
    bad = {-1, 0};
    CHECK(nanosleep(&bad, nullptr) == -1 && errno == EINVAL);
    return true;
}

bool libc_sleeps() {
    const std::int64_t start = sos_time_stamp();
    const timespec short_time{0, 200'000'001};
    CHECK(nanosleep(&short_time, nullptr) == 0);
    CHECK(usleep(100'000) == 0);
    timespec end;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &end) == 0);
    end.tv_nsec += 200'000'000;
    if (end.tv_nsec >= 1'000'000'000) {
        end.tv_nsec -= 1'000'000'000;
        ++end.tv_sec;
    }
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) == 0);
    timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    CHECK(now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec));
    CHECK(sos_time_stamp() - start >= 500'000);
    return true;
}

bool clocks_agree() {
    timespec real;
    CHECK(clock_gettime(CLOCK_REALTIME, &real) == 0);
    CHECK(real.tv_nsec >= 0 && real.tv_nsec < 1'000'000'000);
    CHECK(real.tv_sec > 1'700'000'000);  // the machine has a clock
    CHECK(time(nullptr) - real.tv_sec <= 1);
    timespec monotonic;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &monotonic) == 0);
    const std::int64_t us = monotonic.tv_sec * 1'000'000 + monotonic.tv_nsec / 1000;
    const std::int64_t stamp = sos_time_stamp();
    CHECK(stamp >= us && stamp - us < 1'000'000);
    CHECK(clock_gettime(77, &real) == -1 && errno == EINVAL);
    CHECK(error_of(abi::SosSyscall::clock_gettime, {2}) != 0);
    return true;
}

bool counter_is_readable() {
    std::uint64_t first, second, frequency;
    asm volatile("isb; mrs %0, cntpct_el0" : "=r"(first));
    asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
    sos_usleep(10'000);
    asm volatile("isb; mrs %0, cntpct_el0" : "=r"(second));
    CHECK(frequency >= 1'000'000);
    CHECK(second - first >= frequency / 100);
    return true;
}

bool cycles_are_readable() {
    std::uint64_t first, second;
    asm volatile("mrs %0, pmccntr_el0" : "=r"(first));
    for (int i = 0; i < 1000; ++i) asm volatile("");
    asm volatile("isb; mrs %0, pmccntr_el0" : "=r"(second));
    return second != first || fail(__FILE__, __LINE__, "the cycle counter stands still");
}

/// The time that libc takes from the counter, and the server's: one clock.
bool clocks_are_one() {
    for (int i = 0; i < 100; ++i) {
        const std::int64_t before = sos_time_stamp();
        const sos_reply_t reply = call(abi::SosSyscall::getitimer, {});
        const std::int64_t after = sos_time_stamp();
        CHECK(reply.error == 0);
        const auto between = static_cast<std::int64_t>(reply.results[0]);
        CHECK(before <= between && between <= after);
        timespec date, later;
        CHECK(clock_gettime(CLOCK_REALTIME, &date) == 0);
        const sos_reply_t real = call(abi::SosSyscall::clock_gettime, {0});
        CHECK(clock_gettime(CLOCK_REALTIME, &later) == 0);
        const auto us = [](std::int64_t s, std::int64_t ns) { return s * 1'000'000 + ns / 1000; };
        const std::int64_t told = us(static_cast<std::int64_t>(real.results[0]),
                                     static_cast<std::int64_t>(real.results[1]));
        CHECK(us(date.tv_sec, date.tv_nsec) <= told && told <= us(later.tv_sec, later.tv_nsec));
    }
    return true;
}

constexpr Case cases[] = {
    {"TIME_0001", time_goes_on, "time goes backwards"},
    {"TIME_0002", sleeps_long_enough, "a sleep is too short, or far too long"},
    {"TIME_0003", no_sleep, "a sleep of nothing takes time"},
    {"TIME_0004", libc_sleeps, "libc's sleeps go wrong"},
    {"TIME_0005", clocks_agree, "clocks do not agree"},
    {"TIME_0006", counter_is_readable, "the system counter cannot be read"},
    {"TIME_0007", cycles_are_readable, "the cycle counter cannot be read"},
    {"TIME_0008", clocks_are_one, "the counter and the server disagree on the time"},
};

}  // namespace

constinit const std::span<const Case> time_cases{cases};

}  // namespace sostest
