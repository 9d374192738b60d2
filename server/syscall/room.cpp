// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/room.hpp"

#include "syscall/console_write.hpp"
#include "syscall/path_room.hpp"

namespace sos::syscall {

template <>
constinit proc::PagePool<8, PathRoom::Pages::pages> PathRoom::Pages::pool_{};
template <>
constinit proc::PagePool<8, TextRoom::pages> TextRoom::pool_{};

Result<void> init_rooms() {
    TRY(PathRoom::Pages::init());
    return TextRoom::init();
}

}  // namespace sos::syscall
