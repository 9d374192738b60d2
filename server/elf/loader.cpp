// SPDX-License-Identifier: BSD-2-Clause
#include "elf/loader.hpp"

#include <algorithm>
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

/// Reads up to a page of the file into `page`; how much there was.
sos::Result<std::size_t> read_page(fs::File& file, std::uint64_t offset,
                                   const vm::ScratchFrame& page) {
    const fs::IoBuffer buffer{page.data(), page_size, TRY(page.make_token())};
    return file.read(offset, {&buffer, 1});
}

sos::Result<Image> read_image(fs::File& file, std::string_view name) {
    const std::uint64_t file_size = TRY(file.status()).size;
    const vm::ScratchFrame page = TRY(vm::ScratchFrame::take());
    const std::size_t got = TRY(read_page(file, 0, page));
    const auto header = parse_header({page.data(), std::min(got, header_size)}, file_size);
    if (!header) return refuse(name, header.error());

    static_assert(max_program_headers * program_header_size <= page_size);
    const std::size_t size = header->program_header_count * program_header_size;
    std::span<const std::byte> headers;
    if (base::range_within(header->program_headers_offset, size, got)) {
        headers = {page.data() + header->program_headers_offset, size};
    } else {
        const std::size_t more = TRY(read_page(file, header->program_headers_offset, page));
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

/// Reads file bytes of a segment from `from` on, as many as one transfer takes: how many, or 0 if
/// the file has become too short.
sos::Result<std::size_t> read_piece(fs::File& file, const Segment& segment, VAddr from,
                                    vm::AddressSpace& space) {
    vm::PinnedFrame pages[fs::max_io_buffers];
    fs::IoBuffer buffers[fs::max_io_buffers];
    std::size_t count = 0;
    std::size_t size = 0;
    for (VAddr at = from; at < segment.file_end() && count < fs::max_io_buffers;) {
        const std::uint64_t inside = at.raw() % page_size;
        const std::size_t here = std::min<std::uint64_t>(
            {page_size - inside, segment.file_end() - at, fs::max_io_bytes - size});
        if (here == 0) break;
        pages[count] = TRY(space.pin_for_loading(at));
        buffers[count] = {pages[count].data() + inside, here, fs::no_pin};
        ++count;
        size += here;
        at = at + here;
    }
    // From here on the transfer owns the pins.
    for (std::size_t i = 0; i < count; ++i) buffers[i].pin_token = pages[i].release_token();
    const std::uint64_t offset = segment.file_offset + (from - segment.start);
    const std::size_t got = TRY(file.read(offset, {buffers, count}));
    return got < size ? 0 : size;
}

sos::Result<void> read_segment(fs::File& file, std::string_view name, const Segment& segment,
                               vm::AddressSpace& space) {
    VAddr at = segment.start;
    while (at < segment.file_end()) {
        const std::size_t size = TRY(read_piece(file, segment, at, space));
        if (size == 0) return refuse(name, Problem::file_changed);
        at = at + size;
    }
    // Pages that hold nothing but file bytes can be read again instead of being written out.
    for (VAddr page{base::align_up(segment.start.raw(), page_size)};
         page < segment.file_end() && segment.file_end() - page >= page_size;
         page = page + page_size) {
        space.note_elf_copy(page, segment.file_offset + (page - segment.start));
    }
    return {};
}

}  // namespace

sos::Result<LoadedImage> load(fs::File& file, std::string_view name, vm::AddressSpace& space) {
    const Image image = TRY(read_image(file, name));
    TRY(add_regions(image, space));
    for (const Segment& segment : image.loaded()) TRY(read_segment(file, name, segment, space));
    return LoadedImage{.entry = image.entry,
                       .program_headers = image.program_headers,
                       .program_header_count = image.program_header_count};
}

}  // namespace sos::elf
