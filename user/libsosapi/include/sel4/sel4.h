// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's interface for C programs: message registers, the system calls a program may make
 * on the capabilities it has, and what a program needs of the debug calls. Message registers 0..3
 * travel in processor registers; the functions without "WithMRs" take them from the IPC buffer and
 * put them back there. `__sel4_ipc_buffer` is set by the start code from the auxiliary vector.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t seL4_Word;
typedef seL4_Word seL4_CPtr;
typedef int8_t seL4_Int8;
typedef int16_t seL4_Int16;
typedef int32_t seL4_Int32;
typedef int64_t seL4_Int64;
typedef uint8_t seL4_Uint8;
typedef uint16_t seL4_Uint16;
typedef uint32_t seL4_Uint32;
typedef uint64_t seL4_Uint64;
typedef int8_t seL4_Bool;

#define seL4_True 1
#define seL4_False 0
#define seL4_Null 0
#define seL4_CapNull 0
#define seL4_WordBits 64
#define seL4_PageBits 12
#define seL4_IPCBufferSizeBits 10
#define seL4_FastMessageRegisters 4
enum { seL4_MsgMaxLength = 120, seL4_MsgMaxExtraCaps = 3 };

typedef struct {
    seL4_Word words[1]; /* length 7 bits, extra caps 2, caps unwrapped 3, label 52 */
} seL4_MessageInfo_t;

typedef struct seL4_IPCBuffer_ {
    seL4_MessageInfo_t tag;
    seL4_Word msg[120];
    seL4_Word userData;
    seL4_Word caps_or_badges[3];
    seL4_CPtr receiveCNode;
    seL4_CPtr receiveIndex;
    seL4_Word receiveDepth;
} seL4_IPCBuffer;

extern seL4_IPCBuffer* __sel4_ipc_buffer;

static inline seL4_MessageInfo_t seL4_MessageInfo_new(seL4_Word label, seL4_Word caps_unwrapped,
                                                      seL4_Word extra_caps, seL4_Word length) {
    seL4_MessageInfo_t info;
    info.words[0] =
        (label << 12) | ((caps_unwrapped & 7) << 9) | ((extra_caps & 3) << 7) | (length & 0x7f);
    return info;
}

static inline seL4_Word seL4_MessageInfo_get_label(seL4_MessageInfo_t info) {
    return info.words[0] >> 12;
}

static inline seL4_Word seL4_MessageInfo_get_capsUnwrapped(seL4_MessageInfo_t info) {
    return (info.words[0] >> 9) & 7;
}

static inline seL4_Word seL4_MessageInfo_get_extraCaps(seL4_MessageInfo_t info) {
    return (info.words[0] >> 7) & 3;
}

static inline seL4_Word seL4_MessageInfo_get_length(seL4_MessageInfo_t info) {
    return info.words[0] & 0x7f;
}

static inline seL4_MessageInfo_t seL4_MessageInfo_set_label(seL4_MessageInfo_t info,
                                                            seL4_Word label) {
    info.words[0] = (info.words[0] & 0xfff) | (label << 12);
    return info;
}

static inline seL4_MessageInfo_t seL4_MessageInfo_set_length(seL4_MessageInfo_t info,
                                                             seL4_Word length) {
    info.words[0] = (info.words[0] & ~(seL4_Word)0x7f) | (length & 0x7f);
    return info;
}

static inline seL4_MessageInfo_t seL4_MessageInfo_set_extraCaps(seL4_MessageInfo_t info,
                                                                seL4_Word extra_caps) {
    info.words[0] = (info.words[0] & ~(seL4_Word)0x180) | ((extra_caps & 3) << 7);
    return info;
}

static inline seL4_IPCBuffer* seL4_GetIPCBuffer(void) {
    return __sel4_ipc_buffer;
}

static inline void seL4_SetIPCBuffer(seL4_IPCBuffer* buffer) {
    __sel4_ipc_buffer = buffer;
}

static inline seL4_Word seL4_GetMR(int i) {
    return __sel4_ipc_buffer->msg[i];
}

static inline void seL4_SetMR(int i, seL4_Word value) {
    __sel4_ipc_buffer->msg[i] = value;
}

static inline seL4_Word seL4_GetBadge(int i) {
    return __sel4_ipc_buffer->caps_or_badges[i];
}

static inline void seL4_SetCap(int i, seL4_CPtr cptr) {
    __sel4_ipc_buffer->caps_or_badges[i] = cptr;
}

static inline seL4_Word seL4_GetUserData(void) {
    return __sel4_ipc_buffer->userData;
}

static inline void seL4_SetUserData(seL4_Word data) {
    __sel4_ipc_buffer->userData = data;
}

static inline void seL4_SetCapReceivePath(seL4_CPtr cnode, seL4_CPtr index, seL4_Word depth) {
    __sel4_ipc_buffer->receiveCNode = cnode;
    __sel4_ipc_buffer->receiveIndex = index;
    __sel4_ipc_buffer->receiveDepth = depth;
}

/* Numbers of the system calls, as register x7 holds them. */
enum {
    seL4_SysCall = -1,
    seL4_SysReplyRecv = -2,
    seL4_SysNBSendRecv = -3,
    seL4_SysNBSendWait = -4,
    seL4_SysSend = -5,
    seL4_SysNBSend = -6,
    seL4_SysRecv = -7,
    seL4_SysNBRecv = -8,
    seL4_SysWait = -9,
    seL4_SysNBWait = -10,
    seL4_SysYield = -11,
    seL4_SysDebugPutChar = -12,
    seL4_SysDebugDumpScheduler = -13,
    seL4_SysDebugHalt = -14,
    seL4_SysDebugCapIdentify = -15,
    seL4_SysDebugSnapshot = -16,
    seL4_SysDebugNameThread = -17
};

/* One svc. x0, x1 and mr go in and come out; x6 and x8 go in; x7 is the number. */
static inline void __sel4_trap(long number, seL4_Word* x0_inout, seL4_Word* x1_inout, seL4_Word* mr,
                               seL4_Word x6_in, seL4_Word x8_in) {
    register seL4_Word x0 __asm__("x0") = *x0_inout;
    register seL4_Word x1 __asm__("x1") = *x1_inout;
    register seL4_Word x2 __asm__("x2") = mr[0];
    register seL4_Word x3 __asm__("x3") = mr[1];
    register seL4_Word x4 __asm__("x4") = mr[2];
    register seL4_Word x5 __asm__("x5") = mr[3];
    register seL4_Word x6 __asm__("x6");
    register long x7 __asm__("x7") = number;
    register seL4_Word x8 __asm__("x8");
    if (number == seL4_SysCall) { /* looks at neither: they may hold anything */
        __asm__("" : "=r"(x6), "=r"(x8));
    } else {
        x6 = x6_in;
        x8 = x8_in;
    }
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
                     : "r"(x6), "r"(x7), "r"(x8)
                     : "memory");
    *x0_inout = x0;
    *x1_inout = x1;
    mr[0] = x2;
    mr[1] = x3;
    mr[2] = x4;
    mr[3] = x5;
}

static inline seL4_MessageInfo_t seL4_CallWithMRs(seL4_CPtr dest, seL4_MessageInfo_t info,
                                                  seL4_Word* mr0, seL4_Word* mr1, seL4_Word* mr2,
                                                  seL4_Word* mr3) {
    seL4_Word mr[4] = {mr0 ? *mr0 : 0, mr1 ? *mr1 : 0, mr2 ? *mr2 : 0, mr3 ? *mr3 : 0};
    __sel4_trap(seL4_SysCall, &dest, &info.words[0], mr, 0, 0);
    if (mr0) *mr0 = mr[0];
    if (mr1) *mr1 = mr[1];
    if (mr2) *mr2 = mr[2];
    if (mr3) *mr3 = mr[3];
    return info;
}

static inline seL4_MessageInfo_t seL4_Call(seL4_CPtr dest, seL4_MessageInfo_t info) {
    __sel4_trap(seL4_SysCall, &dest, &info.words[0], __sel4_ipc_buffer->msg, 0, 0);
    return info;
}

static inline void seL4_Send(seL4_CPtr dest, seL4_MessageInfo_t info) {
    __sel4_trap(seL4_SysSend, &dest, &info.words[0], __sel4_ipc_buffer->msg, 0, 0);
}

static inline void seL4_NBSend(seL4_CPtr dest, seL4_MessageInfo_t info) {
    __sel4_trap(seL4_SysNBSend, &dest, &info.words[0], __sel4_ipc_buffer->msg, 0, 0);
}

static inline void seL4_Signal(seL4_CPtr dest) {
    seL4_Word mr[4] = {0, 0, 0, 0}, info = 0;
    __sel4_trap(seL4_SysSend, &dest, &info, mr, 0, 0);
}

static inline seL4_MessageInfo_t __sel4_receive(long number, seL4_CPtr src, seL4_Word* sender,
                                                seL4_MessageInfo_t info, seL4_Word x6,
                                                seL4_Word x8) {
    __sel4_trap(number, &src, &info.words[0], __sel4_ipc_buffer->msg, x6, x8);
    if (sender) *sender = src;
    return info;
}

static inline seL4_MessageInfo_t seL4_Recv(seL4_CPtr src, seL4_Word* sender, seL4_CPtr reply) {
    return __sel4_receive(seL4_SysRecv, src, sender, seL4_MessageInfo_new(0, 0, 0, 0), reply, 0);
}

static inline seL4_MessageInfo_t seL4_NBRecv(seL4_CPtr src, seL4_Word* sender, seL4_CPtr reply) {
    return __sel4_receive(seL4_SysNBRecv, src, sender, seL4_MessageInfo_new(0, 0, 0, 0), reply, 0);
}

static inline seL4_MessageInfo_t seL4_Wait(seL4_CPtr src, seL4_Word* sender) {
    return __sel4_receive(seL4_SysWait, src, sender, seL4_MessageInfo_new(0, 0, 0, 0), 0, 0);
}

static inline seL4_MessageInfo_t seL4_NBWait(seL4_CPtr src, seL4_Word* sender) {
    return __sel4_receive(seL4_SysNBWait, src, sender, seL4_MessageInfo_new(0, 0, 0, 0), 0, 0);
}

static inline seL4_MessageInfo_t seL4_Poll(seL4_CPtr src, seL4_Word* sender) {
    return seL4_NBWait(src, sender);
}

static inline seL4_MessageInfo_t seL4_ReplyRecv(seL4_CPtr src, seL4_MessageInfo_t info,
                                                seL4_Word* sender, seL4_CPtr reply) {
    return __sel4_receive(seL4_SysReplyRecv, src, sender, info, reply, 0);
}

static inline seL4_MessageInfo_t seL4_NBSendRecv(seL4_CPtr dest, seL4_MessageInfo_t info,
                                                 seL4_CPtr src, seL4_Word* sender,
                                                 seL4_CPtr reply) {
    return __sel4_receive(seL4_SysNBSendRecv, src, sender, info, reply, dest);
}

static inline seL4_MessageInfo_t seL4_NBSendWait(seL4_CPtr dest, seL4_MessageInfo_t info,
                                                 seL4_CPtr src, seL4_Word* sender) {
    return __sel4_receive(seL4_SysNBSendWait, src, sender, info, dest, 0);
}

static inline seL4_Word __sel4_simple(long number, seL4_Word argument) {
    seL4_Word mr[4] = {0, 0, 0, 0}, info = 0;
    __sel4_trap(number, &argument, &info, mr, 0, 0);
    return argument;
}

static inline void seL4_Yield(void) {
    __sel4_simple(seL4_SysYield, 0);
}

static inline void seL4_DebugPutChar(char c) {
    __sel4_simple(seL4_SysDebugPutChar, (unsigned char)c);
}

static inline void seL4_DebugPutString(const char* text) {
    for (; *text; text++) seL4_DebugPutChar(*text);
}

static inline void seL4_DebugDumpScheduler(void) {
    __sel4_simple(seL4_SysDebugDumpScheduler, 0);
}

static inline void seL4_DebugHalt(void) {
    __sel4_simple(seL4_SysDebugHalt, 0);
}

static inline void seL4_DebugSnapshot(void) {
    __sel4_simple(seL4_SysDebugSnapshot, 0);
}

static inline seL4_Uint32 seL4_DebugCapIdentify(seL4_CPtr cptr) {
    return (seL4_Uint32)__sel4_simple(seL4_SysDebugCapIdentify, cptr);
}

#ifdef __cplusplus
}
#endif
