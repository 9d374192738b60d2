// SPDX-License-Identifier: BSD-2-Clause
// What becomes of RPCs and their callers when a connection is lost, or libnfs's memory is given up.
#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

/// RPCs that came back without a result: those lost with their connection are sent again, those
/// that the server's RPC layer refused end with an error.
void Service::take_back_interrupted() {
    if (!some_interrupted_) return;
    some_interrupted_ = false;
    const bool refused = connection_.rpc() != nullptr;
    const auto take_back = [&](Call& call) {
        if (!call.active || !call.interrupted) return;
        call.interrupted = false;
        call.in_flight = false;
        if (refused) {
            fail(call, Error::protocol_error);
        } else {
            call.resent = true;
            call.waiting = Waiting::to_be_sent;
            waiting_.push_back(call);
        }
    };
    for (Call& call : calls_) take_back(call);
    for (WritingWindow& window : write_windows_.all()) take_back(window.call);
    take_back_interrupted_ios(refused);
}

void Service::take_back_interrupted_ios(bool refused) {
    for (Io& io : ios_.all()) {
        if (io.kind == Io::Kind::none || !io.interrupted) continue;
        io.interrupted = false;
        io.in_flight = false;
        if (refused) {
            io_failed(io, Error::protocol_error);
        } else {
            waiting_ios_.push_back(io);
        }
    }
}

void Service::lost() {
    in_flight_ = 0;
    take_back_interrupted();
}

void Service::abandon_context() {
    const auto interrupt = [&](Call& call) {
        // Also those that were just being sent, and those that were about to be told of an answer.
        if (!call.active || call.waiting == Waiting::to_be_sent) return;
        if (call.waiting == Waiting::for_io || call.waiting == Waiting::for_resources) return;
        stop_waiting(call);
        call.interrupted = true;
        some_interrupted_ = true;
    };
    for (Call& call : calls_) interrupt(call);
    for (WritingWindow& window : write_windows_.all()) {
        interrupt(window.call);
        window.at_once = false;
    }
    for (Io& io : ios_.all()) {
        const bool held_back = io.kind == Io::Kind::resize && io.node->in_flight > 0;
        if (io.kind == Io::Kind::none || io.waiting_link.linked || held_back) continue;
        io.interrupted = true;
        some_interrupted_ = true;
    }
    connection_.abandon_context();
}

}  // namespace sos::fs::nfs
