// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <array>
#include <cstring>

#include "abi/sos_file.hpp"
#include "elf/loader.hpp"

namespace sos::elf {

namespace {

using vm::page_size;

// Auxiliary vector entry types (System V ABI, AArch64 supplement).
namespace auxv {
enum : std::uint64_t {
    null = 0,
    program_headers = 3,
    program_header_entry_size = 4,
    program_header_count = 5,
    page_size = 6,
    entry = 9,
    random = 25,
};
}

/// Writes into a program's memory, page by page.
class Writer {
  public:
    explicit Writer(vm::AddressSpace& space) : space_(space) {}

    sos::Result<void> put(VAddr at, std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const std::uint64_t inside = at.raw() % page_size;
            const VAddr page{at.raw() - inside};
            if (!pinned_.valid() || page != page_) {
                pinned_.reset();  // nothing is held while the next page is waited for
                pinned_ = TRY(space_.pin(page, vm::Access::write));
                page_ = page;
            }
            const std::size_t here = std::min<std::size_t>(bytes.size(), page_size - inside);
            std::memcpy(pinned_.data() + inside, bytes.data(), here);
            bytes = bytes.subspan(here);
            at = at + here;
        }
        return {};
    }

  private:
    vm::AddressSpace& space_;
    vm::PinnedFrame pinned_;
    VAddr page_{};
};

/// Writes words one after the other; the last ones with flush().
class WordWriter {
  public:
    WordWriter(vm::AddressSpace& space, VAddr start) : writer_(space), at_(start) {}

    sos::Result<void> put(std::uint64_t word) {
        if (count_ == words_.size()) TRY(flush());
        words_[count_++] = word;
        return {};
    }
    sos::Result<void> flush() {
        const auto bytes = std::as_bytes(std::span(words_).first(count_));
        TRY(writer_.put(at_, bytes));
        at_ = at_ + bytes.size();
        count_ = 0;
        return {};
    }
    sos::Result<void> put_pair(std::uint64_t type, std::uint64_t value) {
        TRY(put(type));
        return put(value);
    }

  private:
    Writer writer_;
    VAddr at_;
    std::array<std::uint64_t, 64> words_;
    std::size_t count_ = 0;
};

std::size_t count_strings(std::span<const char> block) {
    return static_cast<std::size_t>(std::count(block.begin(), block.end(), '\0'));
}

sos::Result<void> put_auxv(WordWriter& words, const LoadedImage& image, VAddr random,
                           const abi::ClockOrigin& clock) {
    if (image.program_headers != VAddr{0}) {
        TRY(words.put_pair(auxv::program_headers, image.program_headers.raw()));
        TRY(words.put_pair(auxv::program_header_entry_size, program_header_size));
        TRY(words.put_pair(auxv::program_header_count, image.program_header_count));
    }
    TRY(words.put_pair(auxv::page_size, page_size));
    TRY(words.put_pair(auxv::entry, image.entry.raw()));
    TRY(words.put_pair(auxv::random, random.raw()));
    TRY(words.put_pair(abi::auxv_ipc_buffer, vm::ipc_buffer_address.raw()));
    TRY(words.put_pair(abi::auxv_clock_ticks, clock.ticks));
    TRY(words.put_pair(abi::auxv_clock_date, clock.date_us));
    return words.put_pair(auxv::null, 0);
}
constexpr std::size_t max_auxv_words = 2 * 10;

}  // namespace

sos::Result<std::size_t> check_argument_block(std::span<const char> block, std::size_t argc) {
    if (block.size() > abi::max_argument_block) {
        return std::unexpected(Error::argument_list_too_long);
    }
    if (!block.empty() && block.back() != '\0') return std::unexpected(Error::bad_argument);
    const std::size_t strings = count_strings(block);
    if (strings > abi::max_argument_strings) return std::unexpected(Error::argument_list_too_long);
    if (strings < argc) return std::unexpected(Error::bad_argument);
    return strings;
}

sos::Result<VAddr> build_stack(vm::AddressSpace& space, const LoadedImage& image,
                               const StartArguments& arguments) {
    const std::size_t strings = TRY(check_argument_block(arguments.block, arguments.argc));
    Writer writer(space);
    const VAddr random = vm::stack_top - sizeof arguments.random;
    TRY(writer.put(random, std::as_bytes(std::span(arguments.random))));
    const VAddr text = random - arguments.block.size();
    TRY(writer.put(text, std::as_bytes(arguments.block)));

    // argc, argv and its null, envp and its null, auxv
    const std::size_t words_needed = 1 + strings + 2 + max_auxv_words;
    const VAddr stack{base::align_down(text.raw() - words_needed * sizeof(std::uint64_t), 16)};
    WordWriter words(space, stack);
    TRY(words.put(arguments.argc));
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < strings; ++i) {
        if (i == arguments.argc) TRY(words.put(0));
        TRY(words.put(text.raw() + offset));
        while (arguments.block[offset] != '\0') ++offset;
        ++offset;
    }
    if (strings == arguments.argc) TRY(words.put(0));
    TRY(words.put(0));
    TRY(put_auxv(words, image, random, arguments.clock));
    TRY(words.flush());
    return stack;
}

}  // namespace sos::elf
