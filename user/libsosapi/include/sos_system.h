// SPDX-License-Identifier: BSD-2-Clause
/*
 * Calls of SOS beyond its programming interface: what the shell, ps and the tests need.
 * Layouts are those of abi/sos_file.hpp. As with <sos.h>, -1 and errno report a failure.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SOS_FREE, SOS_CREATING, SOS_RUNNING, SOS_DYING, SOS_ZOMBIE };

typedef struct {
    int32_t pid;
    int32_t parent; /* -1: none */
    uint32_t state;
    uint32_t resident_pages;
    uint32_t paged_out_pages;
    uint32_t page_table_pages;
    uint64_t start_us; /* since boot */
    uint64_t cpu_time_us;
    char command[32];
} sos_process_info_t;

/* What is in use in the whole system. */
typedef struct {
    uint64_t frames;
    uint64_t slots;
    uint64_t untyped_bytes;
    uint64_t page_file_slots;
    uint64_t reply_objects;
    uint64_t handler_threads;
    uint64_t open_files;
    uint64_t file_requests;
    uint64_t timeouts;
    uint64_t processes;
} sos_resource_count_t;

/* What paging has done since boot, and what it works with; in pages. */
typedef struct {
    uint64_t page_frames; /* that programs may have */
    uint64_t page_frames_free;
    uint64_t page_file_slots; /* that may be in use */
    uint64_t page_file_used;
    uint64_t zero_fills;     /* first touches */
    uint64_t soft_faults;    /* touches of pages that were resident, but not mapped */
    uint64_t page_ins;       /* from the page file */
    uint64_t page_outs;      /* to it */
    uint64_t clean_drops;    /* evicted without being written */
    uint64_t elf_reads;      /* from executables */
    uint64_t second_chances; /* unmapped, to see whether they are still used */
    uint64_t waits;          /* for a page or for room */
    uint64_t shared_pages;   /* at the moment (sos_share_vm) */
    /* What SOS has for itself, beside the frames and their table; of it, the cache of files. */
    uint64_t server_pages;
    uint64_t server_pages_most;  /* that it ever was */
    uint64_t server_pages_limit; /* that it may have */
    uint64_t file_cache_pages;
    uint64_t file_cache_frames; /* that it has beside these, as long as no program needs them */
} sos_paging_count_t;

/* Fills at most `max` entries, returns how many. */
int sos_process_list(sos_process_info_t* processes, unsigned max);

int sos_resource_count(sos_resource_count_t* count);

int sos_paging_count(sos_paging_count_t* count);

/* Names the child that ^C on the console kills; -1 for none. */
int sos_set_foreground(pid_t pid);

/* Writes to the console without a file: bytes. */
ssize_t sos_console_out(const void* data, size_t size);

/* Any system call by its number, with up to four arguments: the first result. */
typedef struct {
    long error; /* 0 or an errno */
    uint64_t results[2];
} sos_reply_t;
sos_reply_t sos_call(uint64_t number, unsigned count, const uint64_t* arguments);

#ifdef __cplusplus
}
#endif
