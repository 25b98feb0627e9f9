#!/usr/bin/env python3
"""Writes vectors.json: the test vectors of vault-core/wire/PROTOCOL.md, made without the Rust code.

    python3 make_vectors.py            write vectors.json beside this file
    python3 make_vectors.py --explain  print every document and frame, each piece of bytes with its field

Needs the package `cryptography`. The output does not change from run to run.
"""

import json
import pathlib
import struct
import sys

import reconcile
import samples
import sealing as s
from postcard import trace, write
from schema import (
    ACCEPTANCE, CERTIFICATE, ENTRY, ERASURE, ESCROW, FRAMES, LOG_HEAD, PAYLOAD, PURPOSE, REQUEST, REVOCATION,
    STATEMENT,
)
import postcard


def plain(value):
    """A value as JSON: bytes become hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def framed(frame, body):
    kind, schema = FRAMES[frame]
    data = bytes([kind]) + write(schema, body)
    return struct.pack("<I", len(data)) + data


def documents():
    """(name, schema, bytes) of every signed document."""
    yield "certificate of a transport key", CERTIFICATE, samples.TRANSPORT_CERTIFICATE["bytes"]
    yield "certificate of a consent key", CERTIFICATE, samples.CONSENT_CERTIFICATE["bytes"]
    yield "consent request", REQUEST, samples.REQUEST_BYTES
    for name, signed in samples.STATEMENTS.items():
        yield "statement " + name, STATEMENT, signed["bytes"]
    yield "erasure receipt", ERASURE, samples.ERASURE_BYTES
    yield "acceptance", ACCEPTANCE, samples.ACCEPTANCE_BYTES
    yield "log head", LOG_HEAD, samples.LOG_HEAD_BYTES
    yield "escrow", ESCROW, samples.ESCROW_BYTES
    yield "revocation", REVOCATION, samples.REVOCATION_BYTES
    for name, data in samples.PAYLOAD_BYTES.items():
        yield "payload " + name, PAYLOAD, data


def signatures():
    yield "certificate of a transport key", samples.OWNER, s.CERTIFICATE, samples.TRANSPORT_CERTIFICATE["bytes"]
    yield "certificate of a consent key", samples.OWNER, s.CERTIFICATE, samples.CONSENT_CERTIFICATE["bytes"]
    yield "consent request", samples.APP_SIGNING, s.REQUEST, samples.REQUEST_BYTES
    for name, signed in samples.STATEMENTS.items():
        yield "statement " + name, samples.CONSENT, s.STATEMENT, signed["bytes"]
    yield "erasure receipt", samples.RECEIPTS, s.ERASURE, samples.ERASURE_BYTES
    yield "acceptance", samples.RECEIPTS, s.ACCEPTANCE, samples.ACCEPTANCE_BYTES
    yield "log head", samples.RECEIPTS, s.LOG_HEAD, samples.LOG_HEAD_BYTES
    yield "escrow", samples.OWNER, s.ESCROW, samples.ESCROW_BYTES
    yield "revocation", samples.OWNER, s.REVOCATION, samples.REVOCATION_BYTES
    yield "revocation", samples.CODE_SIGNING, s.REVOCATION, samples.REVOCATION_BYTES


def vectors():
    lengths = [1, 31, 32, 33, 511, 512, 513, 544, 545, 1023, 1024, 1025, 4097, 65_537, 300_000, 524_288]
    return {
        "about": "Test vectors of PROTOCOL.md, written by make_vectors.py. Bytes are hexadecimal.",
        "ids": [{"prefix": p, "bytes": raw, "text": s.id_text(p, raw)} for p, raw in samples.IDS.items()],
        "vault_id": {"owner_seed": samples.OWNER, "owner_key": s.public_of(samples.OWNER), "vault": samples.VAULT},
        "documents": [
            {"name": name, "bytes": data, "value": postcard.read(schema, data)}
            for name, schema, data in documents()
        ],
        "signatures": [
            {
                "document": name, "seed": seed, "key": s.public_of(seed), "label": label.decode(),
                "digest": s.digest(label, data), "signature": s.sign(seed, label, data),
            }
            for name, seed, label, data in signatures()
        ],
        "grant_of_request": {"request": samples.REQUEST_DIGEST, "grant": samples.GRANT},
        "chain": [
            {"document": "statement " + name, "digest": s.digest(s.STATEMENT, signed["bytes"])}
            for name, signed in samples.STATEMENTS.items()
        ],
        "grant_secret": {
            "vault_secret": samples.VAULT_SECRET, "grant": samples.GRANT, "generation": 1,
            "secret": samples.SECRET, "record": samples.RECORD, "slot": samples.SLOT,
            "payload": samples.RECEIPT, "tag": samples.TAG,
        },
        "padding": [{"length": n, "padded": s.padded_length(n)} for n in lengths],
        "entry": {
            "key": samples.GRANT_KEY, "grant": samples.GRANT, "generation": 1, "statement": 1,
            "aad": samples.AAD, "padded": s.pad(samples.RECEIPT), "payload": samples.RECEIPT,
            "bytes": write(ENTRY, samples.ENTRY_VALUE), "value": samples.ENTRY_VALUE,
        },
        "deletion": {"bytes": write(ENTRY, samples.DELETION_VALUE), "value": samples.DELETION_VALUE},
        "fingerprint": {
            "items": [{"slot": item[:16], "tag": item[16:]} for item in samples.HELD],
            "fingerprint": reconcile.fingerprint(samples.HELD),
        },
        "reconciliations": [reconciliation(*sample) for sample in samples.reconciliations()],
        "grant_key": {
            "holder_ikm": samples.SERVER_SEALING_IKM, "holder_secret": samples.SERVER_SEALING_SECRET,
            "holder": samples.SERVER_SEALING, "ephemeral_ikm": samples.EPHEMERAL_IKM,
            "grant": samples.GRANT, "generation": 1,
            "info": s.grant_key_info(samples.GRANT, 1), "key": samples.GRANT_KEY,
            "commitment": s.key_commitment(samples.GRANT_KEY, samples.GRANT, 1),
            "enc": samples.SEALED_ENC, "ciphertext": samples.SEALED_KEY,
        },
        "recovery": {
            "code": samples.RECOVERY_CODE, "code_bytes": samples.CODE, "signing_seed": samples.CODE_SIGNING,
            "key": s.public_of(samples.CODE_SIGNING),
            "sealing_ikm": s.code_seed(samples.CODE, b"vault/recovery-sealing/1"),
            "sealing_secret": samples.CODE_SEALING_SECRET, "sealing": samples.CODE_SEALING,
            "vouched": samples.VOUCHED, "voucher": s.sign(samples.CODE_SIGNING, s.RECOVERY_VOUCHER, samples.VOUCHED),
            "info": samples.ESCROW_INFO, "ephemeral_ikm": samples.ESCROW_EPHEMERAL_IKM,
            "nonce": samples.CHALLENGE, "device": s.public_of(samples.TRANSPORT), "server": samples.SERVER_KEY_PIN,
            "proven": samples.PROOF_BYTES, "proof": s.sign(samples.CODE_SIGNING, s.RECOVERY_PROOF, samples.PROOF_BYTES),
            "secrets": samples.VAULT_SECRETS, "enc": samples.ESCROW_ENC, "ciphertext": samples.ESCROW_SECRETS,
        },
        "purposes": [name for name, _ in PURPOSE[1]],
        "frames": [
            {"name": name, "frame": frame, "bytes": framed(frame, body), "value": body}
            for name, frame, body in samples.frames()
        ],
        "refused": refused(),
    }


def reconciliation(name, device, server):
    messages, only_device, only_server = samples.talk(device, server)
    return {
        "name": name, "device": device, "server": server, "messages": messages,
        "only_device": only_device, "only_server": only_server,
    }


def refused():
    """Bytes that no reader may accept, with the reason."""
    seen = lambda body: struct.pack("<I", 1 + len(body)) + b"\x06" + body  # noqa: E731
    yield from [
        {"why": "a length of zero", "frame": bytes(4)},
        {"why": "a length beyond the limit", "frame": struct.pack("<I", (1 << 20) + (64 << 10) + 1)},
        {"why": "an unknown type", "frame": bytes.fromhex("010000007e")},
        {"why": "a number longer than needed", "frame": seen(b"\x85\x00")},
        {"why": "a number beyond 64 bits", "frame": seen(b"\xff" * 9 + b"\x02")},
        {"why": "bytes to spare", "frame": seen(b"\x05\x00")},
        {"why": "a body cut short", "frame": seen(b"\x85")},
        {"why": "an unknown reason", "frame": bytes.fromhex("02000000ff08")},
        {"why": "more items than bytes", "frame": bytes.fromhex("1e00000005") + bytes(16) + bytes.fromhex("01010001ffffffffffffffff0f")},
        {"why": "a flag that is neither 0 nor 1", "payload": bytes.fromhex("0101610102")},
        {"why": "names out of order", "payload": bytes.fromhex("0201620001 6100")},
        {"why": "a name twice", "payload": bytes.fromhex("0201610001 6100")},
        {"why": "text that is not UTF-8", "payload": bytes.fromhex("01016105 01ff")},
        {"why": "an unknown kind of value", "payload": bytes.fromhex("0101610c")},
        {"why": "no such day", "payload": bytes.fromhex("01016108 d41f021e")},
        {"why": "a decimal of 29 places", "payload": bytes.fromhex("01016103021d")},
        {"why": "nine levels", "payload": bytes.fromhex("010161" + "0a01" * 9 + "00")},
    ]


def explain():
    for name, schema, data in documents():
        lines("document: " + name, trace(schema, postcard.read(schema, data), ""))
    lines("document: entry", trace(ENTRY, samples.ENTRY_VALUE, ""))
    for name, frame, body in samples.frames():
        kind, schema = FRAMES[frame]
        length = struct.pack("<I", len(framed(frame, body)) - 4)
        lines("frame: " + name, [("length", length), ("type " + frame, bytes([kind])), *trace(schema, body, "")])


def lines(title, pieces):
    print(title)
    for path, piece in pieces:
        print(f"{piece.hex()} | {path}")
    print()


def main():
    if sys.argv[1:] == ["--explain"]:
        explain()
        return
    made = vectors()
    made["refused"] = list(made["refused"])
    text = json.dumps(plain(made), indent=1, ensure_ascii=False) + "\n"
    pathlib.Path(__file__).with_name("vectors.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
