// SPDX-License-Identifier: BSD-2-Clause
// bigtext ROUNDS [PAUSE_MS]: a program with a megabyte of code and read-only data, all of which it
// needs in each round. Prints the sum of what its functions found, which is known.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <sos.h>

namespace {

constexpr std::size_t page_size = 4096;
constexpr std::size_t functions = 128;
constexpr std::size_t table_pages = 128;

struct alignas(page_size) Table {
    std::array<std::uint32_t, table_pages * page_size / sizeof(std::uint32_t)> words;
};

constexpr Table make_table() {
    Table table{};
    for (std::size_t i = 0; i < table.words.size(); ++i) {
        table.words[i] = static_cast<std::uint32_t>(i * 2654435761u);
    }
    return table;
}

constinit const Table table = make_table();

/// Each in a page of its own, and so different that no linker folds them.
template <std::size_t N>
[[gnu::noinline, gnu::aligned(4096)]] std::uint64_t work(std::uint64_t value) {
    const volatile std::uint32_t& word = table.words[N % table_pages * page_size / 4 + N];
    return value * (2 * N + 3) + word;
}

using Work = std::uint64_t (*)(std::uint64_t);

template <std::size_t... N>
constexpr std::array<Work, sizeof...(N)> all_work(std::index_sequence<N...>) {
    return {work<N>...};
}

constexpr auto works = all_work(std::make_index_sequence<functions>{});

/// The same, without the functions.
std::uint64_t expected(int rounds) {
    std::uint64_t value = 1;
    for (int round = 0; round < rounds; ++round) {
        for (std::uint64_t n = 0; n < functions; ++n) {
            const std::uint64_t index = n % table_pages * page_size / 4 + n;
            value = value * (2 * n + 3) + static_cast<std::uint32_t>(index * 2654435761u);
        }
    }
    return value;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const int rounds = std::atoi(argv[1]);
    std::uint64_t value = 1;
    for (int round = 0; round < rounds; ++round) {
        for (const Work each : works) value = each(value);
        if (argc > 2) sos_usleep(std::atoi(argv[2]) * 1000);
    }
    std::printf("bigtext: %s\n", value == expected(rounds) ? "right" : "WRONG");
    return value == expected(rounds) ? 0 : 1;
}
