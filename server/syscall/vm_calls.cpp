// SPDX-License-Identifier: BSD-2-Clause
// System calls on memory.
#include "syscall/calls.hpp"
#include "syscall/user_buffer.hpp"

namespace sos::syscall {

namespace {

// Linux's values, as libc passes them on.
namespace protection {
constexpr std::uint64_t read = 1, write = 2, execute = 4, all = 7;
}
namespace map_flags {
constexpr std::uint64_t shared = 1, private_copy = 2, fixed = 0x10, anonymous = 0x20,
                        no_reserve = 0x4000, populate = 0x8000, stack = 0x20000,
                        fixed_no_replace = 0x100000;
constexpr std::uint64_t known =
    shared | private_copy | fixed | anonymous | no_reserve | populate | stack | fixed_no_replace;
}  // namespace map_flags

Result<vm::Rights> rights_of(std::uint64_t bits) {
    if ((bits & ~protection::all) != 0) return std::unexpected(Error::bad_argument);
    return vm::Rights{.read = (bits & protection::read) != 0,
                      .write = (bits & protection::write) != 0,
                      .execute = (bits & protection::execute) != 0};
}

vm::Placement placement_of(std::uint64_t flags) {
    if ((flags & map_flags::fixed_no_replace) != 0) return vm::Placement::fixed_no_replace;
    return (flags & map_flags::fixed) != 0 ? vm::Placement::fixed : vm::Placement::anywhere;
}

}  // namespace

namespace calls {

UserReply brk(Process& process, const Arguments& in) {
    return UserReply::success(process.space().brk(base::VAddr{in[0]}).raw());
}

UserReply mmap(Process& process, const Arguments& in) {
    const std::uint64_t flags = in[3];
    if ((flags & map_flags::anonymous) == 0) return std::unexpected(Error::not_supported);
    if ((flags & ~map_flags::known) != 0) return std::unexpected(Error::bad_argument);
    // Programs share no memory by inheritance, so a shared mapping is as good as a private one.
    if ((flags & (map_flags::shared | map_flags::private_copy)) == 0) {
        return std::unexpected(Error::bad_argument);
    }
    const vm::Rights rights = TRY(rights_of(in[2]));
    const base::VAddr at =
        TRY(process.space().map(base::VAddr{in[0]}, in[1], rights, placement_of(flags)));
    return UserReply::success(at.raw());
}

UserReply munmap(Process& process, const Arguments& in) {
    TRY(process.space().unmap(base::VAddr{in[0]}, in[1]));
    return UserReply::success();
}

UserReply mprotect(Process& process, const Arguments& in) {
    const vm::Rights rights = TRY(rights_of(in[2]));
    TRY(process.space().protect(base::VAddr{in[0]}, in[1], rights));
    return UserReply::success();
}

UserReply share_vm(Process& process, const Arguments& in) {
    if (process.windows().within(in[0], in[1])) return std::unexpected(Error::bad_address);
    TRY(process.space().share(base::VAddr{in[0]}, in[1], in[2] != 0));
    return UserReply::success();
}

}  // namespace calls

}  // namespace sos::syscall
