// SPDX-License-Identifier: BSD-2-Clause
// The one error type of the SOS server, and its one translation to what programs see.
// Reasons survive to the log; only the boundary to user space maps them to errno.
#pragma once

#include "abi/error.hpp"
#include "abi/sos_file.hpp"
#include "base/result.hpp"

namespace sos {

enum class Error {
    // resources
    no_memory,      // frames or untyped memory are used up
    no_slots,       // the capability space is full
    limit_reached,  // a stated bound of this table
    // paging
    page_file_full,      // memory and page file are full
    page_file_failed,    // pages cannot be written to the page file
    page_lost,           // what came back from the page file is not what was written
    executable_changed,  // the file of the program is not the one that was started
    // arguments
    bad_address,  // a program's pointer is not in its memory, or not with these rights
    bad_argument,
    bad_descriptor,
    name_too_long,
    too_many_files,
    argument_list_too_long,
    // files
    not_found,
    access_denied,
    not_permitted,
    exists,
    is_directory,
    not_directory,
    not_empty,
    no_space,
    quota_exceeded,
    file_too_big,
    read_only_file_system,
    too_many_links,
    symlink_loop,
    cross_device,
    stale_handle,
    not_seekable,
    not_a_terminal,
    io_error,
    protocol_error,
    not_supported,
    busy,
    // processes
    no_such_process,
    no_child,
    process_gone,    // the one that asked is being killed
    cancelled,       // the request ended because its process does
    bad_executable,  // not an ELF file that SOS can run
    would_block,
    interrupted,
    no_such_call,
    overflow,
    timed_out,
    out_of_range,
    // kernel refusals that no user input causes
    kernel_refused,
};

template <typename T>
using Result = base::Result<T, Error>;

constexpr abi::Errno to_errno(Error error) {
    using enum abi::Errno;
    switch (error) {
        case Error::no_memory:
        case Error::no_slots:
        case Error::page_file_full:
        case Error::page_file_failed:
            return enomem;
        case Error::page_lost:
        case Error::executable_changed:
            return eio;
        case Error::limit_reached:
            return eagain;
        case Error::bad_address:
            return efault;
        case Error::bad_argument:
            return einval;
        case Error::bad_descriptor:
            return ebadf;
        case Error::name_too_long:
            return enametoolong;
        case Error::too_many_files:
            return emfile;
        case Error::argument_list_too_long:
            return e2big;
        case Error::not_found:
            return enoent;
        case Error::access_denied:
            return eacces;
        case Error::not_permitted:
            return eperm;
        case Error::exists:
            return eexist;
        case Error::is_directory:
            return eisdir;
        case Error::not_directory:
            return enotdir;
        case Error::not_empty:
            return enotempty;
        case Error::no_space:
            return enospc;
        case Error::quota_exceeded:
            return edquot;
        case Error::file_too_big:
            return efbig;
        case Error::read_only_file_system:
            return erofs;
        case Error::too_many_links:
            return emlink;
        case Error::symlink_loop:
            return eloop;
        case Error::cross_device:
            return exdev;
        case Error::stale_handle:
            return estale;
        case Error::not_seekable:
            return espipe;
        case Error::not_a_terminal:
            return enotty;
        case Error::io_error:
            return eio;
        case Error::protocol_error:
            return eproto;
        case Error::not_supported:
            return eopnotsupp;
        case Error::busy:
            return ebusy;
        case Error::no_such_process:
            return esrch;
        case Error::no_child:
            return echild;
        case Error::process_gone:
        case Error::cancelled:
            return ecanceled;
        case Error::bad_executable:
            return enoexec;
        case Error::would_block:
            return eagain;
        case Error::interrupted:
            return eintr;
        case Error::no_such_call:
            return enosys;
        case Error::overflow:
            return eoverflow;
        case Error::timed_out:
            return etimedout;
        case Error::out_of_range:
            return erange;
        case Error::kernel_refused:
            return eio;
    }
    return abi::Errno::eio;
}

/// Kernel errors as the server sees them: memory can run out, the rest are our own mistakes.
constexpr Error from_kernel(abi::Error error) {
    return error == abi::Error::not_enough_memory ? Error::no_memory : Error::kernel_refused;
}

template <typename T>
constexpr Result<T> from_kernel(base::Result<T, abi::Error> result) {
    if (!result) return std::unexpected(from_kernel(result.error()));
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return *std::move(result);
    }
}

}  // namespace sos
