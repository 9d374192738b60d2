// SPDX-License-Identifier: BSD-2-Clause
// System calls on time and randomness.
#include <algorithm>

#include "syscall/calls.hpp"
#include "syscall/random.hpp"
#include "syscall/services.hpp"
#include "syscall/user_buffer.hpp"

namespace sos::syscall {

namespace {

constinit Services given_services{};

constexpr std::uint64_t us_per_s = 1'000'000, ns_per_us = 1'000;

}  // namespace

void set_services(const Services& given) {
    given_services = given;
}

const Services& services() {
    return given_services;
}

namespace calls {

UserReply nanosleep(Process& process, const Arguments& in) {
    const auto microseconds = static_cast<std::int64_t>(in[0]);
    if (microseconds > 0) TRY(process.pm().sleep(static_cast<std::uint64_t>(microseconds)));
    return UserReply::success();
}

/// A moment instead of a duration: what is late in asking is not late in waking up.
UserReply sleep_until(Process& process, const Arguments& in) {
    const std::uint64_t now = services().now_us();
    if (in[0] > now) TRY(process.pm().sleep(in[0] - now));
    return UserReply::success();
}

UserReply getitimer(Process&, const Arguments&) {
    return UserReply::success(services().now_us());
}

UserReply clock_gettime(Process&, const Arguments& in) {
    constexpr std::uint64_t real_time = 0, monotonic = 1;
    if (in[0] != real_time && in[0] != monotonic) return std::unexpected(Error::bad_argument);
    const std::uint64_t origin = in[0] == real_time ? services().boot_time_us : 0;
    const std::uint64_t time = origin + services().now_us();
    return UserReply::success(time / us_per_s,
                              static_cast<std::uint32_t>(time % us_per_s * ns_per_us));
}

UserReply getrandom(Process& process, const Arguments& in) {
    constexpr std::uint64_t known_flags = 7;  // all give the same here: it never has to wait
    if ((in[2] & ~known_flags) != 0) return std::unexpected(Error::bad_argument);
    if (!in_user_half(in[0], in[1])) return std::unexpected(Error::bad_address);
    std::uint64_t done = 0;
    while (done < in[1]) {
        std::byte bytes[256];
        const std::size_t piece = std::min<std::uint64_t>(in[1] - done, sizeof bytes);
        fill_random({bytes, piece});
        TRY(copy_out(process, std::span<const std::byte>(bytes, piece), in[0] + done));
        done += piece;
        if (process.ending()) break;
        process.end_turn_if_over();
    }
    return UserReply::success(done);
}

}  // namespace calls

}  // namespace sos::syscall
