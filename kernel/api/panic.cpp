// SPDX-License-Identifier: BSD-2-Clause
// The kernel's last words: one block that begins with `numbat: panic:` and says what, where, for
// which thread, and what is on the kernel's stack; `./sos run` puts names to the addresses.
#include "arch/contract.hpp"
#include "base/assert.hpp"
#include "base/format.hpp"
#include "sched/scheduler.hpp"

extern "C" {
extern const char kernel_virtual[], kernel_code_end[], kernel_stack_end[];
[[noreturn]] void handle_fatal_exception(std::uint64_t vector, std::uint64_t syndrome,
                                         std::uint64_t pc, std::uint64_t fault, std::uint64_t sp);
}

namespace {

template <typename... Arguments>
void print(const char* text, const Arguments&... arguments) {
    base::format_to(arch::put_char, text, arguments...);
}

/// The kernel keeps no frame pointers: all on its stack that may be a return address.
[[noreturn]] void finish_panic(const void* stack_pointer) {
    if (const numbat::Tcb* const thread = numbat::core.current; thread != nullptr) {
        const arch::Context& context = thread->context;
        print("  thread '{}' pc {x} sp {x} lr {x}\n", static_cast<const char*>(thread->name),
              context.next_pc, context.sp, context.x[30]);
    }
    const auto* const end = reinterpret_cast<const char* const*>(kernel_stack_end);
    for (const auto* word = static_cast<const char* const*>(stack_pointer); word < end; ++word) {
        if (*word > kernel_virtual && *word < kernel_code_end)
            print("  called from {x}\n", reinterpret_cast<std::uint64_t>(*word));
    }
    arch::halt();
}

}  // namespace

void handle_fatal_exception(std::uint64_t vector, std::uint64_t syndrome, std::uint64_t pc,
                            std::uint64_t fault, std::uint64_t sp) {
    print("\nnumbat: panic: exception in the kernel (vector {})\n  at {x}\n", vector, pc);
    print("  ESR {x} FAR {x} sp {x}\n", syndrome, fault, sp);
    // If the stack itself was left, there is nothing to be found.
    const auto* const stack = reinterpret_cast<const char*>(sp);
    finish_panic(stack > kernel_code_end && stack < kernel_stack_end ? stack : kernel_stack_end);
}

namespace base {

void panic_handler(const char* message, const char* file, int line) {
    print("\nnumbat: panic: {}\n  at {}:{}\n", message, file, line);
    finish_panic(__builtin_frame_address(0));
}

}  // namespace base
