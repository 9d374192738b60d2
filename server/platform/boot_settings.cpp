// SPDX-License-Identifier: BSD-2-Clause
#include "server/platform/boot_settings.hpp"

namespace sos::platform {
namespace {

constexpr bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// `text` without its first `count` bytes, count <= size. (substr would refer to an exception.)
constexpr std::string_view after(std::string_view text, std::size_t count) {
    text.remove_prefix(count);
    return text;
}

constexpr std::string_view first(std::string_view text, std::size_t count) {
    return {text.data(), count};
}

/// A whole text that is a decimal number of at most `limit`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t limit) {
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (limit - digit) / 10 || digit > limit) return std::nullopt;
        value = value * 10 + digit;
    }
    return value;
}

/// Cuts off and returns what stands before `separator`, all of it when there is none.
std::string_view cut(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const bool found = end != std::string_view::npos;
    const std::string_view part = found ? first(text, end) : text;
    text = found ? after(text, end + 1) : std::string_view{};
    return part;
}

std::optional<Ipv4Address> parse_address(std::string_view text) {
    std::uint32_t value = 0;
    for (int part = 0; part < 4; ++part) {
        if (part == 3 && text.find('.') != std::string_view::npos) return std::nullopt;
        const std::string_view digits = cut(text, '.');
        const auto number = parse_number(digits, 255);
        if (!number || digits.size() > 3) return std::nullopt;
        value = (value << 8) | static_cast<std::uint32_t>(*number);
    }
    return Ipv4Address{value};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    const auto number = parse_number(text, 65535);
    if (!number || *number == 0) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

std::optional<NfsLocation> parse_nfs(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    NfsLocation result;
    result.export_path = after(text, slash);
    std::string_view host = first(text, slash);
    const bool has_nfs_port = host.find(':') != std::string_view::npos;
    const auto server = parse_address(cut(host, ':'));
    if (!server) return std::nullopt;
    result.server = *server;
    if (!has_nfs_port) return result;
    const bool has_mount_port = host.find(':') != std::string_view::npos;
    const auto nfs_port = parse_port(cut(host, ':'));
    if (!nfs_port) return std::nullopt;
    result.nfs_port = *nfs_port;
    if (!has_mount_port) return result;
    result.mount_port = parse_port(host);
    if (!result.mount_port) return std::nullopt;
    return result;
}

std::optional<StaticAddress> parse_static(std::string_view text) {
    const bool has_gateway = text.find(',') != std::string_view::npos;
    std::string_view own = cut(text, ',');
    const auto address = parse_address(cut(own, '/'));
    const auto length = parse_number(own, 32);
    const auto gateway = parse_address(text);
    if (!has_gateway || !address || !length || !gateway) return std::nullopt;
    return StaticAddress{*address, static_cast<unsigned>(*length), *gateway};
}

}  // namespace

const char* to_string(BootWarning warning) {
    switch (warning) {
        case BootWarning::too_long:
            return "boot arguments too long, the rest is ignored";
        case BootWarning::unterminated_quote:
            return "a quote is not closed";
        case BootWarning::no_value:
            return "not of the form key=value";
        case BootWarning::unknown_key:
            return "unknown setting";
        case BootWarning::bad_value:
            return "value not understood, ignored";
    }
    return "unknown warning";
}

void BootSettings::parse(std::string_view arguments, WarningSink warn, void* context) {
    if (arguments.size() > max_boot_arguments) {
        warn(context, BootWarning::too_long, after(arguments, max_boot_arguments));
        arguments = first(arguments, max_boot_arguments);
    }
    // Unquoted text is never longer than quoted text, so text_ holds all of it.
    std::size_t out = 0, in = 0;
    while (true) {
        while (in < arguments.size() && is_space(arguments[in])) ++in;
        if (in == arguments.size()) return;
        const std::size_t begin = out;
        std::optional<std::size_t> equals;  // position of the '=', behind which quotes count
        bool quoted = false;
        for (; in < arguments.size() && (quoted || !is_space(arguments[in])); ++in) {
            char c = arguments[in];
            if (equals && c == '"') {
                quoted = !quoted;
                continue;
            }
            if (quoted && c == '\\' && in + 1 < arguments.size() &&
                (arguments[in + 1] == '"' || arguments[in + 1] == '\\'))
                c = arguments[++in];
            if (!equals && c == '=') equals = out - begin;
            text_[out++] = c;
        }
        const std::string_view word{text_.data() + begin, out - begin};
        if (quoted) warn(context, BootWarning::unterminated_quote, word);
        if (!equals) {
            warn(context, BootWarning::no_value, word);
            continue;
        }
        const auto wrong = apply(first(word, *equals), after(word, *equals + 1));
        if (wrong) warn(context, *wrong, word);
    }
}

/// Settings that are text; false when the value will not do.
bool BootSettings::apply_text(std::string_view key, std::string_view value, bool& known) {
    struct Text {
        std::string_view key;
        std::string_view BootSettings::*field;
        bool may_be_empty;
    };
    static constexpr Text texts[] = {{"init", &BootSettings::init, false},
                                     {"pagefile", &BootSettings::page_file, false},
                                     {"log", &BootSettings::log, true},
                                     {"log.mark", &BootSettings::log_mark, true}};
    for (const Text& text : texts) {
        if (key != text.key) continue;
        known = true;
        if (value.empty() && !text.may_be_empty) return false;
        this->*text.field = value;
        return true;
    }
    return true;
}

std::optional<BootWarning> BootSettings::apply(std::string_view key, std::string_view value) {
    bool known = false;
    if (!apply_text(key, value, known)) return BootWarning::bad_value;
    if (known) return std::nullopt;
    if (key == "exec") {
        exec = value;
    } else if (key == "nfs") {
        const auto location = parse_nfs(value);
        if (!location) return BootWarning::bad_value;
        nfs = location;
    } else if (key == "ip") {
        const auto address = parse_static(value);
        if (!address && value != "dhcp") return BootWarning::bad_value;
        ip = address;
    } else if (key == "frames") {
        const auto number = parse_number(value, std::uint64_t{1} << 19);
        if (!number || *number == 0) return BootWarning::bad_value;
        frames = number;
    } else if (key == "pagefile.pages") {
        const auto number = parse_number(value, std::uint64_t{1} << 19);
        if (!number || *number == 0) return BootWarning::bad_value;
        page_file_pages = number;
    } else if (key == "console.second_reader") {
        if (value != "block" && value != "refuse") return BootWarning::bad_value;
        second_reader = value == "block" ? SecondReader::block : SecondReader::refuse;
    } else if (key == "console.typeahead") {
        if (value != "off" && value != "on") return BootWarning::bad_value;
        type_ahead = value == "on" ? TypeAhead::on : TypeAhead::off;
    } else {
        return BootWarning::unknown_key;
    }
    return std::nullopt;
}

}  // namespace sos::platform
