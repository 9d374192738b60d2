# SPDX-License-Identifier: BSD-2-Clause
"""An NFS server that lies: it forwards calls to a real one and damages some of the replies, record
by record (RFC 5531), so that each damaged reply still finds its call."""

import random
import socket
import struct
import threading

NFS_PROGRAM, WRITE = 100003, 7
NO_SPACE, READ_ONLY = 28, 30  # NFS3ERR_NOSPC, NFS3ERR_ROFS
RESULTS_AT = 24  # bytes of a reply before its results: xid, type, status, verifier, accept status


def _distort(rng, body):
    """Some bytes of the results."""
    for _ in range(rng.randint(1, 8)):
        body[rng.randrange(RESULTS_AT, len(body))] = rng.randrange(256)
    return body


def _lengthen(rng, body):
    """A word, perhaps a length or a status, becomes huge."""
    at = RESULTS_AT + 4 * rng.randrange(min(40, (len(body) - RESULTS_AT) // 4))
    body[at:at + 4] = struct.pack(">I", rng.choice([0xffffffff, 0x80000000, 0x7fffffff, 0x10000]))
    return body


def _cut(rng, body):
    """The results end early."""
    return body[:rng.randrange(RESULTS_AT, len(body))]


def _refuse(rng, body):
    """The server says that it knows no such program, procedure or argument."""
    body[20:24] = struct.pack(">I", rng.randint(1, 5))
    return body


LIES = {"distort": _distort, "lengthen": _lengthen, "cut": _cut, "refuse": _refuse,
        "tear": lambda _rng, body: None}  # the connection ends within the record


def _receive(sender, size):
    data = bytearray()
    while len(data) < size:
        piece = sender.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _receive_record(sender):
    """A fragment's marker and what it holds; a call or a reply is one fragment."""
    marker, = struct.unpack(">I", _receive(sender, 4))
    return marker, _receive(sender, marker & 0x7fffffff)


class _Connection:
    """One client's connection and ours to the real server."""

    def __init__(self, owner, client, server):
        self._owner, self._client, self._server = owner, client, server
        for pump in (self._forward_calls, self._forward_replies):
            threading.Thread(target=self._run, args=(pump,), daemon=True).start()

    def _run(self, pump):
        try:
            pump()
        except (OSError, EOFError):
            pass
        for each in (self._client, self._server):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _forward_calls(self):
        while True:
            marker, body = _receive_record(self._client)
            self._owner.note(body)
            self._server.sendall(struct.pack(">I", marker) + body)

    def _forward_replies(self):
        while True:
            marker, body = _receive_record(self._server)
            damaged = self._owner.treat(body)
            if damaged is None:
                self._client.sendall(struct.pack(">I", marker) + body[:len(body) // 2])
                raise EOFError
            self._client.sendall(struct.pack(">I", 0x80000000 | len(damaged)) + damaged)


class LyingServer:
    """`address` is what SOS is given. Honest until told otherwise by lie()."""

    def __init__(self, server, seed=1):
        self._random = random.Random(seed)
        self._lie, self._rate = None, 0.0
        self._refusal = None
        self._writes = set()  # xids of calls to WRITE that have no answer yet
        self.lies = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._nfs_port = server.nfs_port
        port = self._listener.getsockname()[1]
        self.address = f"10.0.2.2:{port}:{server.mount_port}/export"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                _Connection(self, client, socket.create_connection(("127.0.0.1", self._nfs_port)))
            except OSError:
                return

    def note(self, call):
        """What a call is, for its reply."""
        program, _version, procedure = struct.unpack_from(">III", call, 12)
        if (program, procedure) == (NFS_PROGRAM, WRITE):
            self._writes.add(bytes(call[:4]))

    def treat(self, body):
        xid = bytes(body[:4])
        if xid in self._writes:
            self._writes.discard(xid)
            if self._refusal is not None:
                self.lies += 1
                # The status, and neither attributes of before nor of after.
                return body[:RESULTS_AT] + struct.pack(">III", self._refusal, 0, 0)
        if self._lie is None or self._random.random() >= self._rate or len(body) < RESULTS_AT + 4:
            return body
        self.lies += 1
        return self._lie(self._random, body)

    def lie(self, kind, rate):
        self._lie, self._rate = LIES[kind], rate

    def refuse_writes(self, status):
        """Whatever is written is refused with this NFS status."""
        self._refusal = status

    def be_honest(self):
        self._lie = self._refusal = None

    def close(self):
        self._listener.close()
