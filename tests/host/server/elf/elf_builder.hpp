// SPDX-License-Identifier: BSD-2-Clause
// Builds ELF files byte by byte, so that tests can break any field of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace elf_test {

struct FileHeader {
    std::uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    std::uint16_t type = 2;
    std::uint16_t machine = 183;
    std::uint32_t version = 1;
    std::uint64_t entry = 0x40'0100;
    std::uint64_t phoff = 64;
    std::uint64_t shoff = 0;
    std::uint32_t flags = 0;
    std::uint16_t ehsize = 64;
    std::uint16_t phentsize = 56;
    std::uint16_t phnum = 0;
    std::uint16_t shentsize = 0;
    std::uint16_t shnum = 0;
    std::uint16_t shstrndx = 0;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
    std::uint32_t type = 1;
    std::uint32_t flags = 5;
    std::uint64_t offset = 0;
    std::uint64_t vaddr = 0;
    std::uint64_t paddr = 0;
    std::uint64_t filesz = 0;
    std::uint64_t memsz = 0;
    std::uint64_t align = 0x1000;
};
static_assert(sizeof(ProgramHeader) == 56);

struct ElfFile {
    FileHeader header;
    std::vector<ProgramHeader> segments;
    std::size_t size = 0x3000;  // of the file; the rest is a pattern

    static std::byte pattern(std::uint64_t offset) {
        return static_cast<std::byte>(offset * 7 + offset / 251);
    }

    std::vector<std::byte> bytes() const {
        std::vector<std::byte> file(size);
        for (std::size_t i = 0; i < size; ++i) file[i] = pattern(i);
        FileHeader filled = header;
        if (filled.phnum == 0) filled.phnum = static_cast<std::uint16_t>(segments.size());
        put(file, 0, filled);
        for (std::size_t i = 0; i < segments.size(); ++i) {
            put(file, filled.phoff + i * sizeof(ProgramHeader), segments[i]);
        }
        return file;
    }

  private:
    template <typename T>
    static void put(std::vector<std::byte>& file, std::uint64_t at, const T& value) {
        if (at >= file.size()) return;
        std::memcpy(file.data() + at, &value, std::min(sizeof value, file.size() - at));
    }
};

/// Code at 0x400000 (one page and a bit), data at 0x402100 with bss.
inline ElfFile good_file() {
    ElfFile file;
    file.segments = {
        {.flags = 5, .offset = 0, .vaddr = 0x40'0000, .filesz = 0x1234, .memsz = 0x1234},
        {.flags = 6, .offset = 0x2100, .vaddr = 0x40'2100, .filesz = 0x80, .memsz = 0x2000},
    };
    return file;
}

}  // namespace elf_test
