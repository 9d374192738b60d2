# SPDX-License-Identifier: BSD-2-Clause
"""An NFS server that lies: it forwards calls to a real one and damages some of the replies, record
by record (RFC 5531), so that each damaged reply still finds its call."""

import random
import socket
import struct
import threading

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
        while data := self._client.recv(65536):
            self._server.sendall(data)

    def _receive(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self._server.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def _forward_replies(self):
        while True:
            marker, = struct.unpack(">I", self._receive(4))
            body = self._receive(marker & 0x7fffffff)
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

    def treat(self, body):
        if self._lie is None or self._random.random() >= self._rate or len(body) < RESULTS_AT + 4:
            return body
        self.lies += 1
        return self._lie(self._random, body)

    def lie(self, kind, rate):
        self._lie, self._rate = LIES[kind], rate

    def be_honest(self):
        self._lie = None

    def close(self):
        self._listener.close()
