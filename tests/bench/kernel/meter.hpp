// SPDX-License-Identifier: BSD-2-Clause
// Readings of the cycle counter right before and right after a system call, and what they say.
//
// In an instruction-counted run the counter counts instructions. A reading before goes to memory,
// where the thread that the call switches to finds it; the difference to that thread's reading
// after, less what two readings without a call in between differ by, is the cost from user to user:
// the `svc` and all that the kernel executes.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "abi/syscall.hpp"
#include "env.hpp"

namespace bench {

using sel4::CPtr;
using target::Env;

/// What a system call has in its registers, before and after.
struct Registers {
    std::uint64_t x[9] = {};
};

Registers call_registers(CPtr object, abi::MessageInfo info, const sel4::Words& words = {});
Registers receive_registers(abi::Syscall number, CPtr source, CPtr reply = CPtr{0});
Registers send_registers(abi::Syscall number, CPtr object);
/// `words` beyond MR3 go to the calling thread's IPC buffer.
Registers invocation_registers(CPtr object, abi::Invocation label,
                               std::initializer_list<std::uint64_t> words,
                               std::initializer_list<CPtr> caps = {});

/// A reading that another thread takes the difference to.
extern volatile std::uint64_t client_before, server_before;

/// One system call; `before` gets the reading before it, the result is the one after it.
[[gnu::always_inline]] inline std::uint64_t timed(Registers& registers,
                                                  volatile std::uint64_t& before) {
    register std::uint64_t x0 asm("x0") = registers.x[0];
    register std::uint64_t x1 asm("x1") = registers.x[1];
    register std::uint64_t x2 asm("x2") = registers.x[2];
    register std::uint64_t x3 asm("x3") = registers.x[3];
    register std::uint64_t x4 asm("x4") = registers.x[4];
    register std::uint64_t x5 asm("x5") = registers.x[5];
    register std::uint64_t x6 asm("x6") = registers.x[6];
    register std::uint64_t x7 asm("x7") = registers.x[7];
    register std::uint64_t x8 asm("x8") = registers.x[8];
    register std::uint64_t after asm("x9");
    register volatile std::uint64_t* place asm("x10") = &before;
    asm volatile(
        "mrs x9, pmccntr_el0\n\t"
        "str x9, [x10]\n\t"
        "svc #0\n\t"
        "mrs x9, pmccntr_el0"
        : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7), "+r"(x8),
          "=&r"(after)
        : "r"(place)
        : "memory");
    const Registers result{{x0, x1, x2, x3, x4, x5, x6, x7, x8}};
    registers = result;
    return after;
}

/// What timed() without its system call measures.
std::uint64_t overhead();

/// The mean over the rounds, the first of which do not count.
class Meter {
  public:
    static constexpr unsigned warm_up = 16, counted = 256, rounds = warm_up + counted;

    void add(std::uint64_t difference) {
        if (seen_++ < warm_up || count_ == counted) return;
        sum_ += difference;
        ++count_;
    }
    void add(std::uint64_t after, const volatile std::uint64_t& before) { add(after - before); }
    /// Prints `BENCH key value` with `extra` instructions taken off besides the overhead.
    void report(const char* key, std::uint64_t extra = 0) const;

  private:
    unsigned seen_ = 0, count_ = 0;
    std::uint64_t sum_ = 0;
};

/// A second address space with the program in it.
class OtherSpace {
  public:
    explicit OtherSpace(Env& env);
    /// Moves a thread that does not run yet there.
    void adopt(const target::Thread& thread);

  private:
    void map(CPtr frame, sel4::VAddr at);

    Env& env_;
    CPtr vspace_;
};

/// One second of round robin: no slice ends during a measurement.
target::ThreadOptions options(unsigned priority, unsigned mcp = 0);
/// Takes the scheduling context of a thread that waits away from it.
void make_passive(const target::Thread& thread);

void measure_messages(Env& env);
void measure_switches(Env& env);
void measure_objects(Env& env);
void measure_latency(Env& env);

}  // namespace bench
