// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/user_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace sos::syscall {

namespace {

constexpr std::size_t offset_in_page(std::uint64_t address) {
    return address % vm::page_size;
}
constexpr std::size_t left_in_page(std::uint64_t address) {
    return vm::page_size - offset_in_page(address);
}

}  // namespace

Result<void> copy_in(proc::Process& process, std::uint64_t from, std::span<std::byte> to) {
    if (!in_user_half(from, to.size())) return std::unexpected(Error::bad_address);
    while (!to.empty()) {
        const std::size_t piece = std::min(to.size(), left_in_page(from));
        const auto page = TRY(process.space().pin(base::VAddr{from}, vm::Access::read));
        std::memcpy(to.data(), page.data() + offset_in_page(from), piece);
        from += piece;
        to = to.subspan(piece);
    }
    return {};
}

Result<void> copy_out(proc::Process& process, std::span<const std::byte> from, std::uint64_t to) {
    if (!in_user_half(to, from.size())) return std::unexpected(Error::bad_address);
    while (!from.empty()) {
        const std::size_t piece = std::min(from.size(), left_in_page(to));
        const auto page = TRY(process.space().pin(base::VAddr{to}, vm::Access::write));
        std::memcpy(page.data() + offset_in_page(to), from.data(), piece);
        to += piece;
        from = from.subspan(piece);
    }
    return {};
}

Result<std::string_view> copy_string(proc::Process& process, std::uint64_t from,
                                     std::span<char> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        if (!in_user_half(from + done, 1)) return std::unexpected(Error::bad_address);
        const std::uint64_t at = from + done;
        const std::size_t piece = std::min(into.size() - done, left_in_page(at));
        const auto page = TRY(process.space().pin(base::VAddr{at}, vm::Access::read));
        // Copied before it is looked at: the program may not change it in between.
        std::memcpy(into.data() + done, page.data() + offset_in_page(at), piece);
        const void* const end = std::memchr(into.data() + done, '\0', piece);
        if (end != nullptr) {
            return std::string_view(into.data(), static_cast<const char*>(end));
        }
        done += piece;
    }
    return std::unexpected(Error::name_too_long);
}

Result<PinnedPieces> PinnedPieces::pin(proc::Process& process, std::uint64_t address,
                                       std::size_t size, vm::Access access, std::size_t held) {
    ASSERT(size <= fs::max_io_bytes);
    PinnedPieces result;
    while (size > 0) {
        const std::size_t piece = std::min(size, left_in_page(address));
        const Result<std::uint64_t> token =
            process.space().pin_for_transfer(base::VAddr{address}, access, held + result.count_);
        // Nobody waits for a page with others in hand.
        if (!token && token.error() == Error::would_block && held + result.count_ > 0) break;
        if (!token) return std::unexpected(token.error());
        std::byte* const data = vm::transfer_data(*token) + offset_in_page(address);
        result.pieces_[result.count_++] = {.data = data, .size = piece, .pin_token = *token};
        address += piece;
        size -= piece;
    }
    return result;
}

}  // namespace sos::syscall
