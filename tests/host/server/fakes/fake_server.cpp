// SPDX-License-Identifier: BSD-2-Clause
#include "fake_server.hpp"

#include <cstdlib>

#include "res/res.hpp"
#include "sync/lock.hpp"

namespace sos {

constinit Lock cu_lock{LockRank::cspace_untyped};
constinit Lock ft_lock{LockRank::frame_table};

}  // namespace sos

extern "C" {
constinit __thread sos::ThreadBlock* sos::sos_current_thread = nullptr;
}

namespace fake {

FakeKernel& server_kernel() {
    // Never destroyed: the server's own static objects give pages back at the very end.
    static FakeKernel& kernel = *[] {
        // The smallest pieces come last, as at the end of a memory that something was cut from.
        auto* made = new FakeKernel({25, 23, 22, 20, 19, 17, 16, 14, 13, 12, 10, 6});
        if (!sos::res::init(made->boot_info())) std::abort();
        return made;
    }();
    return kernel;
}

abi::ResourceCount resources() {
    abi::ResourceCount counts{};
    sos::res::count(counts);
    return counts;
}

}  // namespace fake
