// SPDX-License-Identifier: BSD-2-Clause
// Invocation: what the object of an invoked capability is given, and what it answers.
//
// An object's function first decodes: it checks everything, in the order of sel4-abi chapter 7, and
// writes nothing. Then it commits, which cannot fail. The answer is an error, or `done` (results
// set with result()), or `preempted`: then the thread's `svc` runs again from decode.
#pragma once

#include <cstdint>
#include <type_traits>

#include "abi/invocation.hpp"
#include "abi/ipc_buffer.hpp"
#include "api/sys_error.hpp"
#include "cap/slot.hpp"
#include "object/tcb.hpp"

namespace numbat {

enum class Outcome : std::uint8_t { done, preempted };
using InvocationResult = Result<Outcome>;

/// Does the caller wait for an answer (Call), or not (Send and the like)?
enum class InvocationKind : std::uint8_t { send, call };

struct Invocation {
    Invocation(Tcb& by, Slot& invoked, abi::Invocation what, std::uint64_t words,
               InvocationKind how)
        : caller(by), slot(invoked), label(what), length(words), kind(how) {}

    Tcb& caller;
    Slot& slot;             // the invoked slot; not empty
    abi::Invocation label;  // as the user gave it, any value
    std::uint64_t length;   // words that mr() may be asked for
    // Null: the caller has none. Set only if there are words beyond MR3 or extra capabilities.
    abi::IpcBuffer* buffer = nullptr;
    Slot* extra[3];  // extra capability slots, may be empty slots; only extra_count are set
    std::uint8_t extra_count = 0;
    InvocationKind kind;
    std::uint8_t result_count = 0;  // words set by result()

    std::uint64_t mr(unsigned index) const {
        return index < abi::message_registers ? caller.context.mr(index) : buffer->msg[index];
    }
    bool is_call() const { return kind == InvocationKind::call; }
    /// Are there fewer words or extra capabilities than needed?
    bool is_short(std::uint64_t words, unsigned caps) const {
        return length < words || extra_count < caps;
    }

    /// Sets result word `index`, 0..3, of a Call; nothing otherwise.
    void result(unsigned index, std::uint64_t value) {
        ASSERT(index < abi::message_registers);
        if (!is_call()) return;
        caller.context.set_mr(index, value);
        if (result_count <= index) result_count = static_cast<std::uint8_t>(index + 1);
    }
};

/// What one label does to an object, and how many words and extra capabilities it needs.
template <typename Object>
struct Method {
    std::uint8_t words;
    std::uint8_t caps;
    InvocationResult (*run)(Invocation&, Object);
};

/// Runs the method of the invocation's label; `methods` are those of the labels from `first` on.
template <typename Object, std::size_t count>
InvocationResult run_method(const Method<Object> (&methods)[count], abi::Invocation first,
                            Invocation& invocation, std::type_identity_t<Object> object) {
    const auto index =
        static_cast<std::uint64_t>(invocation.label) - static_cast<std::uint64_t>(first);
    if (index >= count) return fail::illegal_operation();
    const Method<Object>& method = methods[index];
    if (invocation.is_short(method.words, method.caps)) return fail::truncated();
    return method.run(invocation, object);
}

}  // namespace numbat
