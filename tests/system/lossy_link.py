# SPDX-License-Identifier: BSD-2-Clause
"""A network that loses, doubles and reorders packets, between QEMU's card and its user network.

QEMU's filter-redirector hands every packet of one direction to a socket and takes packets for the
same direction from another; in between is a thread that treats some of them badly. Which ones
follows from the seed and the order in which packets come.
"""

import os
import random
import selectors
import socket
import struct
import threading

import machine

_LENGTH = struct.Struct(">I")  # before each packet, on QEMU's side


class _Direction:
    """Packets that go one way. Both sockets are QEMU's connections to us."""

    def __init__(self, choice, loss, doubling, reordering):
        self._choice = choice
        self._loss, self._doubling, self._reordering = loss, doubling, reordering
        self._input = b""
        self._held = None  # overtaken by the next one
        self.lost = self.doubled = self.reordered = self.passed = 0

    def feed(self, data):
        """The packets that go on, in QEMU's form."""
        self._input += data
        out = []
        while len(self._input) >= 4:
            size = 4 + _LENGTH.unpack_from(self._input)[0]
            if len(self._input) < size:
                break
            packet, self._input = self._input[:size], self._input[size:]
            self._treat(packet, out)
        return b"".join(out)

    def flush(self):
        """Nothing came for a while: a packet is not held back for ever."""
        held, self._held = self._held, None
        return held or b""

    def _treat(self, packet, out):
        fate = self._choice.random()
        if fate < self._loss:
            self.lost += 1
            return
        fate -= self._loss
        if self._held is None and fate < self._reordering:
            self._held = packet
            self.reordered += 1
            return
        self.passed += 1
        out.append(packet)
        if self._reordering <= fate < self._reordering + self._doubling:
            self.doubled += 1
            out.append(packet)
        if self._held is not None:
            out.append(self._held)
            self._held = None


class LossyLink:
    """`network`: for scenario.Sos. The shares are of all packets, in each direction."""

    _HOLD = 0.02  # seconds that a packet is held back at most

    def __init__(self, folder, seed, loss=0.0, doubling=0.0, reordering=0.0):
        choice = random.Random(seed)
        self.directions = [_Direction(choice, loss, doubling, reordering) for _ in range(2)]
        self._selector = selectors.DefaultSelector()
        self._targets = [None, None]
        self._sockets = []
        self.network = list(machine.NETWORK)
        for number, queue in enumerate(("rx", "tx")):
            for role in ("out", "in"):
                self._listen(folder / f"link-{queue}-{role}", number, role)
                self.network += ["-chardev", f"socket,id={queue}{role},"
                                 f"path={folder / f'link-{queue}-{role}'}"]
            self.network += ["-object", f"filter-redirector,id=link{queue},netdev=net,"
                             f"queue={queue},outdev={queue}out,indev={queue}in"]
        self._wake, self._woken = os.pipe()
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _listen(self, path, number, role):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(1)
        self._sockets.append(listener)

        def accept():
            connection, _ = listener.accept()
            self._selector.unregister(listener)
            self._sockets.append(connection)
            if role == "in":
                self._targets[number] = connection
            else:
                self._selector.register(connection, selectors.EVENT_READ,
                                        lambda: self._forward(number, connection))

        self._selector.register(listener, selectors.EVENT_READ, accept)

    def _forward(self, number, source):
        data = source.recv(65536)
        if not data:
            self._selector.unregister(source)
        self._send(number, self.directions[number].feed(data))

    def _send(self, number, data):
        if data and self._targets[number] is not None:
            try:
                self._targets[number].sendall(data)
            except OSError:
                pass  # QEMU has ended

    def _run(self):
        while True:
            events = self._selector.select(self._HOLD)
            for key, _ in events:
                if key.data is None:
                    return
                key.data()
            if not events:
                for number, direction in enumerate(self.directions):
                    self._send(number, direction.flush())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.write(self._woken, b"x")
        self._thread.join()
        for each in self._sockets:
            each.close()
        self._selector.close()
        os.close(self._wake)
        os.close(self._woken)
