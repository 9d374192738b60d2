// SPDX-License-Identifier: BSD-2-Clause
/*
 * forbidden N: does the forbidden thing number N, which must cost this program its life and harm
 * nobody else. forbidden all: starts itself once for each of them, and checks how it died.
 * Without an argument: the list.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sel4/sel4.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utils/util.h>

static const char constant[64] = "constant";
static char data[64];

static uint64_t peek(uint64_t address) {
    return *(volatile uint64_t*)address;
}

static void poke(uint64_t address) {
    *(volatile uint64_t*)address = 0x4141414141414141;
}

static void jump(uint64_t address) {
    ((void (*)(void))address)();
}

static const uint64_t kernel_half = 0xffffff8040000000;
static const uint64_t above_user = 0x0000800000000000;
static const uint64_t not_canonical = 0x0123456789abc000;

static void read_null(void) {
    peek(0);
}
static void write_null(void) {
    poke(0);
}
static void run_null(void) {
    jump(0);
}
static void read_small_address(void) {
    peek(0x1000);
}
static void read_below_text(void) {
    peek(0x3ff000);
}
static void read_kernel(void) {
    peek(kernel_half);
}
static void write_kernel(void) {
    poke(kernel_half);
}
static void run_kernel(void) {
    jump(kernel_half);
}
static void read_top(void) {
    peek(0xfffffffffffffff8);
}
static void read_above_user(void) {
    peek(above_user);
}
static void write_above_user(void) {
    poke(above_user);
}
static void run_above_user(void) {
    jump(above_user);
}
static void read_not_canonical(void) {
    peek(not_canonical);
}
static void write_text(void) {
    poke((uint64_t)&peek);
}
static void write_constant(void) {
    poke((uint64_t)constant);
}
static void run_data(void) {
    jump((uint64_t)data);
}

static void run_stack(void) {
    volatile uint32_t code[4] = {0xd65f03c0}; /* ret */
    jump((uint64_t)code);
}

static void run_heap(void) {
    uint32_t* code = malloc(64);
    if (code == NULL) return;
    code[0] = 0xd65f03c0;
    __builtin___clear_cache((char*)code, (char*)(code + 1));
    jump((uint64_t)code);
}

static char* map(int protection) {
    char* memory = mmap(NULL, 4 * PAGE_SIZE_4K, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(3);
    }
    return memory;
}

static void read_unmapped(void) {
    char* memory = map(PROT_READ | PROT_WRITE);
    poke((uint64_t)memory);
    munmap(memory, 4 * PAGE_SIZE_4K);
    peek((uint64_t)memory);
}

static void read_part_unmapped(void) {
    char* memory = map(PROT_READ | PROT_WRITE);
    poke((uint64_t)memory + PAGE_SIZE_4K);
    munmap(memory + PAGE_SIZE_4K, PAGE_SIZE_4K);
    peek((uint64_t)memory + PAGE_SIZE_4K);
}

static void write_read_only_map(void) {
    poke((uint64_t)map(PROT_READ));
}
static void read_no_access_map(void) {
    peek((uint64_t)map(PROT_NONE));
}

static void write_protected(void) {
    char* memory = map(PROT_READ | PROT_WRITE);
    poke((uint64_t)memory);
    if (mprotect(memory, PAGE_SIZE_4K, PROT_READ) != 0) exit(3);
    poke((uint64_t)memory);
}

static void read_no_access(void) {
    char* memory = map(PROT_READ | PROT_WRITE);
    poke((uint64_t)memory);
    if (mprotect(memory, PAGE_SIZE_4K, PROT_NONE) != 0) exit(3);
    peek((uint64_t)memory);
}

static void run_map(void) {
    jump((uint64_t)map(PROT_READ | PROT_WRITE));
}

static void read_beyond_break(void) {
    char* end = sbrk(PAGE_SIZE_4K);
    if (end == (char*)-1) exit(3);
    poke((uint64_t)end);
    peek(ROUND_UP((uint64_t)end + PAGE_SIZE_4K, PAGE_SIZE_4K));
}

static void read_shrunk_heap(void) {
    char* end = sbrk(4 * PAGE_SIZE_4K);
    if (end == (char*)-1) exit(3);
    poke(ROUND_UP((uint64_t)end, PAGE_SIZE_4K) + PAGE_SIZE_4K);
    if (sbrk(-4 * (intptr_t)PAGE_SIZE_4K) == (void*)-1) exit(3);
    peek(ROUND_UP((uint64_t)end, PAGE_SIZE_4K) + PAGE_SIZE_4K);
}

static void read_far_below_stack(void) {
    int here;
    peek((uint64_t)&here - (1ull << 32));
}

static void read_guard_of_ipc_buffer(void) {
    peek((uint64_t)__sel4_ipc_buffer - PAGE_SIZE_4K);
}

static void read_behind_ipc_buffer(void) {
    peek(ROUND_DOWN((uint64_t)__sel4_ipc_buffer, PAGE_SIZE_4K) + PAGE_SIZE_4K);
}

static uint64_t deep(volatile uint64_t* above) {
    volatile uint64_t here[512];
    here[0] = *above + 1;
    return here[0] == 0 ? 0 : deep(here) + here[0]; /* 0 comes after 2^64 frames */
}

static void overflow_stack(void) {
    volatile uint64_t first = 0;
    deep(&first);
}

static void undefined_instruction(void) {
    __asm__ volatile("udf #0");
}
static void breakpoint(void) {
    __asm__ volatile("brk #7");
}
static void hypervisor_call(void) {
    __asm__ volatile(".inst 0xd4000002");
}
static void secure_call(void) {
    __asm__ volatile(".inst 0xd4000003");
}
static void exception_return(void) {
    __asm__ volatile("eret");
}
static void read_system_control(void) {
    __asm__ volatile("mrs x0, sctlr_el1" ::: "x0");
}
static void write_page_table_base(void) {
    __asm__ volatile("msr ttbr0_el1, xzr");
}
static void mask_interrupts(void) {
    __asm__ volatile("msr daifset, #2");
}
static void program_timer(void) {
    __asm__ volatile("msr cntp_ctl_el0, xzr");
}
static void flush_tlb(void) {
    __asm__ volatile("tlbi vmalle1");
}

static void zero_kernel_line(void) {
    __asm__ volatile("dc zva, %0" ::"r"(kernel_half) : "memory");
}

static void jump_unaligned(void) {
    jump((uint64_t)&peek + 2);
}

static void exclusive_unaligned(void) {
    __asm__ volatile("ldxr x0, [%0]" ::"r"(data + 1) : "x0", "memory");
}

static void unknown_kernel_call(void) {
    register long x7 __asm__("x7") = 1234;
    __asm__ volatile("svc #0" ::"r"(x7) : "memory");
}

static void call_missing_capability(void) {
    seL4_Call(0xdeadbeef, seL4_MessageInfo_new(0, 0, 0, 0));
}
static void receive_on_endpoint(void) {
    seL4_Recv(1, NULL, 0);
}
static void wait_on_endpoint(void) {
    seL4_Wait(1, NULL);
}
static void receive_on_empty_slot(void) {
    seL4_Wait(7, NULL);
}
static void abort_itself(void) {
    abort();
}

static const struct {
    const char* text;
    void (*act)(void);
} acts[] = {
    {"read address 0", read_null},
    {"write address 0", write_null},
    {"run address 0", run_null},
    {"read page 1", read_small_address},
    {"read below the text", read_below_text},
    {"read the kernel's half", read_kernel},
    {"write the kernel's half", write_kernel},
    {"run the kernel's half", run_kernel},
    {"read the last word", read_top},
    {"read above the user half", read_above_user},
    {"write above the user half", write_above_user},
    {"run above the user half", run_above_user},
    {"read an address that is none", read_not_canonical},
    {"write its own text", write_text},
    {"write a constant", write_constant},
    {"run its data", run_data},
    {"run its stack", run_stack},
    {"run its heap", run_heap},
    {"read what it unmapped", read_unmapped},
    {"read what it unmapped in the middle", read_part_unmapped},
    {"write a read-only mapping", write_read_only_map},
    {"read a mapping without access", read_no_access_map},
    {"write what it made read-only", write_protected},
    {"read what it made inaccessible", read_no_access},
    {"run a mapping of data", run_map},
    {"read beyond the break", read_beyond_break},
    {"read what it gave back with sbrk", read_shrunk_heap},
    {"read far below the stack", read_far_below_stack},
    {"read between stack and IPC buffer", read_guard_of_ipc_buffer},
    {"read behind the IPC buffer", read_behind_ipc_buffer},
    {"overflow the stack", overflow_stack},
    {"undefined instruction", undefined_instruction},
    {"breakpoint", breakpoint},
    {"hypervisor call", hypervisor_call},
    {"secure monitor call", secure_call},
    {"return from exception", exception_return},
    {"read SCTLR_EL1", read_system_control},
    {"write TTBR0_EL1", write_page_table_base},
    {"mask interrupts", mask_interrupts},
    {"program SOS's timer", program_timer},
    {"invalidate the TLB", flush_tlb},
    {"zero a cache line of the kernel's", zero_kernel_line},
    {"jump between instructions", jump_unaligned},
    {"unaligned exclusive access", exclusive_unaligned},
    {"unknown kernel call", unknown_kernel_call},
    {"call a capability that is not there", call_missing_capability},
    {"receive on the system call endpoint", receive_on_endpoint},
    {"wait on the system call endpoint", wait_on_endpoint},
    {"wait on an empty slot", receive_on_empty_slot},
    {"abort", abort_itself},
};

enum { act_count = ARRAY_SIZE(acts) };

static int list(void) {
    for (unsigned i = 0; i < act_count; i++) printf("%2u %s\n", i + 1, acts[i].text);
    return 0;
}

/* Starts act number `i` in a process of its own: NULL if it died of it, else what happened. */
static const char* try_one(unsigned i) {
    static char text[64];
    char number[12];
    snprintf(number, sizeof number, "%u", i + 1);
    char* arguments[] = {"forbidden", number, NULL};
    pid_t pid;
    int error = posix_spawn(&pid, "forbidden", NULL, NULL, arguments, environ);
    if (error != 0) return strerror(error);
    int status;
    if (waitpid(pid, &status, 0) != pid) return strerror(errno);
    if (WIFSIGNALED(status)) return NULL;
    if (acts[i].act == abort_itself && WEXITSTATUS(status) == 128 + 6) return NULL;
    snprintf(text, sizeof text, "survived, status %d", WEXITSTATUS(status));
    return text;
}

static int try_all(void) {
    unsigned failed = 0;
    for (unsigned i = 0; i < act_count; i++) {
        const char* surprise = try_one(i);
        if (surprise == NULL) continue;
        printf("forbidden %u (%s): %s\n", i + 1, acts[i].text, surprise);
        failed++;
    }
    printf("%u passed, %u failed\n", act_count - failed, failed);
    return failed != 0;
}

int main(int argc, char** argv) {
    if (argc == 1) return list();
    if (argc == 2 && strcmp(argv[1], "all") == 0) return try_all();
    int number = argc == 2 ? atoi(argv[1]) : 0;
    if (number < 1 || number > (int)act_count) {
        fprintf(stderr, "usage: forbidden [number|all]\n");
        return 2;
    }
    acts[number - 1].act();
    printf("forbidden: still alive after: %s\n", acts[number - 1].text);
    return 1;
}
