// SPDX-License-Identifier: BSD-2-Clause
// jumble PROCESSES SEED OPERATIONS: so many processes at once, each of which does so many random
// operations on files of its own (jumbleINDEX_0 and _1) and on two that all share. What a process
// reads is compared with a model in its memory. What is left at the end follows from the arguments
// alone: tests/system/jumble_model.py tells the host what every byte must be.
//
// `jumble_shared` has blocks of 512 bytes, written round about by all: block n by process n modulo
// PROCESSES. A block tells how often it was written, and the rest of it follows from that, so that
// every reader sees torn or old ones. To `jumble_log` all append records.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sos.h>

enum {
    largest_file = 256 * 1024,
    largest_piece = 24 * 1024,
    noise_starts = 65536,
    block_size = 512,
    blocks_each = 64,
    record_size = 64,
    most_processes = 16,
};

static unsigned char noise[noise_starts + largest_piece];
static unsigned char piece[largest_piece];
static unsigned char model[2][largest_file];
static size_t sizes[2];
static int exists[2];
static int here;  // which of the two is open
static int file = -1, shared = -1;
static unsigned index_, processes;
static uint64_t state;
static uint32_t own_blocks[blocks_each];                    // how often each was written
static uint32_t seen_blocks[most_processes * blocks_each];  // and at least, of all

static uint64_t next(void) {  // splitmix64
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(size_t bound) {
    return (size_t)(next() % bound);
}

static _Noreturn void fail(const char* what, uint64_t at) {
    printf("jumble: process %u: %s at %llu, errno %d\n", index_, what, (unsigned long long)at,
           errno);
    exit(1);
}

static const char* name_of(int which) {
    static char names[2][32];
    snprintf(names[which], sizeof names[which], "jumble%u_%d", index_, which);
    return names[which];
}

static void reopen(int which) {
    if (file >= 0 && close(file) != 0) fail("close", 0);
    file = open(name_of(which), O_RDWR | O_CREAT, 0644);
    if (file < 0) fail("open", (uint64_t)which);
    here = which;
    if (!exists[which]) sizes[which] = 0;
    exists[which] = 1;
}

static void put(size_t at, const unsigned char* data, size_t length) {
    if (at > sizes[here]) memset(model[here] + sizes[here], 0, at - sizes[here]);
    memcpy(model[here] + at, data, length);
    if (at + length > sizes[here]) sizes[here] = at + length;
}

static void write_somewhere(void) {
    const size_t length = 1 + below(largest_piece);
    const size_t at = below(largest_file - length + 1);
    const unsigned char* const data = noise + below(noise_starts);
    const int seek = (int)below(2);
    if (seek && lseek(file, (off_t)at, SEEK_SET) != (off_t)at) fail("lseek", at);
    const ssize_t done = seek ? write(file, data, length) : pwrite(file, data, length, (off_t)at);
    if (done != (ssize_t)length) fail("write", at);
    put(at, data, length);
}

static void append(void) {
    const size_t length = 1 + below(8192);
    const unsigned char* const data = noise + below(noise_starts);
    if (sizes[here] + length > largest_file) return;
    const int end = open(name_of(here), O_WRONLY | O_APPEND);
    if (end < 0 || write(end, data, length) != (ssize_t)length || close(end) != 0) {
        fail("append", sizes[here]);
    }
    put(sizes[here], data, length);
}

static void cut(void) {
    const size_t size = below(largest_file + 1);
    if (ftruncate(file, (off_t)size) != 0) fail("ftruncate", size);
    if (size > sizes[here]) memset(model[here] + sizes[here], 0, size - sizes[here]);
    sizes[here] = size;
}

static void read_somewhere(void) {
    const size_t length = 1 + below(largest_piece);
    const size_t at = below(largest_file);
    const size_t there = at >= sizes[here] ? 0 : sizes[here] - at;
    const size_t expected = length < there ? length : there;
    const ssize_t done = pread(file, piece, length, (off_t)at);
    if (done != (ssize_t)expected) fail("read", at);
    for (size_t i = 0; i < expected; ++i) {
        if (piece[i] != model[here][at + i]) fail("wrong byte", at + i);
    }
}

static void rename_it(void) {
    const int there = 1 - here;
    if (rename(name_of(here), name_of(there)) != 0) fail("rename", (uint64_t)here);
    memcpy(model[there], model[here], sizes[here]);
    sizes[there] = sizes[here];
    exists[there] = 1;
    exists[here] = 0;
    here = there;  // the descriptor still is of the same file
}

static void fill_block(unsigned char* block, unsigned owner, uint32_t count) {
    memcpy(block, &count, sizeof count);
    if (count == 0) {
        memset(block, 0, block_size);
    } else {
        const size_t salt = (count * 31u + owner * 977u) % noise_starts;
        memcpy(block + sizeof count, noise + salt, block_size - sizeof count);
    }
}

static void write_block(void) {
    const size_t which = below(blocks_each);
    const size_t number = which * processes + index_;
    unsigned char block[block_size];
    fill_block(block, index_, ++own_blocks[which]);
    if (pwrite(shared, block, block_size, (off_t)(number * block_size)) != block_size) {
        fail("write of a shared block", number);
    }
}

static void read_blocks(void) {
    const size_t first = below(blocks_each * processes - 7);
    unsigned char expected[block_size];
    if (pread(shared, piece, 8 * block_size, (off_t)(first * block_size)) != 8 * block_size) {
        fail("read of shared blocks", first);
    }
    for (size_t number = first; number < first + 8; ++number) {
        const unsigned char* const block = piece + (number - first) * block_size;
        const unsigned owner = (unsigned)(number % processes);
        uint32_t count;
        memcpy(&count, block, sizeof count);
        fill_block(expected, owner, count);
        if (memcmp(block, expected, block_size) != 0) fail("a torn block", number);
        if (count < seen_blocks[number]) fail("an old block", number);
        if (owner == index_ && count != own_blocks[number / processes]) fail("a lost one", number);
        seen_blocks[number] = count;
    }
    // Behind the blocks the file may have any size.
    const size_t size = blocks_each * processes * block_size + below(8192);
    if (below(8) == 0 && ftruncate(shared, (off_t)size) != 0) fail("ftruncate of all's", size);
}

static void append_record(unsigned number) {
    char record[record_size + 1];
    snprintf(record, sizeof record, "%02u %06u %053u\n", index_, number, number * 7919u);
    const int end = open("jumble_log", O_WRONLY | O_APPEND);
    if (end < 0 || write(end, record, record_size) != record_size || close(end) != 0) {
        fail("append of a record", number);
    }
}

static int child(uint64_t seed, unsigned operations) {
    state = seed * 1000003u + index_;
    shared = open("jumble_shared", O_RDWR);
    if (shared < 0) fail("open of jumble_shared", 0);
    reopen(0);
    unsigned records = 0;
    for (unsigned i = 0; i < operations; ++i) {
        switch (below(16)) {
            case 0:
            case 1:
            case 2:
            case 3:
                write_somewhere();
                break;
            case 4:
            case 5:
                append();
                break;
            case 6:
                cut();
                break;
            case 7:
            case 8:
            case 9:
                read_somewhere();
                break;
            case 10:
                rename_it();
                break;
            case 11:
                reopen((int)below(2));
                break;
            case 12:
                if (fsync(file) != 0) fail("fsync", i);
                break;
            case 13:
                write_block();
                break;
            case 14:
                read_blocks();
                break;
            default:
                append_record(records++);
                break;
        }
    }
    if (close(file) != 0 || close(shared) != 0) fail("close at the end", 0);
    return 0;
}

/// The two files of all, and the processes; how many of them failed.
static int parent(char** arguments) {
    const int all = open("jumble_shared", O_RDWR | O_CREAT | O_TRUNC, 0644);
    const int log = open("jumble_log", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (all < 0 || log < 0) fail("open", 0);
    if (ftruncate(all, (off_t)(blocks_each * processes * block_size)) != 0) fail("ftruncate", 0);
    if (close(all) != 0 || close(log) != 0) fail("close", 0);
    pid_t pids[most_processes];
    for (unsigned i = 0; i < processes; ++i) {
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        char* words[] = {"jumble", arguments[1], arguments[2], arguments[3], number, NULL};
        errno = posix_spawn(&pids[i], "jumble", NULL, NULL, words, environ);
        if (errno != 0) fail("posix_spawn", i);
    }
    int failed = 0;
    for (unsigned i = 0; i < processes; ++i) {
        int status = -1;
        if (waitpid(pids[i], &status, 0) != pids[i] || status != 0) ++failed;
    }
    printf("jumble: %u processes, %d failed\n", processes, failed);
    return failed != 0;
}

int main(int argc, char** argv) {
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: jumble PROCESSES SEED OPERATIONS\n");
        return 2;
    }
    processes = (unsigned)atoi(argv[1]);
    if (processes < 1 || processes > most_processes) return 2;
    if (argc == 4) return parent(argv);
    index_ = (unsigned)atoi(argv[4]);
    for (size_t i = 0; i < sizeof noise; ++i) noise[i] = (unsigned char)((i * 2654435761u) >> 13);
    return child(strtoull(argv[2], NULL, 10), (unsigned)atoi(argv[3]));
}
