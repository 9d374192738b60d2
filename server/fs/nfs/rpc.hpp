// SPDX-License-Identifier: BSD-2-Clause
// Rpc::send: sends one NFS call for the present step of a Call, and routes its typed result to a
// member function of the Service. Part of the Service's implementation.
#pragma once

#include "fs/nfs/service.hpp"

namespace sos::fs::nfs {

struct Rpc {
    /// `Function`: one of libnfs's rpc_nfs3_*_async. The arguments are encoded before this returns.
    template <auto Function, auto Handler, typename Arguments>
    static void send(Service& service, Call& call, Arguments& arguments) {
        rpc_context* const context = service.connection_.rpc();
        ASSERT(context != nullptr && !call.in_flight);
        if (Function(context, receive<Handler>, &arguments, service.token_of(call)) != 0) {
            return service.fail(call, Error::no_memory);
        }
        if (service.in_flight_++ == 0) {
            service.progress_us_ = service.now_us_;
            service.check_us_ = service.now_us_ + Service::answer_limit_us;
        }
        call.in_flight = true;
        call.sent_us = service.now_us_;
    }

    /// The Service whose calls the callbacks are for: there is one.
    static inline Service* service = nullptr;

  private:
    template <typename T>
    struct ResultOf;
    template <typename T>
    struct ResultOf<void (Service::*)(Call&, const T&)> {
        using type = T;
    };

    template <auto Handler>
    static void receive(rpc_context*, int status, void* data, void* token) {
        Service& to = *service;
        if (to.in_flight_ > 0) --to.in_flight_;
        Call* const call = to.call_of(token);
        if (status != RPC_STATUS_SUCCESS || data == nullptr) {
            // Lost with the connection, or refused: the Service tells when libnfs has returned.
            if (call != nullptr) call->interrupted = true;
            to.some_interrupted_ = true;
            return;
        }
        to.progress_us_ = to.now_us_;
        ++to.answers_;
        if (call == nullptr) return;  // answered already, when its process was killed
        call->in_flight = false;
        using Res = typename ResultOf<decltype(Handler)>::type;
        (to.*Handler)(*call, *static_cast<const Res*>(data));
    }
};

}  // namespace sos::fs::nfs
