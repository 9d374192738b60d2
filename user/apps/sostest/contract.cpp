// SPDX-License-Identifier: BSD-2-Clause
// What programs of others rely on: constants and layouts of the headers, flags that open accepts,
// what a program finds when it starts, and the counters that it may read.
#include <autoconf.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utils/page.h>
#include <utils/time.h>
#include <utils/util.h>

#include "test.hpp"

namespace sostest {
namespace {

static_assert(SOS_IPC_EP_CAP == 1 && TIMER_IPC_EP_CAP == 2 && SYSCALL_ENDPOINT_SLOT == 1);
static_assert(PROCESS_MAX_FILES == 1024 && MAX_IO_BUF == 0x1000 && N_NAME == 32);
static_assert(FM_EXEC == 1 && FM_WRITE == 2 && FM_READ == 4 && ST_FILE == 1 && ST_SPECIAL == 2);
static_assert(sizeof(sos_stat_t) == 32 && offsetof(sos_stat_t, st_type) == 0 &&
              offsetof(sos_stat_t, st_fmode) == 4 && offsetof(sos_stat_t, st_size) == 8);
static_assert(sizeof(sos_process_t) == 44 && offsetof(sos_process_t, pid) == 0 &&
              offsetof(sos_process_t, size) == 4 && offsetof(sos_process_t, stime) == 8 &&
              offsetof(sos_process_t, command) == 12);
static_assert(NS_IN_US == 1000 && NS_IN_MS == 1'000'000 && NS_IN_S == 1'000'000'000);
static_assert(US_IN_MS == 1000 && US_IN_S == 1'000'000 && MS_IN_S == 1000);
static_assert(PAGE_SIZE_4K == 4096 && PAGE_BITS_4K == 12);
static_assert(BIT(5) == 32);

constexpr const char* scratch = "sostest.tmp";

bool helper_macros() {
    const int three[] = {1, 2, 3};
    UNUSED const int nobody_asks = 0;
    CHECK(MIN(3, 4) == 3 && MAX(3, 4) == 4 && ARRAY_SIZE(three) == 3);
    CHECK(ROUND_UP(4097, 4096) == 8192 && ROUND_UP(4096, 4096) == 4096);
    CHECK(ROUND_DOWN(4097, 4096) == 4096 && ROUND_DOWN(4095, 4096) == 0);
    CHECK(CTZ(8) == 3 && CLZ(1) == 31);
    return true;
}

bool flags_accepted() {
    constexpr int accepted[] = {O_CREAT,         O_TRUNC,    O_APPEND,
                                O_CLOEXEC,       O_NOFOLLOW, O_NOCTTY,
                                O_NONBLOCK,      O_SYNC,     0400000 /* O_LARGEFILE */,
                                O_CREAT | O_EXCL};
    for (const int flag : accepted) {
        unlink(scratch);
        const int file = sos_open(scratch, O_WRONLY | flag);
        CHECK(file >= 0 && sos_write(file, "a", 1) == 1 && sos_close(file) == 0);
        sos_stat_t status;
        CHECK(sos_stat(scratch, &status) == 0 && status.st_fmode == (FM_READ | FM_WRITE));
    }
    CHECK(sos_open(scratch, O_WRONLY | O_CREAT | O_EXCL) == -1 && errno == EEXIST);
    CHECK(sos_open(scratch, O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR);
    CHECK(unlink(scratch) == 0);
    const int folder = sos_open(".", O_RDONLY | O_DIRECTORY);
    CHECK(folder >= 0 && sos_close(folder) == 0);
    CHECK(sos_open(nullptr, O_RDONLY) == -1 && errno == EFAULT);
    return true;
}

bool page_file_is_out_of_reach() {
    for (const char* path : {"pagefile", "/pagefile", "./pagefile", "/../pagefile", "pagefile/"}) {
        for (const int mode : {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT | O_TRUNC}) {
            CHECK(sos_open(path, mode) == -1);
            CHECK(open(path, mode, 0600) == -1);
        }
        CHECK(unlink(path) == -1 && rename(path, scratch) == -1 && truncate(path, 0) == -1);
    }
    const int file = sos_open(scratch, O_WRONLY);
    CHECK(file >= 0 && sos_close(file) == 0);
    CHECK(rename(scratch, "pagefile") == -1);
    CHECK(unlink(scratch) == 0);
    return true;
}

bool size_saturates() {
    const int file = sos_open(scratch, O_RDWR);
    CHECK(file >= 0);
    constexpr off_t bound = off_t{UINT_MAX};
    for (const off_t size : {bound - 1, bound, bound + 1, 3 * bound}) {
        CHECK(ftruncate(file, size) == 0);
        sos_stat_t status;
        CHECK(sos_stat(scratch, &status) == 0);
        CHECK(status.st_size == (size < bound ? static_cast<unsigned>(size) : UINT_MAX));
        struct stat whole;
        CHECK(fstat(file, &whole) == 0 && whole.st_size == size);
    }
    CHECK(sos_close(file) == 0 && unlink(scratch) == 0);
    return true;
}

bool auxiliary_vector() {
    CHECK(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_PHENT) == sizeof(Elf64_Phdr));
    const auto* headers = reinterpret_cast<const Elf64_Phdr*>(getauxval(AT_PHDR));
    const unsigned long count = getauxval(AT_PHNUM);
    const unsigned long entry = getauxval(AT_ENTRY);
    CHECK(headers != nullptr && count > 0);
    bool starts_in_code = false;
    for (unsigned long i = 0; i < count; ++i) {
        const Elf64_Phdr& one = headers[i];
        if (one.p_type != PT_LOAD || (one.p_flags & PF_X) == 0) continue;
        if (entry >= one.p_vaddr && entry - one.p_vaddr < one.p_memsz) starts_in_code = true;
    }
    CHECK(starts_in_code);
    const auto* random = reinterpret_cast<const char*>(getauxval(AT_RANDOM));
    CHECK(random != nullptr);
    const char zeros[16] = {};
    CHECK(memcmp(random, zeros, sizeof zeros) != 0);
    return true;
}

bool counters() {
    std::uint64_t frequency;
    std::uint64_t before;
    std::uint64_t after;
    asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
    CHECK(frequency > 0);
    asm volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(before)::"memory");
    sos_usleep(1000);
    asm volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(after)::"memory");
    CHECK(after - before >= frequency / 1000);
    asm volatile("msr pmcntenset_el0, %0" ::"r"(1ull << 31));
    asm volatile("msr pmcr_el0, %0\n\tisb" ::"r"(1ull));
    asm volatile("mrs %0, pmccntr_el0" : "=r"(before)::"memory");
    for (int i = 0; i < 10'000; ++i) asm volatile("");
    asm volatile("isb\n\tmrs %0, pmccntr_el0" : "=r"(after)::"memory");
    CHECK(after > before);
    return true;
}

constexpr Case cases[] = {
    {"CONTRACT_0001", helper_macros, "a macro of the helper headers is wrong"},
    {"CONTRACT_0002", flags_accepted, "open does not accept what it should"},
    {"CONTRACT_0003", page_file_is_out_of_reach, "a program reaches the page file"},
    {"CONTRACT_0004", size_saturates, "the size of a large file is wrong"},
    {"CONTRACT_0005", auxiliary_vector, "the auxiliary vector is wrong"},
    {"CONTRACT_0006", counters, "a counter cannot be read"},
};

}  // namespace

constinit const std::span<const Case> contract_cases{cases};

}  // namespace sostest
