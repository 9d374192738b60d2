// SPDX-License-Identifier: BSD-2-Clause
// ELF files with something wrong: refused, or the end of the process that they become, never more.
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.hpp"

namespace sostest {
namespace {

constexpr const char* scratch = "sostest.elf";
constexpr std::size_t max_size = 1u << 20;

/// A program's file in memory, to be changed and written back under another name.
struct Image {
    char* bytes = nullptr;
    std::size_t size = 0;

    Elf64_Ehdr& header() const { return *reinterpret_cast<Elf64_Ehdr*>(bytes); }
    Elf64_Phdr& segment(unsigned i) const {
        return reinterpret_cast<Elf64_Phdr*>(bytes + header().e_phoff)[i];
    }
    unsigned first_load() const {
        unsigned i = 0;
        while (segment(i).p_type != PT_LOAD || segment(i).p_filesz == 0) ++i;
        return i;
    }
};

bool load_hello(Image& image) {
    const int file = open("hello", O_RDONLY);
    CHECK(file >= 0);
    image.bytes = static_cast<char*>(malloc(max_size));
    CHECK(image.bytes != nullptr);
    for (;;) {
        const ssize_t got = read(file, image.bytes + image.size, max_size - image.size);
        CHECK(got >= 0);
        if (got == 0) break;
        image.size += static_cast<std::size_t>(got);
    }
    CHECK(close(file) == 0 && image.size > sizeof(Elf64_Ehdr));
    return true;
}

bool store(const Image& image, std::size_t size) {
    const int file = open(scratch, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    CHECK(file >= 0);
    CHECK(write(file, image.bytes, size) == static_cast<ssize_t>(size));
    CHECK(close(file) == 0);
    return true;
}

/// Written as it is, it is no program.
bool refused(const Image& image, std::size_t size) {
    if (!store(image, size)) return false;
    const pid_t pid = sos_process_create(scratch);
    if (pid >= 0) sos_process_wait(pid);
    CHECK(pid == -1);
    return true;
}

bool truncated() {
    Image image;
    if (!load_hello(image)) return false;
    const std::size_t headers =
        image.header().e_phoff + image.header().e_phnum * sizeof(Elf64_Phdr);
    for (std::size_t size = 0; size < sizeof(Elf64_Ehdr); size += 4) CHECK(refused(image, size));
    for (std::size_t size = sizeof(Elf64_Ehdr); size < headers; size += 8) {
        CHECK(refused(image, size));
    }
    CHECK(refused(image, headers));  // segments lie outside the file
    CHECK(refused(image, 4096) && refused(image, 5000));
    CHECK(unlink(scratch) == 0);
    return true;
}

using Change = void (*)(Image&);

constexpr struct {
    const char* what;
    Change apply;
} changes[] = {
    {"magic", [](Image& i) { i.bytes[1] = 'X'; }},
    {"class", [](Image& i) { i.bytes[EI_CLASS] = ELFCLASS32; }},
    {"byte order", [](Image& i) { i.bytes[EI_DATA] = ELFDATA2MSB; }},
    {"type", [](Image& i) { i.header().e_type = ET_REL; }},
    {"machine", [](Image& i) { i.header().e_machine = EM_X86_64; }},
    {"header table offset", [](Image& i) { i.header().e_phoff = ~0ull - 8; }},
    {"header table offset beyond the end", [](Image& i) { i.header().e_phoff = i.size; }},
    {"header count", [](Image& i) { i.header().e_phnum = 0xffff; }},
    {"no headers", [](Image& i) { i.header().e_phnum = 0; }},
    {"header size", [](Image& i) { i.header().e_phentsize = 1; }},
    {"header size 0", [](Image& i) { i.header().e_phentsize = 0; }},
    {"entry in the kernel half", [](Image& i) { i.header().e_entry = 0xffff'ff80'0000'0000; }},
    {"entry 0", [](Image& i) { i.header().e_entry = 0; }},
    {"entry not aligned", [](Image& i) { i.header().e_entry += 2; }},
    {"offset overflow", [](Image& i) { i.segment(i.first_load()).p_offset = ~0ull - 100; }},
    {"offset beyond the end", [](Image& i) { i.segment(i.first_load()).p_offset = 1u << 30; }},
    {"file size overflow", [](Image& i) { i.segment(i.first_load()).p_filesz = ~0ull; }},
    {"file size above memory size",
     [](Image& i) { i.segment(i.first_load()).p_memsz = i.segment(i.first_load()).p_filesz - 1; }},
    {"memory size overflow", [](Image& i) { i.segment(i.first_load()).p_memsz = ~0ull; }},
    {"memory size of 2^46", [](Image& i) { i.segment(i.first_load()).p_memsz = 1ull << 46; }},
    {"address 0", [](Image& i) { i.segment(i.first_load()).p_vaddr &= 0xfff; }},
    {"address in the kernel half",
     [](Image& i) { i.segment(i.first_load()).p_vaddr |= 0xffff'ff80'0000'0000; }},
    {"address above the user half",
     [](Image& i) { i.segment(i.first_load()).p_vaddr |= 1ull << 47; }},
    {"address at the end of the user half",
     [](Image& i) { i.segment(i.first_load()).p_vaddr |= 0x7fff'ffff'f000; }},
    {"address and offset disagree", [](Image& i) { i.segment(i.first_load()).p_vaddr += 8; }},
    {"overlapping segments",
     [](Image& i) {
         const unsigned first = i.first_load();
         i.segment(first + 1).p_vaddr = i.segment(first).p_vaddr;
         i.segment(first + 1).p_paddr = i.segment(first).p_vaddr;
     }},
    {"interpreter", [](Image& i) { i.segment(i.header().e_phnum - 1u).p_type = PT_INTERP; }},
};

bool hostile_fields() {
    Image pristine;
    if (!load_hello(pristine)) return false;
    Image changed;
    changed.size = pristine.size;
    changed.bytes = static_cast<char*>(malloc(pristine.size));
    CHECK(changed.bytes != nullptr);
    bool fine = true;
    for (const auto& change : changes) {
        memcpy(changed.bytes, pristine.bytes, pristine.size);
        change.apply(changed);
        if (refused(changed, changed.size)) continue;
        printf("# accepted: %s\n", change.what);
        fine = false;
    }
    CHECK(unlink(scratch) == 0);
    return fine;
}

/// Whatever single byte of the headers is changed, SOS lives and gets back what it gave.
bool random_headers() {
    Image image;
    if (!load_hello(image)) return false;
    std::uint32_t state = 12345;
    for (int i = 0; i < 60; ++i) {
        state = state * 1664525 + 1013904223;
        const std::size_t at = (state >> 8) % (sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr));
        const char old = image.bytes[at];
        image.bytes[at] = static_cast<char>(state >> 24);
        if (!store(image, image.size)) return false;
        const pid_t pid = sos_process_create(scratch);
        if (pid >= 0) {
            sos_usleep(20'000);
            sos_process_delete(pid);
            sos_process_wait(pid);
        }
        image.bytes[at] = old;
    }
    CHECK(unlink(scratch) == 0);
    return true;
}

bool not_executable() {
    Image image;
    if (!load_hello(image)) return false;
    if (!store(image, image.size)) return false;
    CHECK(chmod(scratch, 0600) == 0);
    CHECK(sos_process_create(scratch) == -1);
    CHECK(chmod(scratch, 0700) == 0);
    const pid_t pid = sos_process_create(scratch);
    CHECK(pid >= 0 && sos_process_wait(pid) == pid);
    CHECK(unlink(scratch) == 0);
    return true;
}

constexpr Case cases[] = {
    {"ELF_0001", truncated, "a truncated program was started"},
    {"ELF_0002", hostile_fields, "a program with a hostile field was started"},
    {"ELF_0003", random_headers, "random header bytes do harm"},
    {"ELF_0004", not_executable, "the execute permission is not honoured"},
};

}  // namespace

constinit const std::span<const Case> elf_cases{cases};

}  // namespace sostest
