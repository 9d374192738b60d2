// SPDX-License-Identifier: BSD-2-Clause
// SysError: why an invocation was refused, with the words that the error reply carries (sel4-abi
// 6). LookupFailure: why a capability address did not resolve (5.3). Both are plain values.
#pragma once

#include <cstdint>
#include <expected>

#include "abi/error.hpp"
#include "base/result.hpp"

namespace numbat {

struct LookupFailure {
    abi::LookupFailureType type;
    std::uint8_t bits_left;
    std::uint8_t bits_found;  // depth mismatch: of the CNode; guard mismatch: guard size
    std::uint64_t guard;

    static constexpr LookupFailure invalid_root() {
        return {abi::LookupFailureType::invalid_root, 0, 0, 0};
    }
    static constexpr LookupFailure missing_capability(std::uint64_t bits_left) {
        return {abi::LookupFailureType::missing_capability,
                static_cast<std::uint8_t>(bits_left & 0x7f), 0, 0};
    }
    static constexpr LookupFailure depth_mismatch(unsigned bits_left, unsigned bits_found) {
        return {abi::LookupFailureType::depth_mismatch, static_cast<std::uint8_t>(bits_left),
                static_cast<std::uint8_t>(bits_found), 0};
    }
    static constexpr LookupFailure guard_mismatch(unsigned bits_left, unsigned guard_size,
                                                  std::uint64_t guard) {
        return {abi::LookupFailureType::guard_mismatch, static_cast<std::uint8_t>(bits_left),
                static_cast<std::uint8_t>(guard_size), guard};
    }
};

enum class LookupSide : std::uint64_t { destination = 0, source = 1 };

struct SysError {
    abi::Error code;
    std::uint64_t first;   // argument or capability number, minimum, bytes free, LookupSide
    std::uint64_t second;  // maximum
    LookupFailure failure;
};

template <typename T>
using Result = std::expected<T, SysError>;
using Fail = std::unexpected<SysError>;

/// How an invocation refuses: `if (...) return fail::delete_first();`
struct fail {
    static constexpr Fail with(abi::Error code, std::uint64_t first = 0, std::uint64_t second = 0) {
        return Fail(SysError{code, first, second, {}});
    }
    static constexpr Fail invalid_argument(std::uint64_t number) {
        return with(abi::Error::invalid_argument, number);
    }
    static constexpr Fail invalid_capability(std::uint64_t number) {
        return with(abi::Error::invalid_capability, number);
    }
    static constexpr Fail illegal_operation() { return with(abi::Error::illegal_operation); }
    static constexpr Fail range(std::uint64_t minimum, std::uint64_t maximum) {
        return with(abi::Error::range_error, minimum, maximum);
    }
    static constexpr Fail alignment() { return with(abi::Error::alignment_error); }
    static constexpr Fail failed_lookup(LookupSide side, LookupFailure why) {
        return Fail(SysError{abi::Error::failed_lookup, static_cast<std::uint64_t>(side), 0, why});
    }
    static constexpr Fail truncated() { return with(abi::Error::truncated_message); }
    static constexpr Fail delete_first() { return with(abi::Error::delete_first); }
    static constexpr Fail revoke_first() { return with(abi::Error::revoke_first); }
    static constexpr Fail not_enough_memory(std::uint64_t bytes_free) {
        return with(abi::Error::not_enough_memory, bytes_free);
    }
};

}  // namespace numbat
