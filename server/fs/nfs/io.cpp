// SPDX-License-Identifier: BSD-2-Clause
// The life of an Io: taken, sent as soon as there is a connection, sent again after it was lost or
// the server asked for patience, ended by its answer.
#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

Io* IoTable::take(Io::Kind kind, Node& node) {
    if (!available(kind)) return nullptr;
    for (Io& io : entries_) {
        if (io.kind != Io::Kind::none) continue;
        io = Io{};
        io.kind = kind;
        io.node = &node;
        ++used_[class_of(kind)];
        return &io;
    }
    return nullptr;
}

void IoTable::give(Io& io) {
    ASSERT(io.kind != Io::Kind::none && !io.in_flight && !io.waiting_link.linked);
    --used_[class_of(io.kind)];
    io.kind = Io::Kind::none;
}

void Service::start(Io& io) {
    if (connection_.rpc() != nullptr && waiting_ios_.empty()) {
        send(io);
    } else {
        waiting_ios_.push_back(io);
    }
}

void Service::send(Io& io) {
    switch (io.kind) {
        case Io::Kind::read:
            return send_read(io);
        case Io::Kind::write:
            return send_write(io);
        case Io::Kind::commit:
            return send_commit(io);
        case Io::Kind::resize:
            return send_resize(io);
        case Io::Kind::remove:
            return send_remove_unused(io);
        case Io::Kind::none:
            break;
    }
    ASSERT(false);
}

void Service::try_later(Io& io) {
    io.not_before_us = now_us_ + patience_us;
    waiting_ios_.push_back(io);
}

/// The record is free, and so may be what others wait for.
void Service::end(Io& io) {
    Node& node = *io.node;
    ios_.give(io);
    may_be_clean(node);
    wake(node);
    nodes_.settle(node);
}

bool Service::io_accepted(Io& io, nfsstat3 status) {
    if (status == NFS3_OK) return true;
    if (status == NFS3ERR_JUKEBOX) {
        try_later(io);
    } else {
        io_failed(io, to_error(status));
    }
    return false;
}

void Service::io_failed(Io& io, Error error) {
    switch (io.kind) {
        case Io::Kind::read:
            return read_failed(io, error);
        case Io::Kind::write:
            return write_failed(io, error);
        case Io::Kind::commit:
            return commit_failed(io, error);
        case Io::Kind::resize:
            return resize_failed(io, error);
        case Io::Kind::remove:
            return remove_done(io);
        case Io::Kind::none:
            break;
    }
    ASSERT(false);
}

}  // namespace sos::fs::nfs
