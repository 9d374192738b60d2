// SPDX-License-Identifier: BSD-2-Clause
#include "abi/boot_info.hpp"
#include "log/log.hpp"
#include "root/log_sink.hpp"
#include "root/panic.hpp"
#include "thread/thread.hpp"

extern "C" [[noreturn]] void sos_main(const abi::BootInfo* boot_info) {
    using namespace sos;
    thread::adopt_root_thread(reinterpret_cast<abi::IpcBuffer*>(boot_info->ipc_buffer));
    log::set_sink(root::write_log_line);
    log::info<log::Area::boot>("SOS: {} untypeds, {} free slots", boot_info->untyped.size(),
                               boot_info->empty.size());
    root::halt();
}
