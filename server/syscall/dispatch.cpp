// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/dispatch.hpp"

#include <array>
#include <cstddef>

#include "log/log.hpp"
#include "syscall/calls.hpp"

namespace sos::syscall {

namespace {

using Function = CallResult (*)(Process&, const Arguments&);

struct Row {
    std::uint64_t number;
    Function function;
    const char* name;
};

constexpr Row rows[] = {
#define SOS_CALL_ROW(name, number, arguments, results, text) {number, &calls::name, #name},
    SOS_SYSCALL_TABLE(SOS_CALL_ROW)
#undef SOS_CALL_ROW
};

// Numbers come in two dense ranges; an index of one byte for each.
constexpr std::uint64_t low_numbers = 512;
constexpr std::uint64_t high_base = 0x1000;
constexpr std::uint64_t high_numbers = 256;
constexpr std::uint8_t no_row = 0xff;
static_assert(std::size(rows) < no_row);

constexpr std::size_t place_of(std::uint64_t number) {
    if (number < low_numbers) return number;
    if (number >= high_base && number < high_base + high_numbers)
        return low_numbers + (number - high_base);
    return low_numbers + high_numbers;
}

using Index = std::array<std::uint8_t, low_numbers + high_numbers + 1>;

constexpr Index make_index() {
    Index index{};
    index.fill(no_row);
    for (std::size_t row = 0; row < std::size(rows); ++row) {
        index[place_of(rows[row].number)] = static_cast<std::uint8_t>(row);
    }
    return index;
}
constexpr Index row_index = make_index();

constexpr bool every_number_finds_its_row() {
    for (std::size_t row = 0; row < std::size(rows); ++row) {
        if (place_of(rows[row].number) == low_numbers + high_numbers) return false;
        if (row_index[place_of(rows[row].number)] != row) return false;
    }
    return row_index[low_numbers + high_numbers] == no_row;
}
static_assert(every_number_finds_its_row(), "a number is used twice, or outside the ranges");

}  // namespace

proc::UserReply dispatch(proc::Process& process, const proc::UserCall& call) {
    const std::uint8_t row = row_index[place_of(call.number)];
    if (row == no_row) {
        log::trace<log::Area::syscall>("pid {}: unknown call {}", process.id().pid(), call.number);
        return proc::UserReply::failure(Error::no_such_call);
    }
    const CallResult result = rows[row].function(process, call.arguments);
    process.publish_memory_use();
    if (result) return *result;
    log::trace<log::Area::syscall>("pid {}: {} fails, errno {}", process.id().pid(), rows[row].name,
                                   to_errno(result.error()));
    return proc::UserReply::failure(result.error());
}

}  // namespace sos::syscall
