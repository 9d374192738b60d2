// SPDX-License-Identifier: BSD-2-Clause
// format_to(sink, "text {} {x}", ...): text with numbers, for code that has no libc.
// {} is decimal for numbers and the text of strings, {x} is hexadecimal without prefix. A missing
// argument prints "{?}". The sink is anything callable with a char.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace base {

struct FormatArgument {
    enum class Kind { text, character, boolean, signed_number, unsigned_number };
    Kind kind;
    std::string_view text{};
    std::uint64_t number = 0;

    constexpr FormatArgument(std::string_view value) : kind(Kind::text), text(value) {}
    constexpr FormatArgument(const char* value)
        : kind(Kind::text), text(value == nullptr ? "(null)" : value) {}
    constexpr FormatArgument(char value)
        : kind(Kind::character), number(static_cast<unsigned char>(value)) {}
    constexpr FormatArgument(bool value) : kind(Kind::boolean), number(value ? 1 : 0) {}
    template <std::signed_integral T>
    constexpr FormatArgument(T value)
        : kind(Kind::signed_number), number(static_cast<std::uint64_t>(std::int64_t{value})) {}
    template <std::unsigned_integral T>
    constexpr FormatArgument(T value) : kind(Kind::unsigned_number), number(value) {}
    template <typename T>
    requires std::is_enum_v<T>
    constexpr FormatArgument(T value)
        : FormatArgument(static_cast<std::underlying_type_t<T>>(value)) {}
    template <typename T>
    requires requires(T v) {
        { v.raw() } -> std::integral;
    }
    constexpr FormatArgument(T value) : FormatArgument(value.raw()) {}
    FormatArgument(const void* value)
        : kind(Kind::unsigned_number), number(reinterpret_cast<std::uintptr_t>(value)) {}
};

namespace detail {

template <typename Sink>
void put_number(Sink& sink, std::uint64_t number, unsigned radix) {
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % radix];
        number /= radix;
    } while (number != 0);
    while (count > 0) sink(digits[--count]);
}

template <typename Sink>
void put_argument(Sink& sink, const FormatArgument& argument, bool hexadecimal) {
    switch (argument.kind) {
        case FormatArgument::Kind::text:
            for (char c : argument.text) sink(c);
            return;
        case FormatArgument::Kind::character:
            sink(static_cast<char>(argument.number));
            return;
        case FormatArgument::Kind::boolean:
            for (char c : std::string_view(argument.number != 0 ? "true" : "false")) sink(c);
            return;
        case FormatArgument::Kind::signed_number:
            if (!hexadecimal && static_cast<std::int64_t>(argument.number) < 0) {
                sink('-');
                put_number(sink, ~argument.number + 1, 10);
                return;
            }
            put_number(sink, argument.number, hexadecimal ? 16 : 10);
            return;
        case FormatArgument::Kind::unsigned_number:
            put_number(sink, argument.number, hexadecimal ? 16 : 10);
            return;
    }
}

}  // namespace detail

template <typename Sink>
void format_to_list(Sink&& sink, std::string_view text, const FormatArgument* arguments,
                    std::size_t count) {
    std::size_t used = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool plain = text.substr(i, 2) == "{}";
        const bool hexadecimal = text.substr(i, 3) == "{x}";
        if (!plain && !hexadecimal) {
            sink(text[i]);
            continue;
        }
        i += plain ? 1 : 2;
        if (used == count) {
            for (char c : std::string_view("{?}")) sink(c);
        } else {
            detail::put_argument(sink, arguments[used++], hexadecimal);
        }
    }
}

template <typename Sink, typename... Arguments>
void format_to(Sink&& sink, std::string_view text, const Arguments&... arguments) {
    const FormatArgument list[] = {FormatArgument(arguments)..., FormatArgument(0)};
    format_to_list(sink, text, list, sizeof...(arguments));
}

}  // namespace base
