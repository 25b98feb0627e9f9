"""The log of PROTOCOL.md section 11: a Merkle tree of RFC 9162, written the plain recursive way."""

import hashlib

LOG_LEAF = b"vault/log-leaf/1"


def leaf(event):
    """Of an event's encoding."""
    return hashlib.sha256(b"\0" + LOG_LEAF + b"\0" + event).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(count):
    """The largest power of two below a count."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    at = split(len(leaves))
    return node(root(leaves[:at]), root(leaves[at:]))


def path(leaves, index):
    """The hashes beside the way from a leaf up."""
    if len(leaves) == 1:
        return []
    at = split(len(leaves))
    if index < at:
        return path(leaves[:at], index) + [root(leaves[at:])]
    return path(leaves[at:], index - at) + [root(leaves[:at])]


def leads_to(top, size, index, first, beside):
    """Whether a path leads from a leaf to a root (RFC 9162, section 2.1.3.2)."""
    if index >= size:
        return False
    at, last, found = index, size - 1, first
    for one in beside:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node(one, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and found == top
