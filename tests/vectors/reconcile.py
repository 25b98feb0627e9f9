"""Section 10's reconciliation: the messages of negentropy 1 over items of 32 bytes (slot, content tag).

A set is a sorted list of items. `question`, `answer` and `compare` are the three steps; sets here are small
enough that no message has to end early.
"""

import hashlib

VERSION = b"\x61"
START, END = bytes(32), None
SKIP, FINGERPRINT, LIST = 0, 1, 2
LIST_BELOW = 32


class Malformed(Exception):
    """Bytes that are no message."""


def fingerprint(items):
    total = sum(int.from_bytes(item, "little") for item in items) % (1 << 256)
    return hashlib.sha256(total.to_bytes(32, "little") + varint(len(items))).digest()[:16]


def varint(number):
    groups = [number & 127]
    while number := number >> 7:
        groups.append(number & 127 | 128)
    return bytes(reversed(groups))


def within(items, start, end):
    return [item for item in items if start <= item and (end is END or item < end)]


def question(items):
    out = Writer()
    describe(items, START, END, out)
    return out.data


def answer(items, message):
    out = Writer()
    for start, end, mode, said in spans(message):
        if mode == SKIP:
            out.skip(end)
        elif mode == FINGERPRINT:
            differ(items, start, end, said, out)
        else:
            out.items(end, within(items, start, end))
    return out.data


def compare(items, message, ours, theirs):
    """What is to be asked next, or None; adds to `ours` and `theirs` what only one side holds."""
    out = Writer()
    for start, end, mode, said in spans(message):
        if mode == FINGERPRINT:
            differ(items, start, end, said, out)
            continue
        if mode == LIST:
            mine = within(items, start, end)
            if within(said, start, end) != said:
                raise Malformed("an item outside of its span")
            ours += [item for item in mine if item not in said]
            theirs += [item for item in said if item not in mine]
        out.skip(end)
    return out.data if out.data != VERSION else None


def differ(items, start, end, theirs, out):
    if fingerprint(within(items, start, end)) == theirs:
        out.skip(end)
    else:
        describe(items, start, end, out)


def describe(items, start, end, out):
    mine = within(items, start, end)
    if len(mine) < LIST_BELOW:
        out.items(end, mine)
        return
    for low, high in parts(start, end):
        out.fingerprint(high, fingerprint(within(items, low, high)))


def parts(start, end):
    """Splits by the first half byte in which items from start to before end can differ."""
    first = int.from_bytes(start, "big")
    last = (1 << 256) - 1 if end is END else int.from_bytes(end, "big") - 1
    common = (256 - (first ^ last).bit_length()) // 4
    width = 1 << 256 - 4 * (min(common, 63) + 1)
    low = first
    while low <= last:
        high = (low // width + 1) * width
        yield low.to_bytes(32, "big"), (high.to_bytes(32, "big") if high <= last else end)
        low = high


class Writer:
    def __init__(self):
        self.data, self.skipped = VERSION, ()

    def skip(self, end):
        self.skipped = (end,)

    def fingerprint(self, end, value):
        self.say(end, FINGERPRINT)
        self.data += value

    def items(self, end, items):
        self.say(end, LIST)
        self.data += varint(len(items)) + b"".join(items)

    def say(self, end, mode):
        for skipped in self.skipped:
            self.data += edge(skipped) + varint(SKIP)
        self.skipped = ()
        self.data += edge(end) + varint(mode)


def edge(item):
    if item is END:
        return b"\0\0"
    prefix = item.rstrip(b"\0")
    return b"\x01" + varint(len(prefix)) + prefix


def spans(message):
    """(start, end, mode, content) of each span."""
    if message[:1] != VERSION:
        raise Malformed("version")
    rest = Reader(message[1:])
    start, time = START, 0
    while rest.data:
        delta = rest.varint()
        time = time + delta - 1 if delta else 1
        prefix = rest.take(rest.varint(most=32))
        end = END if time else prefix.ljust(32, b"\0")
        if start is END and end is not END or start is not END and end is not END and end < start:
            raise Malformed("order")
        mode = rest.varint()
        if mode == SKIP:
            said = None
        elif mode == FINGERPRINT:
            said = rest.take(16)
        elif mode == LIST:
            said = [rest.take(32) for _ in range(rest.varint(most=len(rest.data) // 32 + 1))]
        else:
            raise Malformed("mode")
        yield start, end, mode, said
        start = end


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, length):
        if len(self.data) < length:
            raise Malformed("cut short")
        taken, self.data = self.data[:length], self.data[length:]
        return taken

    def varint(self, most=(1 << 64) - 1):
        number, first = 0, True
        while True:
            byte = self.take(1)[0]
            if first and byte == 128:
                raise Malformed("longer than needed")
            number, first = number << 7 | byte & 127, False
            if number > most:
                raise Malformed("out of range")
            if byte < 128:
                return number
