// SPDX-License-Identifier: BSD-2-Clause
#include "elf/loader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "abi/sos_file.hpp"
#include "fs/io_buffer.hpp"
#include "log/log.hpp"
#include "vm/scratch_frame.hpp"

namespace sos::elf {

namespace {

using vm::page_size;

// The heap needs room above the image, and mappings too.
constexpr VAddr highest_address = vm::mmap_top - (1ull << 30);

constexpr VAddr page_of(VAddr at) {
    return VAddr{base::align_down(at.raw(), page_size)};
}

std::unexpected<Error> refuse(std::string_view name, Problem problem) {
    log::warn<log::Area::elf>("{}: {}", name, text(problem));
    return std::unexpected(Error::bad_executable);
}

/// Where linkers put the headers: reading more of the file would be copying for nothing.
constexpr std::size_t usual_headers_end = 512;

/// Reads up to `size` bytes of the file into `page`; how much there was.
sos::Result<std::size_t> read_page(fs::File& file, std::uint64_t offset, std::size_t size,
                                   const vm::ScratchFrame& page) {
    const fs::IoBuffer buffer{page.data(), size, TRY(page.make_token())};
    return file.read(offset, {&buffer, 1});
}

sos::Result<Image> read_image(fs::File& file, std::string_view name, std::uint64_t file_size) {
    const vm::ScratchFrame page = TRY(vm::ScratchFrame::take());
    const std::size_t got = TRY(read_page(file, 0, usual_headers_end, page));
    const auto header = parse_header({page.data(), std::min(got, header_size)}, file_size);
    if (!header) return refuse(name, header.error());

    static_assert(max_program_headers * program_header_size <= page_size);
    const std::size_t size = header->program_header_count * program_header_size;
    std::span<const std::byte> headers;
    if (base::range_within(header->program_headers_offset, size, got)) {
        headers = {page.data() + header->program_headers_offset, size};
    } else {
        const std::size_t more = TRY(read_page(file, header->program_headers_offset, size, page));
        headers = {page.data(), std::min(more, size)};
    }
    const auto image =
        parse_image(*header, headers, file_size, vm::lowest_address, highest_address);
    if (!image) return refuse(name, image.error());
    return *image;
}

sos::Result<void> add_regions(const Image& image, vm::AddressSpace& space) {
    for (const Segment& segment : image.loaded()) {
        const VAddr end{base::align_up(segment.end().raw(), page_size)};
        TRY(space.add_elf_region(
            page_of(segment.start), end,
            {.read = true, .write = segment.writable, .execute = segment.executable}));
    }
    return space.start_heap();
}

/// Does the page have bytes of the file in another segment than this?
bool shared_page(const Image& image, const Segment& segment, VAddr page) {
    return std::ranges::any_of(image.loaded(), [&](const Segment& other) {
        return other.start != segment.start && other.file_size > 0 &&
               page_of(other.start) <= page && page < other.file_end();
    });
}

/// Reads the bytes of a segment that lie in one page now.
sos::Result<void> read_border(fs::File& file, std::string_view name, const Segment& segment,
                              VAddr page, vm::AddressSpace& space) {
    const VAddr start = std::max(segment.start, page);
    const std::size_t size = std::min(segment.file_end(), page + page_size) - start;
    const vm::ScratchFrame scratch = TRY(vm::ScratchFrame::take());
    const fs::IoBuffer buffer{scratch.data(), size, TRY(scratch.make_token())};
    const std::uint64_t offset = segment.file_offset + (start - segment.start);
    if (TRY(file.read(offset, {&buffer, 1})) < size) return refuse(name, Problem::file_changed);
    const vm::PinnedFrame frame = TRY(space.pin_for_loading(page));
    std::memcpy(frame.data() + (start - page), scratch.data(), size);
    return {};
}

/// A page with bytes of two segments has two places in the file, so it is read now. (Linkers avoid
/// such pages.) Only the first and the last page of a segment can be one.
sos::Result<void> read_borders(fs::File& file, std::string_view name, const Image& image,
                               vm::AddressSpace& space) {
    for (const Segment& segment : image.loaded()) {
        if (segment.file_size == 0) continue;
        const VAddr first = page_of(segment.start);
        const VAddr last = page_of(segment.file_end() - 1);
        if (shared_page(image, segment, first)) {
            TRY(read_border(file, name, segment, first, space));
        }
        if (last != first && shared_page(image, segment, last)) {
            TRY(read_border(file, name, segment, last, space));
        }
    }
    return {};
}

/// All other pages are read when they are touched.
void set_executable(const vm::ExecutableFile& file, const Image& image, vm::AddressSpace& space) {
    static_assert(max_segments <= vm::Executable::max_segments);
    std::array<vm::FileSegment, max_segments> segments;
    std::size_t count = 0;
    for (const Segment& segment : image.loaded()) {
        segments[count++] = {segment.start, segment.file_offset, segment.file_size};
    }
    space.set_executable(vm::Executable(file, std::span(segments).first(count)));
}

}  // namespace

// First the version, then what is read: whatever was read of another version is found out when the
// first page is read, without which the program does not run.
sos::Result<LoadedImage> load(fs::File& file, const abi::FileStatus& status, std::string_view name,
                              vm::AddressSpace& space) {
    const vm::ExecutableFile executable{
        .handle = file.server_handle(),
        .version = {.size = status.size, .mtime_ns = status.mtime_ns, .ctime_ns = status.ctime_ns}};
    const Image image = TRY(read_image(file, name, status.size));
    TRY(add_regions(image, space));
    TRY(read_borders(file, name, image, space));
    set_executable(executable, image, space);
    return LoadedImage{.entry = image.entry,
                       .program_headers = image.program_headers,
                       .program_header_count = image.program_header_count};
}

}  // namespace sos::elf
