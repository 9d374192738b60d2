// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>

#include "abi/sos_file.hpp"
#include "proc/create_job.hpp"

namespace sos::proc {

Result<std::size_t> append_argument(std::string_view text, std::span<char> into, std::size_t size) {
    if (text.size() >= into.size() - size) return std::unexpected(Error::argument_list_too_long);
    std::copy(text.begin(), text.end(), into.begin() + static_cast<std::ptrdiff_t>(size));
    into[size + text.size()] = '\0';
    return size + text.size() + 1;
}

std::string_view first_word(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return line.substr(0, line.find(' '));
}

Result<SplitCommand> split_command(std::string_view line, std::span<char> into) {
    SplitCommand result;
    std::size_t at = 0;
    while (at < line.size()) {
        if (line[at] == ' ') {
            ++at;
            continue;
        }
        const std::size_t end = std::min(line.find(' ', at), line.size());
        if (result.argc == abi::max_argument_strings) {
            return std::unexpected(Error::argument_list_too_long);
        }
        result.size = TRY(append_argument(line.substr(at, end - at), into, result.size));
        ++result.argc;
        at = end;
    }
    if (result.argc == 0) return std::unexpected(Error::not_found);
    return result;
}

}  // namespace sos::proc
