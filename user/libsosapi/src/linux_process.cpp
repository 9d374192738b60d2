// SPDX-License-Identifier: BSD-2-Clause
// libc's calls about processes and signals. SOS delivers no signals: what a program raises itself
// is acted on at once, by its handler or by the default action; a signal to another process that
// would end it by default ends it.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "call.hpp"
#include "vsyscall.hpp"

using abi::SosSyscall;

namespace sosapi {
namespace {

constexpr long only_thread = 1;

/// As musl passes it to rt_sigaction.
struct KernelSigaction {
    union {
        void (*handler)(int);
        void (*with_info)(int, siginfo_t*, void*);
    };
    unsigned long flags;
    void (*restorer)();
    std::uint64_t mask;
};

KernelSigaction actions[_NSIG];
std::uint64_t blocked;

bool valid_signal(int number) {
    return number > 0 && number < _NSIG;
}

bool ignored_by_default(int number) {
    return number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT ||
           number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/// With the exit status, or as if killed by `signal` when that is not 0.
[[noreturn]] void end_program(int status, int signal) {
    call<SosSyscall::exit>(status, signal);
    __builtin_trap();  // a process that may not exit must not go on
}

long raise_here(int number) {
    if (!valid_signal(number)) return number == 0 ? 0 : -EINVAL;
    KernelSigaction& action = actions[number];
    if (action.handler == SIG_IGN && number != SIGKILL) return 0;
    if (action.handler == SIG_DFL || number == SIGKILL) {
        if (ignored_by_default(number)) return 0;
        end_program(0, number);
    }
    const KernelSigaction chosen = action;
    if ((action.flags & SA_RESETHAND) != 0) action.handler = SIG_DFL;
    if ((chosen.flags & SA_SIGINFO) == 0) {
        chosen.handler(number);
        return 0;
    }
    siginfo_t info{};
    info.si_signo = number;
    info.si_code = SI_TKILL;
    chosen.with_info(number, &info, nullptr);
    return 0;
}

bool process_exists(int pid) {
    constexpr unsigned most = 512;
    abi::ProcessInfo processes[most];
    const long count = result_of(call<SosSyscall::process_list>(processes, most));
    for (long i = 0; i < count; ++i) {
        if (processes[i].pid == pid) return true;
    }
    return false;
}

}  // namespace

long linux_exit(long status, long, long, long, long, long) {
    end_program(static_cast<int>(status) & 0xff, 0);
}

long linux_getpid(long, long, long, long, long, long) {
    return result_of(call<SosSyscall::getpid>());
}

long linux_getppid(long, long, long, long, long, long) {
    return result_of(call<SosSyscall::getppid>());
}

/// The thread's id is only compared with itself; it must not be 0, which a pid can be.
long linux_gettid(long, long, long, long, long, long) {
    return only_thread;
}

long linux_kill(long target, long signal, long, long, long, long) {
    const int pid = static_cast<int>(target);
    const int number = static_cast<int>(signal);
    if (number < 0 || number >= _NSIG) return -EINVAL;
    if (pid < 0) return -EPERM;
    if (pid == static_cast<int>(linux_getpid(0, 0, 0, 0, 0, 0))) return raise_here(number);
    if (number == 0) return process_exists(pid) ? 0 : -ESRCH;
    if (ignored_by_default(number)) return -EPERM;
    return result_of(call<SosSyscall::kill>(pid)) < 0 ? -ESRCH : 0;
}

long linux_tkill(long thread, long signal, long, long, long, long) {
    if (thread != only_thread) return -ESRCH;
    return raise_here(static_cast<int>(signal));
}

long linux_tgkill(long, long thread, long signal, long, long, long) {
    return linux_tkill(thread, signal, 0, 0, 0, 0);
}

long linux_rt_sigaction(long signal, long next, long previous, long, long, long) {
    const int number = static_cast<int>(signal);
    if (!valid_signal(number)) return -EINVAL;
    if (next != 0 && (number == SIGKILL || number == SIGSTOP)) return -EINVAL;
    const KernelSigaction old = actions[number];
    if (next != 0) actions[number] = *reinterpret_cast<const KernelSigaction*>(next);
    if (previous != 0) *reinterpret_cast<KernelSigaction*>(previous) = old;
    return 0;
}

/// The mask is only kept: nothing arrives that it could hold back.
long linux_rt_sigprocmask(long how, long set, long previous, long, long, long) {
    const std::uint64_t old = blocked;
    if (set != 0) {
        const std::uint64_t bits = *reinterpret_cast<const std::uint64_t*>(set);
        switch (how) {
            case SIG_BLOCK:
                blocked |= bits;
                break;
            case SIG_UNBLOCK:
                blocked &= ~bits;
                break;
            case SIG_SETMASK:
                blocked = bits;
                break;
            default:
                return -EINVAL;
        }
    }
    if (previous != 0) *reinterpret_cast<std::uint64_t*>(previous) = old;
    return 0;
}

/// There are no process groups: 0 means any child, like -1. With WNOHANG, 0 means that none has
/// ended (0 is the pid of the first process, which is nobody's child).
long linux_wait4(long target, long status, long options, long usage, long, long) {
    constexpr unsigned known = WNOHANG | WUNTRACED | WCONTINUED;  // no process is ever stopped
    if ((static_cast<unsigned>(options) & ~known) != 0) return -EINVAL;
    int pid = static_cast<int>(target);
    if (pid == 0) pid = -1;
    if (pid < -1) return -ECHILD;
    const Reply reply = call<SosSyscall::waitpid>(pid, options & WNOHANG);
    if (reply.error != 0) return -reply.error;
    const long ended = static_cast<long>(reply.results[0]);
    if (ended > 0 && status != 0) {
        *reinterpret_cast<int*>(status) = static_cast<int>(reply.results[1]);
    }
    if (usage != 0) memset(reinterpret_cast<void*>(usage), 0, sizeof(rusage));
    return ended;
}

long linux_prlimit64(long pid, long resource, long next, long previous, long, long) {
    if (pid != 0 && pid != linux_getpid(0, 0, 0, 0, 0, 0)) return -EPERM;
    if (next != 0) return -EPERM;  // the limits are SOS's
    if (resource < 0 || resource >= RLIM_NLIMITS) return -EINVAL;
    if (previous == 0) return 0;
    rlim_t limit = RLIM_INFINITY;
    if (resource == RLIMIT_NOFILE) limit = 1024;
    if (resource == RLIMIT_STACK) limit = 16ul << 20;
    if (resource == RLIMIT_CORE) limit = 0;
    *reinterpret_cast<rlimit*>(previous) = {limit, limit};
    return 0;
}

long linux_uname(long name, long, long, long, long, long) {
    auto* const to = reinterpret_cast<utsname*>(name);
    *to = {};
    strcpy(to->sysname, "SOS");
    strcpy(to->nodename, "sos");
    strcpy(to->release, "1.0");
    strcpy(to->version, "Numbat");
    strcpy(to->machine, "aarch64");
    return 0;
}

long linux_getrandom(long buffer, long size, long flags, long, long, long) {
    return result_of(call<SosSyscall::getrandom>(buffer, size, flags));
}

/// The kernel's own call, which needs no capability; through SOS it would be two switches more.
long linux_sched_yield(long, long, long, long, long, long) {
    seL4_Yield();
    return 0;
}

}  // namespace sosapi
