// SPDX-License-Identifier: BSD-2-Clause
// The other end of submit_page_io(), for the file server's thread.
#pragma once

#include "fs/pager/page_io.hpp"

namespace sos::fs {

/// The record submitted first of those not taken yet; null when there is none.
PageIo* take_page_io();

}  // namespace sos::fs
