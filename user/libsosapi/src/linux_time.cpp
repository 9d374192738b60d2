// SPDX-License-Identifier: BSD-2-Clause
// libc's calls about time, and those that wait for something that never happens in a program of
// one thread (futex, poll of nothing), which sleep until their timeout.
#include <sys/select.h>
#include <time.h>

#include "call.hpp"
#include "clock.hpp"
#include "vsyscall.hpp"

using abi::SosSyscall;

namespace sosapi {
namespace {

constexpr std::int64_t ns_in_s = 1'000'000'000;
constexpr std::int64_t us_in_s = 1'000'000;

bool valid_time(const timespec& time) {
    return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < ns_in_s;
}

/// Rounded up, since a sleep lasts at least as long as it should; at most what the call can say.
std::int64_t to_microseconds(const timespec& time) {
    if (time.tv_sec >= INT64_MAX / us_in_s) return INT64_MAX;
    return time.tv_sec * us_in_s + (time.tv_nsec + 999) / 1000;
}

long sleep_us(std::int64_t microseconds) {
    if (microseconds <= 0) return 0;
    return -call<SosSyscall::nanosleep>(microseconds).error;
}

long sleep_relative(const timespec& time) {
    if (!valid_time(time)) return -EINVAL;
    return sleep_us(to_microseconds(time));
}

long sleep_for_ever() {
    for (;;) {
        const long result = sleep_us(INT64_MAX);
        if (result < 0) return result;
    }
}

long cpu_time(timespec* to) {
    constexpr unsigned most = 512;
    abi::ProcessInfo processes[most];
    const long own = linux_getpid(0, 0, 0, 0, 0, 0);
    const long count = result_of(call<SosSyscall::process_list>(processes, most));
    if (count < 0) return count;
    for (long i = 0; i < count; ++i) {
        if (processes[i].pid != own) continue;
        const auto us = static_cast<std::int64_t>(processes[i].cpu_time_us);
        *to = {us / us_in_s, us % us_in_s * 1000};
        return 0;
    }
    return -EINVAL;
}

enum class Clock { real, monotonic, cpu, unknown };

Clock clock_of(long id) {
    switch (static_cast<int>(id)) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_COARSE:
            return Clock::real;
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_MONOTONIC_COARSE:
        case CLOCK_BOOTTIME:
            return Clock::monotonic;
        case CLOCK_PROCESS_CPUTIME_ID:
        case CLOCK_THREAD_CPUTIME_ID:
            return Clock::cpu;
        default:
            return Clock::unknown;
    }
}

}  // namespace

long linux_clock_gettime(long id, long time, long, long, long, long) {
    auto* const to = reinterpret_cast<timespec*>(time);
    const Clock kind = clock_of(id);
    if (kind == Clock::unknown) return -EINVAL;
    if (kind == Clock::cpu) return cpu_time(to);
    const auto now = kind == Clock::real ? clock::of_day() : clock::since_boot();
    *to = {static_cast<time_t>(now.seconds), static_cast<long>(now.nanoseconds)};
    return 0;
}

long linux_clock_getres(long id, long resolution, long, long, long, long) {
    const Clock kind = clock_of(id);
    if (kind == Clock::unknown) return -EINVAL;
    const long ns = kind == Clock::cpu ? 1000 : static_cast<long>(clock::resolution_ns());
    if (resolution != 0) *reinterpret_cast<timespec*>(resolution) = {0, ns};
    return 0;
}

long linux_nanosleep(long time, long, long, long, long, long) {
    return sleep_relative(*reinterpret_cast<const timespec*>(time));
}

long linux_clock_nanosleep(long id, long flags, long time, long, long, long) {
    const timespec& wanted = *reinterpret_cast<const timespec*>(time);
    const Clock kind = clock_of(id);
    if (kind == Clock::unknown || kind == Clock::cpu) return -EINVAL;
    if (!valid_time(wanted)) return -EINVAL;
    if ((flags & TIMER_ABSTIME) == 0) return sleep_relative(wanted);
    const std::int64_t origin = kind == Clock::real ? clock::boot_date_us() : 0;
    const std::int64_t end = to_microseconds(wanted) - origin;
    while (end > static_cast<std::int64_t>(clock::since_boot_us())) {
        const Reply slept = call<SosSyscall::sleep_until>(end);
        if (slept.error != 0) return -slept.error;
    }
    return 0;
}

/// Nobody else can change the word or be woken.
long linux_futex(long address, long operation, long value, long timeout, long, long) {
    constexpr long private_or_realtime = 128 | 256;
    constexpr long wait = 0, wake = 1, requeue = 3, compare_and_requeue = 4;
    switch (operation & ~private_or_realtime) {
        case wake:
        case requeue:
        case compare_and_requeue:
            return 0;
        case wait: {
            if (*reinterpret_cast<const volatile int*>(address) != static_cast<int>(value)) {
                return -EAGAIN;
            }
            if (timeout == 0) return sleep_for_ever();
            const long slept = sleep_relative(*reinterpret_cast<const timespec*>(timeout));
            return slept < 0 ? slept : -ETIMEDOUT;
        }
        default:
            return -ENOSYS;
    }
}

long linux_ppoll(long, long count, long timeout, long, long, long) {
    if (count != 0) return -ENOSYS;
    if (timeout == 0) return sleep_for_ever();
    return sleep_relative(*reinterpret_cast<const timespec*>(timeout));
}

long linux_pselect6(long count, long, long, long, long timeout, long) {
    if (count != 0) return -ENOSYS;
    if (timeout == 0) return sleep_for_ever();
    return sleep_relative(*reinterpret_cast<const timespec*>(timeout));
}

}  // namespace sosapi
