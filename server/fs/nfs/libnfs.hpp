// SPDX-License-Identifier: BSD-2-Clause
// libnfs's raw interface, included in the order that it needs.
#pragma once

#include <sys/time.h>

#include <nfsc/libnfs.h>

#include <nfsc/libnfs-raw.h>

#include <nfsc/libnfs-raw-mount.h>
#include <nfsc/libnfs-raw-nfs.h>

/// Exported, but in no header: 0 makes a lost connection an error, so that we reconnect ourselves.
extern "C" void rpc_set_autoreconnect(rpc_context* rpc, int num_retries);
