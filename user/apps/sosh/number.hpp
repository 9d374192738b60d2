// SPDX-License-Identifier: BSD-2-Clause
// Numbers that users type: decimal digits only, checked for overflow.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sosh {

/// Digits only; nothing for anything else, or above 2^63 - 1.
constexpr std::optional<std::int64_t> parse_number(std::string_view text) {
    if (text.empty()) return std::nullopt;
    std::int64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        if (__builtin_mul_overflow(value, 10, &value)) return std::nullopt;
        if (__builtin_add_overflow(value, c - '0', &value)) return std::nullopt;
    }
    return value;
}

/// "digits" or "digits.digits" in units of 10^-`digits` (further digits are cut off).
constexpr std::optional<std::int64_t> parse_fixed_point(std::string_view text, unsigned digits) {
    const auto point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    std::string_view fraction =
        point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    if (whole.empty() && fraction.empty()) return std::nullopt;
    std::int64_t value = 0;
    if (!whole.empty()) {
        const auto parsed = parse_number(whole);
        if (!parsed) return std::nullopt;
        value = *parsed;
    }
    for (const char c : fraction) {
        if (c < '0' || c > '9') return std::nullopt;
    }
    for (unsigned i = 0; i < digits; ++i) {
        const int digit = i < fraction.size() ? fraction[i] - '0' : 0;
        if (__builtin_mul_overflow(value, 10, &value)) return std::nullopt;
        if (__builtin_add_overflow(value, digit, &value)) return std::nullopt;
    }
    return value;
}

}  // namespace sosh
