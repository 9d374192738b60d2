// SPDX-License-Identifier: BSD-2-Clause
// sos_share_vm: processes that see the same pages. Children are this program too, so what it has in
// static memory is at the same address in all of them.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utils/page.h>

#include "roles.hpp"
#include "test.hpp"

namespace sostest {
namespace {

constexpr std::size_t page_total = 8;
constexpr std::size_t area_size = page_total * PAGE_SIZE_4K;

struct Area {
    volatile unsigned counter;
    volatile unsigned ready;
    char rest[area_size - 2 * sizeof(unsigned)];
};

alignas(PAGE_SIZE_4K) Area area;                       // zero at the start
alignas(PAGE_SIZE_4K) Area filled{41, 0, {'f', 'i'}};  // from the file
alignas(PAGE_SIZE_4K) char page_of_parent[PAGE_SIZE_4K];

bool share(Area& what, int writable) {
    return sos_share_vm(&what, area_size, writable) == 0;
}

int end_of(pid_t pid) {
    int status;
    return pid >= 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

bool killed(int status) {
    return status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

bool all_see_the_same() {
    area.counter = 5;
    memset(area.rest, 'p', sizeof(area.rest));
    CHECK(share(area, 1) && share(filled, 1));
    CHECK(filled.counter == 41 && filled.rest[1] == 'i');
    filled.rest[0] = 'F';
    for (unsigned i = 0; i < 3; ++i) {
        const int status = end_of(start_role("share-add"));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        CHECK(area.counter == 6 + i && filled.counter == 42 + i);
        CHECK(area.rest[sizeof(area.rest) - 1] == static_cast<char>('a' + i));
    }
    return true;
}

bool both_run_at_once() {
    CHECK(share(area, 1));
    const pid_t pid = start_role("share-count", "400");
    CHECK(pid >= 0);
    for (unsigned i = 0; i < 400; ++i) {
        while (area.counter % 2 == 0) sos_usleep(100);
        area.counter = area.counter + 1;
    }
    CHECK(end_of(pid) == 0);
    CHECK(area.counter == 800);
    return true;
}

bool writing_needs_consent() {
    area.counter = 1;
    CHECK(share(area, 0));
    area.counter = 2;  // nobody else has a say yet
    CHECK(killed(end_of(start_role("share-write"))));
    CHECK(area.counter == 2);
    CHECK(share(area, 1));
    CHECK(end_of(start_role("share-write")) == 0);
    CHECK(area.counter == 99);
    // Nor may the system write there for a process that may not.
    CHECK(share(area, 0));
    CHECK(end_of(start_role("share-read-into")) == 0);
    CHECK(area.counter == 99);
    return true;
}

/// A process that lets others only read stops all others' writes while it lives.
bool consent_ends_with_its_process() {
    CHECK(share(area, 1));
    const pid_t pid = start_role("share-hold");
    CHECK(pid >= 0);
    while (area.ready == 0) sos_usleep(1000);
    sos_stat_t status;  // the system may not write there now
    CHECK(sos_stat("motd", reinterpret_cast<sos_stat_t*>(area.rest)) == -1);
    CHECK(sos_stat("motd", &status) == 0);
    CHECK(sos_process_delete(pid) == 0);
    CHECK(sos_process_wait(pid) == pid);
    area.counter = 7;
    CHECK(sos_stat("motd", reinterpret_cast<sos_stat_t*>(area.rest)) == 0);
    return true;
}

bool what_cannot_be_shared() {
    char* const start = reinterpret_cast<char*>(&area);
    CHECK(sos_share_vm(start + 1, PAGE_SIZE_4K, 1) == -1);
    CHECK(sos_share_vm(start, 100, 1) == -1);
    CHECK(sos_share_vm(nullptr, PAGE_SIZE_4K, 1) == -1);
    CHECK(sos_share_vm(start, ~std::size_t{4095}, 1) == -1);
    CHECK(sos_share_vm(reinterpret_cast<void*>(0x1000'0000'0000), PAGE_SIZE_4K, 1) == -1);
    CHECK(sos_share_vm(reinterpret_cast<void*>(0x7fff'ffff'e000), PAGE_SIZE_4K, 1) == -1);
    CHECK(sos_share_vm(reinterpret_cast<void*>(0xffff'8000'0000'0000), PAGE_SIZE_4K, 1) == -1);
    // More than can be shared, and then nothing is.
    constexpr std::size_t too_much = 64u << 20;
    char* const memory = static_cast<char*>(
        mmap(nullptr, too_much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK(memory != MAP_FAILED);
    sos_paging_count_t before, after;
    CHECK(sos_paging_count(&before) == 0);
    CHECK(sos_share_vm(memory, too_much, 1) == -1 && errno == ENOMEM);
    CHECK(sos_paging_count(&after) == 0 && after.shared_pages == before.shared_pages);
    CHECK(sos_share_vm(memory, 16 * PAGE_SIZE_4K, 1) == 0);
    CHECK(sos_paging_count(&after) == 0 && after.shared_pages == before.shared_pages + 16);
    CHECK(munmap(memory, too_much) == 0);
    CHECK(sos_paging_count(&after) == 0 && after.shared_pages == before.shared_pages);
    return true;
}

bool sharers_are_killed() {
    memset(area.rest, 'k', sizeof(area.rest));
    CHECK(share(area, 1));
    for (int i = 0; i < 10; ++i) {
        const pid_t pid = start_role("share-spin");
        CHECK(pid >= 0);
        sos_usleep(i * 3000);
        CHECK(sos_process_delete(pid) == 0);
        CHECK(sos_process_wait(pid) == pid);
        for (const char byte : area.rest) CHECK(byte == 'k');
    }
    return true;
}

constexpr Case cases[] = {
    {"SHARE_0001", all_see_the_same, "what one writes the others do not see"},
    {"SHARE_0002", both_run_at_once, "two that take turns do not see each other"},
    {"SHARE_0003", writing_needs_consent, "who may write is not as it should be"},
    {"SHARE_0004", consent_ends_with_its_process, "a process that is gone still has a say"},
    {"SHARE_0005", what_cannot_be_shared, "what cannot be shared was shared"},
    {"SHARE_0006", sharers_are_killed, "a killed sharer takes something with it"},
};

}  // namespace

int share_and_add(const char*) {
    if (area.counter != 0 || filled.counter != 41) return 1;
    area.counter = 1000;  // its own page, which goes
    if (!share(area, 1) || !share(filled, 1)) return 2;
    if (filled.rest[0] != 'F') return 3;
    area.rest[sizeof(area.rest) - 1] = static_cast<char>('a' + area.counter - 5);
    area.counter = area.counter + 1;
    filled.counter = filled.counter + 1;
    return 0;
}

int share_and_count(const char* turns) {
    if (!share(area, 1)) return 1;
    for (int i = 0; i < atoi(turns); ++i) {
        while (area.counter % 2 != 0) sos_usleep(100);
        area.counter = area.counter + 1;
    }
    while (area.counter % 2 != 0) sos_usleep(100);
    return 0;
}

int share_and_write(const char*) {
    if (!share(area, 1)) return 1;
    if (area.counter == 0) return 2;
    area.counter = 99;
    return 0;
}

/// Lets the system write where it may not write itself.
int share_and_read_into(const char*) {
    if (!share(area, 1)) return 1;
    const int file = open("motd", O_RDONLY);
    if (file < 0) return 2;
    if (read(file, &area, 16) != -1 || errno != EFAULT) return 3;
    return read(file, page_of_parent, 16) == 16 ? 0 : 4;
}

int share_and_hold(const char*) {
    if (!share(area, 1)) return 1;
    area.ready = 1;
    if (!share(area, 0)) return 2;
    for (;;) sos_usleep(2'000'000'000);
}

int share_and_spin(const char*) {
    for (;;) {
        if (!share(area, 1)) return 1;
        for (unsigned i = 0; i < page_total; ++i) {
            area.rest[i * PAGE_SIZE_4K] = area.rest[i * PAGE_SIZE_4K + 1];
        }
    }
}

constinit const std::span<const Case> sharing_cases{cases};

}  // namespace sostest
