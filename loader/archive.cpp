// SPDX-License-Identifier: BSD-2-Clause
#include "archive.hpp"

#include <cstdint>

#include "base/bits.hpp"
#include "base/result.hpp"

namespace loader {
namespace {

constexpr std::string_view magic = "070701";
constexpr std::string_view trailer = "TRAILER!!!";
constexpr std::size_t header_size = 110;
constexpr std::size_t number_size = 8;
// Positions of the header's numbers, counted in numbers behind the magic.
constexpr std::size_t file_size_field = 6;
constexpr std::size_t name_size_field = 11;

std::unexpected<Failure> fail(Error error) {
    return std::unexpected(Failure{Part::archive, error});
}

Result<std::uint64_t> hexadecimal(std::string_view text) {
    std::uint64_t value = 0;
    for (const char c : text) {
        std::uint64_t digit = 0;
        if (c >= '0' && c <= '9')
            digit = static_cast<std::uint64_t>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<std::uint64_t>(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<std::uint64_t>(c - 'A') + 10;
        else
            return fail(Error::archive_bad_number);
        value = value * 16 + digit;
    }
    return value;
}

}  // namespace

Result<ArchiveFile> ArchiveReader::next() {
    if (rest_.size() < header_size) return fail(Error::archive_truncated);
    const std::string_view text(reinterpret_cast<const char*>(rest_.data()), rest_.size());
    if (!text.starts_with(magic)) return fail(Error::archive_bad_magic);
    const auto number = [&](std::size_t index) {
        return hexadecimal(text.substr(magic.size() + index * number_size, number_size));
    };
    const std::uint64_t file_size = TRY(number(file_size_field));
    const std::uint64_t name_size = TRY(number(name_size_field));  // with its terminating zero

    // Both sizes have 32 bits, so none of these sums wraps.
    const std::uint64_t name_end = header_size + name_size;
    if (name_end > rest_.size()) return fail(Error::archive_truncated);
    if (name_size < 2 || text[name_end - 1] != '\0') return fail(Error::archive_bad_name);
    const std::string_view name = text.substr(header_size, name_size - 1);
    if (name.find('\0') != std::string_view::npos) return fail(Error::archive_bad_name);

    const std::uint64_t content = base::align_up(name_end, 4);
    if (!base::range_within(content, file_size, rest_.size()))
        return fail(Error::archive_truncated);
    const ArchiveFile file{name, rest_.subspan(content, file_size)};
    const std::uint64_t end = base::align_up(content + file_size, 4);
    rest_ = rest_.subspan(end < rest_.size() ? end : rest_.size());
    return file;
}

Result<BootFiles> find_boot_files(std::span<const std::byte> archive) {
    ArchiveReader reader(archive);
    const ArchiveFile kernel = TRY(reader.next());
    if (kernel.name != "kernel.elf") return fail(Error::archive_no_kernel);
    ArchiveFile root_task = TRY(reader.next());
    BootFiles files{.kernel = kernel.content, .device_tree = {}, .root_task = {}};
    if (root_task.name == "kernel.dtb") {
        files.device_tree = root_task.content;
        root_task = TRY(reader.next());
    }
    if (root_task.name == trailer) return fail(Error::archive_no_root_task);
    files.root_task = root_task.content;
    return files;
}

}  // namespace loader
