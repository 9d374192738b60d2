// SPDX-License-Identifier: BSD-2-Clause
// Rpc::send: sends one NFS call for the present step of a Call, or for an Io, and routes its typed
// result to a member function of the Service. Part of the Service's implementation.
#pragma once

#include "fs/nfs/service.hpp"

namespace sos::fs::nfs {

struct Rpc {
    /// `Function`: one of libnfs's rpc_nfs3_*_async. The arguments are encoded before this returns.
    template <auto Function, auto Handler, typename Record, typename Arguments>
    static void send(Service& service, Record& record, Arguments& arguments) {
        rpc_context* const context = service.connection_.rpc();
        ASSERT(context != nullptr && !record.in_flight);
        if (Function(context, receive<Handler>, &arguments, service.token_of(record)) != 0) {
            return service.not_sent(record);
        }
        if (service.in_flight_++ == 0) {
            service.progress_us_ = service.now_us_;
            service.check_us_ = service.now_us_ + Service::answer_limit_us;
        }
        record.in_flight = true;
        record.sent_us = service.now_us_;
        record.sent_serial = ++service.serial_;
    }

    /// The Service whose calls the callbacks are for: there is one.
    static inline Service* service = nullptr;

  private:
    template <typename T>
    struct HandlerOf;
    template <typename R, typename T>
    struct HandlerOf<void (Service::*)(R&, const T&)> {
        using Record = R;
        using Answer = T;
    };

    template <auto Handler>
    static void receive(rpc_context*, int status, void* data, void* token) {
        using Record = typename HandlerOf<decltype(Handler)>::Record;
        using Answer = typename HandlerOf<decltype(Handler)>::Answer;
        Service& to = *service;
        if (to.in_flight_ > 0) --to.in_flight_;
        Record* const record = to.record_of<Record>(token);
        if (status != RPC_STATUS_SUCCESS || data == nullptr) {
            // Lost with the connection, or refused: the Service tells when libnfs has returned.
            if (record != nullptr) record->interrupted = true;
            to.some_interrupted_ = true;
            return;
        }
        to.progress_us_ = to.now_us_;
        ++to.answers_;
        if (record == nullptr) {  // answered already, when its process was killed
            to.names_.forget_all(to.serial_);
            return;
        }
        record->in_flight = false;
        (to.*Handler)(*record, *static_cast<const Answer*>(data));
    }
};

}  // namespace sos::fs::nfs
