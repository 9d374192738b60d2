// SPDX-License-Identifier: BSD-2-Clause
/*
 * What both eras of sos.h share: constants, layouts and the calls whose names never changed.
 * Programs include <sos.h>; the era is chosen by the include path (sos/2021 or sos/2023).
 * All calls return -1 and set errno on failure, unless said otherwise.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SOS_IPC_EP_CAP 1   /* endpoint of system calls */
#define TIMER_IPC_EP_CAP 2 /* historical; the slot is empty */
#define SYSCALL_ENDPOINT_SLOT 1

#define PROCESS_MAX_FILES 1024
#define MAX_IO_BUF 0x1000
#define N_NAME 32

typedef int fmode_t;
#define FM_EXEC 1
#define FM_WRITE 2
#define FM_READ 4

typedef int st_type_t;
#define ST_FILE 1
#define ST_SPECIAL 2

/* <sys/stat.h> defines st_atime as st_atim.tv_sec, and st_ctime alike: both spellings name the
 * member, so that this header and the uses of it mean the same before that one and after it. */
struct sos_stat_time {
    long tv_sec; /* ms since 1970, in spite of its name */
};
#pragma push_macro("st_atime")
#pragma push_macro("st_ctime")
#undef st_atime
#undef st_ctime
typedef struct {
    st_type_t st_type;
    fmode_t st_fmode; /* of the owner */
    unsigned st_size; /* bytes, at most 4 GiB - 1 */
    union {
        long st_ctime; /* ms since 1970 */
        struct sos_stat_time st_ctim;
    };
    union {
        long st_atime; /* ms since 1970 */
        struct sos_stat_time st_atim;
    };
} sos_stat_t;
#pragma pop_macro("st_ctime")
#pragma pop_macro("st_atime")

typedef struct {
    pid_t pid;
    unsigned size;        /* resident pages */
    unsigned stime;       /* start, in ms since boot */
    char command[N_NAME]; /* with NUL */
} sos_process_t;

/* Name of entry `pos` of the root into `name`: bytes; 0 when pos is the number of entries. */
int sos_getdirent(int pos, char* name, size_t nbyte);

int sos_stat(const char* path, sos_stat_t* buf);

/* Starts the program `path`, or "program argument argument ...": its pid. */
pid_t sos_process_create(const char* path);

int sos_process_delete(pid_t pid);

pid_t sos_my_id(void);

/* Fills at most `max` entries, returns how many; 0 if there is no place to put them. */
int sos_process_status(sos_process_t* processes, unsigned max);

/* Waits until `pid`, or with -1 any child, has ended; returns the pid that did. */
pid_t sos_process_wait(pid_t pid);

/* Shares the pages of [adr, adr + size) with all processes that share them too. */
int sos_share_vm(void* adr, size_t size, int writable);

#ifdef __cplusplus
}
#endif
