# SPDX-License-Identifier: BSD-2-Clause
"""What tests/target/sos/jumble.c must have left behind: the same random numbers, drawn in the same
order, on plain bytes."""

from scenario import pattern

LARGEST_FILE = 256 * 1024
LARGEST_PIECE = 24 * 1024
NOISE_STARTS = 65536
BLOCK, BLOCKS_EACH, RECORD = 512, 64, 64
_MASK = (1 << 64) - 1
_NOISE = pattern(NOISE_STARTS + LARGEST_PIECE)


class _Random:
    """splitmix64"""

    def __init__(self, seed):
        self._state = seed & _MASK

    def below(self, bound):
        self._state = (self._state + 0x9e3779b97f4a7c15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & _MASK
        return (z ^ (z >> 31)) % bound


class _Process:
    def __init__(self, processes, seed, operations, index):
        self._random = _Random(seed * 1000003 + index)
        self._processes = processes
        self.files = [None, None]
        self.blocks = [0] * BLOCKS_EACH
        self.records = 0
        self._reopen(0)
        actions = [self._write] * 4 + [self._append] * 2 + [self._cut] + [self._read] * 3 + [
            self._rename, lambda: self._reopen(self._random.below(2)), lambda: None,
            self._write_block, self._read_blocks, self._append_record]
        for _ in range(operations):
            actions[self._random.below(16)]()

    def _reopen(self, which):
        self._here = which
        if self.files[which] is None:
            self.files[which] = bytearray()

    def _put(self, at, data):
        file = self.files[self._here]
        if at > len(file):
            file.extend(bytes(at - len(file)))
        file[at:at + len(data)] = data

    def _piece(self, length):
        start = self._random.below(NOISE_STARTS)
        return _NOISE[start:start + length]

    def _write(self):
        length = 1 + self._random.below(LARGEST_PIECE)
        at = self._random.below(LARGEST_FILE - length + 1)
        data = self._piece(length)
        self._random.below(2)
        self._put(at, data)

    def _append(self):
        data = self._piece(1 + self._random.below(8192))
        end = len(self.files[self._here])
        if end + len(data) <= LARGEST_FILE:
            self._put(end, data)

    def _cut(self):
        size = self._random.below(LARGEST_FILE + 1)
        self._put(size, b"")
        del self.files[self._here][size:]

    def _read(self):
        self._random.below(LARGEST_PIECE)
        self._random.below(LARGEST_FILE)

    def _rename(self):
        there = 1 - self._here
        self.files[there], self.files[self._here] = self.files[self._here], None
        self._here = there

    def _write_block(self):
        self.blocks[self._random.below(BLOCKS_EACH)] += 1

    def _read_blocks(self):
        self._random.below(BLOCKS_EACH * self._processes - 7)
        self._random.below(8192)
        self._random.below(8)

    def _append_record(self):
        self.records += 1


def _block(owner, count):
    if count == 0:
        return bytes(BLOCK)
    salt = (count * 31 + owner * 977) % NOISE_STARTS
    return count.to_bytes(4, "little") + _NOISE[salt:salt + BLOCK - 4]


def _record(index, number):
    return b"%02d %06d %053d\n" % (index, number, number * 7919)


def check(root, processes, seed, operations):
    """Compares every byte of what is in `root`."""
    models = [_Process(processes, seed, operations, index) for index in range(processes)]
    for index, model in enumerate(models):
        for which, expected in enumerate(model.files):
            file = root / f"jumble{index}_{which}"
            if expected is None:
                assert not file.exists(), file.name
                continue
            found = file.read_bytes()
            wrong = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), None)
            assert wrong is None and len(found) == len(expected), \
                f"{file.name}: {len(found)} bytes for {len(expected)}, the first wrong one: {wrong}"
    expected = b"".join(_block(owner, models[owner].blocks[each])
                        for each in range(BLOCKS_EACH) for owner in range(processes))
    shared = (root / "jumble_shared").read_bytes()[:len(expected)]
    wrong = [i for i in range(0, len(expected), BLOCK)
             if shared[i:i + BLOCK] != expected[i:i + BLOCK]]
    assert wrong == [], f"jumble_shared: wrong blocks at {wrong}"
    log = (root / "jumble_log").read_bytes()
    records = [log[i:i + RECORD] for i in range(0, len(log), RECORD)]
    for index, model in enumerate(models):  # each in order, none twice, none lost
        assert [r for r in records if r[:2] == b"%02d" % index] == \
            [_record(index, number) for number in range(model.records)], f"records of {index}"
    assert len(records) == sum(model.records for model in models)
