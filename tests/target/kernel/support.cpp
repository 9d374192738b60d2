// SPDX-License-Identifier: BSD-2-Clause
// Freestanding necessities, output and expectations.
#include "support.hpp"

#include <cstddef>

#include "base/assert.hpp"
#include "env.hpp"

__thread abi::IpcBuffer* sel4_ipc_buffer;

extern "C" {
void* memcpy(void* __restrict to, const void* __restrict from, std::size_t count) {
    auto* out = static_cast<volatile unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    for (std::size_t i = 0; i < count; ++i) out[i] = in[i];
    return to;
}
void* memset(void* to, int value, std::size_t count) {
    auto* out = static_cast<volatile unsigned char*>(to);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(value);
    return to;
}
void* memmove(void* to, const void* from, std::size_t count) {
    auto* out = static_cast<volatile unsigned char*>(to);
    const auto* in = static_cast<const volatile unsigned char*>(from);
    if (out < in) {
        for (std::size_t i = 0; i < count; ++i) out[i] = in[i];
    } else {
        for (std::size_t i = count; i > 0; --i) out[i - 1] = in[i - 1];
    }
    return to;
}
std::size_t strlen(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0') ++length;
    return length;
}
int memcmp(const void* a, const void* b, std::size_t count) {
    const auto* left = static_cast<const volatile unsigned char*>(a);
    const auto* right = static_cast<const volatile unsigned char*>(b);
    for (std::size_t i = 0; i < count; ++i)
        if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
    return 0;
}
}

namespace base {
void panic_handler(const char* message, const char* file, int line) {
    target::print("PANIC {} at {}:{}\n", message, file, line);
    sel4::debug_halt();
    while (true) {
    }
}
}  // namespace base

namespace target {
namespace {

constexpr unsigned max_reason = 600;
char reason_text[max_reason];
unsigned reason_length = 0;
unsigned failures = 0;
const char* row_name = nullptr;  // of the table being checked

void note(char c) {
    if (reason_length < max_reason && c != '\n') reason_text[reason_length++] = c;
}

const char* base_name(const char* path) {
    const char* name = path;
    for (const char* p = path; *p != '\0'; ++p)
        if (*p == '/') name = p + 1;
    return name;
}

}  // namespace

void put_char(char c) {
    sel4::debug_put_char(c);
}

void clear_failures() {
    failures = 0;
    reason_length = 0;
    row_name = nullptr;
}

unsigned failure_count() {
    return failures;
}

std::string_view failure_reason() {
    return {reason_text, reason_length};
}

void fail(const char* file, int line, const char* what) {
    if (++failures > 4) return;
    base::format_to(note, "[{}:{} {}{}{}] ", base_name(file), line,
                    row_name == nullptr ? "" : row_name, row_name == nullptr ? "" : ": ", what);
}

void fail_values(const char* file, int line, const char* what, std::uint64_t got,
                 std::uint64_t wanted) {
    if (++failures > 4) return;
    base::format_to(note, "[{}:{} {}{}{} is 0x{x}, not 0x{x}] ", base_name(file), line,
                    row_name == nullptr ? "" : row_name, row_name == nullptr ? "" : ": ", what, got,
                    wanted);
}

Reply raw(CPtr object, std::uint64_t label, const Values& words, const Caps& caps) {
    Words sent{{unused_word(0), unused_word(1), unused_word(2), unused_word(3)}};
    sel4_ipc_buffer->msg[4] = unused_word(4);
    for (unsigned i = 0; i < words.count; ++i)
        (i < abi::message_registers ? sent.mr[i] : sel4_ipc_buffer->msg[i]) = words.word[i];
    for (unsigned i = 0; i < caps.count; ++i)
        sel4_ipc_buffer->caps_or_badges[i] = caps.cap[i].raw();
    const Received got =
        sel4::call(object, MessageInfo::make(label, words.count, caps.count), sent);
    return {sent, got.badge.raw(), got.info, got.words, sel4_ipc_buffer->msg[4]};
}

void expect_reply(const char* file, int line, const Reply& reply, Error error,
                  const Values& words) {
    const auto check = [&](const char* what, std::uint64_t got, std::uint64_t wanted) {
        if (got != wanted) fail_values(file, line, what, got, wanted);
    };
    check("label", reply.info.label(), as_word(error));
    if (reply.info.label() != as_word(error)) return;
    check("badge", reply.badge, 0);
    check("info", reply.info.word, MessageInfo::make(as_word(error), words.count).word);
    constexpr const char* names[] = {"MR0", "MR1", "MR2", "MR3"};
    for (unsigned i = 0; i < abi::message_registers; ++i)
        check(names[i], reply.words.mr[i], i < words.count ? words.word[i] : reply.sent.mr[i]);
    if (words.count > abi::message_registers) check("MR4", reply.mr4, words.word[4]);
}

void expect_wrong(const char* file, int line, const Wrong* rows, unsigned count) {
    for (const Wrong* row = rows; row != rows + count; ++row) {
        row_name = row->what;
        expect_reply(file, line, raw(row->object, row->label, row->words, row->caps), row->error,
                     row->result);
    }
    row_name = nullptr;
}

void burn(std::uint64_t turns) {
    for (std::uint64_t i = 0; i < turns; ++i) asm volatile("");
}

std::uint64_t now_ticks() {
    std::uint64_t value;
    asm volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(value)::"memory");
    return value;
}

}  // namespace target
