// SPDX-License-Identifier: BSD-2-Clause
// How every invocation of a kernel object is made: words and capabilities in, error or words out.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "abi/invocation.hpp"
#include "sel4/syscalls.hpp"

namespace sel4 {

namespace detail {

/// Calls `body` with 0 .. Count-1 as compile-time constants: no loop is left at run time.
template <std::size_t Count>
constexpr void for_each_index(auto&& body) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (body(std::integral_constant<std::size_t, I>{}), ...);
    }
    (std::make_index_sequence<Count>{});
}

}  // namespace detail

/// The reply of an invocation as it came, for callers that look at the error's arguments.
struct InvocationReply {
    abi::Error error;
    Words words;
};

template <std::size_t WordCount, std::size_t CapCount>
InvocationReply invoke_raw(CPtr object, abi::Invocation label,
                           const std::array<std::uint64_t, WordCount>& words,
                           const std::array<CPtr, CapCount>& caps) {
    static_assert(WordCount <= abi::max_message_length && CapCount <= abi::max_extra_caps);
    Words registers;
    detail::for_each_index<WordCount>([&](auto index) {
        constexpr std::size_t i = decltype(index)::value;
        if constexpr (i < abi::message_registers) {
            registers.mr[i] = words[i];
        } else {
            sel4_ipc_buffer->msg[i] = words[i];
        }
    });
    detail::for_each_index<CapCount>(
        [&](auto index) { sel4_ipc_buffer->caps_or_badges[index] = caps[index].raw(); });
    const auto info =
        abi::MessageInfo::make(static_cast<std::uint64_t>(label), WordCount, CapCount);
    const Received answer = call(object, info, registers);
    return {static_cast<abi::Error>(answer.info.label()), answer.words};
}

/// Succeeds with the first result word (0 for invocations without results).
template <std::size_t WordCount = 0, std::size_t CapCount = 0>
Result<std::uint64_t> invoke_word(CPtr object, abi::Invocation label,
                                  const std::array<std::uint64_t, WordCount>& words = {},
                                  const std::array<CPtr, CapCount>& caps = {}) {
    const InvocationReply reply = invoke_raw(object, label, words, caps);
    if (reply.error != abi::Error::none) return std::unexpected(reply.error);
    return reply.words.mr[0];
}

template <std::size_t WordCount = 0, std::size_t CapCount = 0>
Result<void> invoke(CPtr object, abi::Invocation label,
                    const std::array<std::uint64_t, WordCount>& words = {},
                    const std::array<CPtr, CapCount>& caps = {}) {
    const InvocationReply reply = invoke_raw(object, label, words, caps);
    if (reply.error != abi::Error::none) return std::unexpected(reply.error);
    return {};
}

}  // namespace sel4
