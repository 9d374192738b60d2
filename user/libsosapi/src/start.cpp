// SPDX-License-Identifier: BSD-2-Clause
// Where a program begins: finds the IPC buffer and the clock's origin in the auxiliary vector and
// hands over to libc.
// At _start, SP points to argc, argv, envp and the auxiliary vector.
#include <syscalls.h>

#include "call.hpp"
#include "clock.hpp"

extern "C" {

int main(int, char**, char**);
[[noreturn]] int __libc_start_main(int (*)(int, char**, char**), int, char**, void (*)(),
                                   void (*)(), void (*)());

seL4_IPCBuffer* __sel4_ipc_buffer = nullptr;

[[noreturn, gnu::used]] void __sos_start(std::uint64_t* stack) {
    const int argc = static_cast<int>(stack[0]);
    char** argv = reinterpret_cast<char**>(stack + 1);
    std::uint64_t* word = stack + 1 + argc + 1;
    while (*word != 0) ++word;  // over the environment
    for (++word; word[0] != 0; word += 2) {
        if (word[0] == abi::auxv_ipc_buffer) {
            __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer*>(word[1]);
        }
        sosapi::clock::note_auxiliary(word[0], word[1]);
    }
    sosapi_init_syscall_table();
    __libc_start_main(main, argc, argv, nullptr, nullptr, nullptr);
}

asm(".text\n"
    ".global _start\n"
    ".type _start, %function\n"
    "_start:\n"
    "    mov x29, #0\n"
    "    mov x30, #0\n"
    "    mov x0, sp\n"
    "    and sp, x0, #-16\n"
    "    b __sos_start\n"
    ".size _start, . - _start\n");
}
