// SPDX-License-Identifier: BSD-2-Clause
// Test cases for the kernel's interface, in a root task. TEST_CASE(ID, "text") registers itself;
// each case prints one line `TEST <id> ok` or `TEST <id> FAIL <reason>`.
//
// A case makes its objects through Env: they come from one untyped and go to one window of slots,
// both of which must be whole again afterwards. Expectations compare exactly: label, length, every
// message register, and the registers that must not change.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "abi/boot_info.hpp"
#include "abi/invocation.hpp"
#include "abi/object_type.hpp"
#include "sel4/cnode.hpp"
#include "sel4/sched_context.hpp"
#include "sel4/syscalls.hpp"
#include "sel4/tcb.hpp"
#include "sel4/untyped.hpp"
#include "sel4/vspace.hpp"

namespace target {

using abi::Error;
using abi::Invocation;
using abi::LookupFailureType;
using abi::MessageInfo;
using abi::ObjectType;
using sel4::CPtr;
using sel4::Received;
using sel4::SlotPath;
using sel4::VAddr;
using sel4::Words;

class Env;

struct Case {
    const char* id;
    const char* text;
    void (*run)(Env&);
};

/// Notes the first failures of the running case.
void fail(const char* file, int line, const char* what);
void fail_values(const char* file, int line, const char* what, std::uint64_t got,
                 std::uint64_t wanted);

/// What an invocation or message gave: badge, label, length and the registers.
struct Reply {
    Words sent;
    std::uint64_t badge;
    MessageInfo info;
    Words words;
    std::uint64_t mr4;  // from the IPC buffer

    Error error() const { return static_cast<Error>(info.label()); }
};

/// What MR0..MR3 hold before each raw invocation beyond the words given.
constexpr std::uint64_t unused_word(unsigned index) {
    return 0x5a5a'0000 + index;
}

/// A few words that a table can hold.
struct Values {
    std::uint64_t word[8] = {};
    unsigned count = 0;
    constexpr Values(std::initializer_list<std::uint64_t> values) {
        for (const std::uint64_t value : values) word[count++] = value;
    }
};
struct Caps {
    CPtr cap[3] = {};
    unsigned count = 0;
    constexpr Caps(std::initializer_list<CPtr> values) {
        for (const CPtr value : values) cap[count++] = value;
    }
};

/// Calls `object` with any label, words and caps, right or wrong.
Reply raw(CPtr object, std::uint64_t label, const Values& words = {}, const Caps& caps = {});
inline Reply raw(CPtr object, Invocation label, const Values& words = {}, const Caps& caps = {}) {
    return raw(object, static_cast<std::uint64_t>(label), words, caps);
}

/// Is `reply` this error with exactly these words, and are the other registers as sent?
void expect_reply(const char* file, int line, const Reply& reply, Error error, const Values& words);

/// One row of a table of wrong invocations.
struct Wrong {
    const char* what;
    CPtr object;
    Invocation label;
    Values words;
    Caps caps;
    Error error;
    Values result;
};
void expect_wrong(const char* file, int line, const Wrong* rows, unsigned count);
template <unsigned N>
void expect_wrong(const char* file, int line, const Wrong (&rows)[N]) {
    expect_wrong(file, line, rows, N);
}

template <typename T>
constexpr std::uint64_t as_word(T value) {
    if constexpr (requires { value.raw(); }) {
        return value.raw();
    } else if constexpr (std::is_enum_v<T>) {
        return static_cast<std::uint64_t>(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<std::uintptr_t>(value);
    } else {
        return static_cast<std::uint64_t>(value);
    }
}

template <typename T>
std::uint64_t error_of(const sel4::Result<T>& result) {
    return result.has_value() ? 0 : as_word(result.error());
}

}  // namespace target

#define TEST_CASE(identifier, description)                                                   \
    static void run_##identifier(::target::Env&);                                            \
    [[gnu::used,                                                                             \
      gnu::section(".test_cases")]] static constinit const ::target::Case case_##identifier{ \
        #identifier, description, run_##identifier};                                         \
    static void run_##identifier([[maybe_unused]] ::target::Env& env)

#define EXPECT_EQ(actual, wanted)                                                 \
    do {                                                                          \
        const std::uint64_t actual_ = ::target::as_word(actual);                  \
        const std::uint64_t wanted_ = ::target::as_word(wanted);                  \
        if (actual_ != wanted_)                                                   \
            ::target::fail_values(__FILE__, __LINE__, #actual, actual_, wanted_); \
    } while (false)

#define EXPECT_TRUE(condition)                                            \
    do {                                                                  \
        if (!(condition)) ::target::fail(__FILE__, __LINE__, #condition); \
    } while (false)

/// The std::expected holds a value.
#define EXPECT_OK(result) EXPECT_EQ(::target::error_of(result), 0)

/// As EXPECT_OK, and the case ends here if not.
#define ASSERT_OK(result)                                                  \
    do {                                                                   \
        const std::uint64_t error_ = ::target::error_of(result);           \
        if (error_ != 0) {                                                 \
            ::target::fail_values(__FILE__, __LINE__, #result, error_, 0); \
            return;                                                        \
        }                                                                  \
    } while (false)

/// The std::expected holds this error.
#define EXPECT_ERROR(result, error) EXPECT_EQ(::target::error_of(result), error)

/// A raw invocation gives this error with exactly the words in braces that follow.
#define EXPECT_REPLY(reply, error, ...) \
    ::target::expect_reply(__FILE__, __LINE__, (reply), (error), {__VA_ARGS__})

#define EXPECT_WRONG(rows) ::target::expect_wrong(__FILE__, __LINE__, rows)
