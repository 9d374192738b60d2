// SPDX-License-Identifier: BSD-2-Clause
// Errors in words, for lines of the log.
#pragma once

#include <string_view>

#include "error.hpp"

namespace sos::proc {

constexpr std::string_view describe(Error error) {
    switch (error) {
        case Error::no_memory:
            return "out of memory";
        case Error::no_slots:
            return "capability space is full";
        case Error::limit_reached:
            return "table is full";
        case Error::page_file_full:
            return "memory and page file are full";
        case Error::page_file_failed:
            return "the page file cannot be written";
        case Error::page_lost:
            return "a page could not be read back from the page file";
        case Error::executable_changed:
            return "its executable file has changed";
        case Error::bad_address:
            return "bad address";
        case Error::bad_argument:
            return "bad argument";
        case Error::bad_descriptor:
            return "bad file descriptor";
        case Error::name_too_long:
            return "name too long";
        case Error::too_many_files:
            return "too many open files";
        case Error::argument_list_too_long:
            return "argument list too long";
        case Error::not_found:
            return "no such file";
        case Error::access_denied:
            return "permission denied";
        case Error::not_permitted:
            return "operation not permitted";
        case Error::exists:
            return "file exists";
        case Error::is_directory:
            return "is a directory";
        case Error::not_directory:
            return "not a directory";
        case Error::not_empty:
            return "directory not empty";
        case Error::no_space:
            return "no space left";
        case Error::quota_exceeded:
            return "quota exceeded";
        case Error::file_too_big:
            return "file too big";
        case Error::read_only_file_system:
            return "read-only file system";
        case Error::too_many_links:
            return "too many links";
        case Error::symlink_loop:
            return "too many symbolic links";
        case Error::cross_device:
            return "on another device";
        case Error::stale_handle:
            return "stale file handle";
        case Error::not_seekable:
            return "not seekable";
        case Error::not_a_terminal:
            return "not a terminal";
        case Error::io_error:
            return "input/output error";
        case Error::protocol_error:
            return "protocol error";
        case Error::not_supported:
            return "not supported";
        case Error::busy:
            return "busy";
        case Error::no_such_process:
            return "no such process";
        case Error::no_child:
            return "no child";
        case Error::process_gone:
        case Error::cancelled:
            return "killed";
        case Error::bad_executable:
            return "not an executable that SOS can run";
        case Error::would_block:
            return "would block";
        case Error::interrupted:
            return "interrupted";
        case Error::no_such_call:
            return "no such system call";
        case Error::overflow:
            return "value too large";
        case Error::timed_out:
            return "timed out";
        case Error::out_of_range:
            return "out of range";
        case Error::kernel_refused:
            return "refused by the kernel";
    }
    return "unknown error";
}

}  // namespace sos::proc
