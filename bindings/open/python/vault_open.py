#!/usr/bin/env python3
"""Opens what only your application can open: answers of a vault's sync server in delivery `sealed`.

    python3 vault_open.py keygen [FOLDER]              make a sealing and a signing key
    python3 vault_open.py open --key FILE < answer     print the answer with its records opened

or `import vault_open` and call `open_answer`. Needs `cryptography` and `PyNaCl`, nothing else.
PROTOCOL.md, sections 3, 4 and 6, is what this follows. Requests are signed with the command
`vault-open sign`, which also checks them against what you asked for.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import os
import pathlib
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import (
    Encoding, NoEncryption, PrivateFormat, load_pem_private_key,
)
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt
from nacl.exceptions import CryptoError

GRANT_KEY = b"vault/grant-key/1\0"
ENTRY = b"vault/entry/1\0"
CATEGORIES = {
    "receipts", "health", "cards", "app_usage", "locations", "browsing", "surveys", "button_events",
    "usage_metrics", "summaries",
}
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DEPTH_MAX, VALUES_MAX = 8, 16_384


class OpenError(Exception):
    """An answer was not opened; nothing of it is returned."""


class NotAnAnswer(OpenError):
    """Not an answer of GET /users/{subject_id}/{category}."""


class Refused(OpenError):
    """The answer is an error, so there is nothing to open."""


class WrongKey(OpenError):
    """The grant's key is sealed to another key, or was changed."""


class BadRecord(OpenError):
    """A record does not open: it was changed, or belongs to another grant."""


def open_answer(answer, *keys):
    """The answer (a dict) with each record's `sealed` turned into `fields`; the argument is not changed.

    `keys` are X25519 private keys, see `read_key`; several are those of before and after a change.
    """
    if not isinstance(answer, dict):
        raise NotAnAnswer("an answer is an object")
    if isinstance(answer.get("code"), str):
        raise Refused(answer["code"])
    grant, records = answer.get("grant"), answer.get("data")
    if not isinstance(grant, dict) or not isinstance(records, list):
        raise NotAnAnswer("it has no `grant` or no `data`")
    sealed_key = grant.get("sealed_key")
    if sealed_key is None:
        return answer
    try:
        grant_id, generation = read_id("grnt", grant["id"]), number(sealed_key["generation"], 32)
        grant_key = open_grant_key(sealed_key, keys, grant_id, generation)
        opened = [open_record(record, grant_key, grant_id, generation) for record in records]
    except (KeyError, TypeError, ValueError) as error:
        raise NotAnAnswer(str(error)) from error
    rest = {name: value for name, value in grant.items() if name != "sealed_key"}
    return {**answer, "data": opened, "grant": rest}


def open_record(record, grant_key, grant, generation):
    sealed, category = record["sealed"], record["category"]
    if category not in CATEGORIES:
        raise NotAnAnswer(f"{category} is no category")
    aad = ENTRY + grant + struct.pack("<IQ", generation, number(sealed["statement"], 64))
    aad += read_id("rec", record["id"]) + struct.pack("<Q", number(sealed["rev"], 64)) + category.encode()
    nonce, ciphertext = decode(sealed["nonce"], 24), decode(sealed["ciphertext"])
    try:
        padded = crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, aad, nonce, grant_key)
        fields = Payload(unpad(padded)).fields()
    except (CryptoError, ValueError) as error:
        raise BadRecord(record["id"]) from error
    rest = {name: value for name, value in record.items() if name != "sealed"}
    return {**rest, "fields": nested(fields)}


# The grant key: HPKE base mode (RFC 9180), DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305

KEM_SUITE = b"KEM" + struct.pack(">H", 0x0020)
HPKE_SUITE = b"HPKE" + struct.pack(">HHH", 0x0020, 0x0001, 0x0003)


def open_grant_key(sealed, keys, grant, generation):
    enc, ciphertext = decode(sealed["enc"], 32), decode(sealed["ciphertext"])
    info = GRANT_KEY + grant + struct.pack("<I", generation)
    for key in keys:
        try:
            point = key.exchange(X25519PublicKey.from_public_bytes(enc))
            grant_key = hpke_open(point, enc, key.public_key().public_bytes_raw(), info, ciphertext)
        except (InvalidTag, ValueError):
            continue
        if len(grant_key) == 32:
            return grant_key
    raise WrongKey("none of the given keys opens the grant's key")


def hpke_open(point, enc, holder, info, ciphertext):
    prk = labeled_extract(KEM_SUITE, b"", b"eae_prk", point)
    shared = labeled_expand(KEM_SUITE, prk, b"shared_secret", enc + holder, 32)
    context = b"\0" + labeled_extract(HPKE_SUITE, b"", b"psk_id_hash", b"")
    context += labeled_extract(HPKE_SUITE, b"", b"info_hash", info)
    secret = labeled_extract(HPKE_SUITE, shared, b"secret", b"")
    key = labeled_expand(HPKE_SUITE, secret, b"key", context, 32)
    nonce = labeled_expand(HPKE_SUITE, secret, b"base_nonce", context, 12)
    return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, b"")


def labeled_extract(suite, salt, label, ikm):
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, hashlib.sha256)


def labeled_expand(suite, prk, label, info, length):
    info = struct.pack(">H", length) + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, info + b"\1", hashlib.sha256)[:length]


# The payload: a map of values by field path, in the one encoding of PROTOCOL.md section 3


class Payload:
    def __init__(self, data):
        self.data, self.at, self.values = data, 0, 0

    def fields(self):
        fields = self.map(DEPTH_MAX)
        if self.at != len(self.data):
            raise ValueError("bytes to spare")
        return fields

    def take(self, count):
        taken = self.data[self.at:self.at + count]
        if len(taken) != count:
            raise ValueError("bytes are missing")
        self.at += count
        return taken

    def varint(self, bits):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if value >> bits or (byte == 0 and shift > 7):
            raise ValueError("a number has another encoding")
        return value

    def signed(self, bits):
        value = self.varint(bits)
        return value >> 1 ^ -(value & 1)

    def text(self):
        return self.take(self.varint(64)).decode()

    def map(self, levels):
        names, fields = [], {}
        for _ in range(self.varint(64)):
            names.append(self.text().encode())
            fields[names[-1].decode()] = self.value(levels)
        if any(one >= next_one for one, next_one in zip(names, names[1:])):
            raise ValueError("names are not in order")
        return fields

    def value(self, levels):
        self.values += 1
        if levels == 0 or self.values > VALUES_MAX:
            raise ValueError("too many values, or nested too deep")
        kind = self.varint(32)
        if kind == 0:
            return None
        if kind == 1:
            return {0: False, 1: True}[self.take(1)[0]]
        if kind == 2:
            return self.signed(64)
        if kind == 3:
            return decimal_text(self.signed(128), self.varint(32))
        if kind == 4:
            return self.double()
        if kind == 5:
            return self.text()
        if kind == 6:
            return self.take(self.varint(64)).hex()
        if kind == 7:
            return moment_text(self.signed(64))
        if kind == 8:
            return day_text(self.signed(16), *struct.unpack("bb", self.take(2)))
        if kind == 9:
            return {"lat": self.double(), "lon": self.double()}
        if kind == 10:
            return [self.value(levels - 1) for _ in range(self.varint(64))]
        if kind == 11:
            return self.map(levels - 1)
        raise ValueError("no such kind of value")

    def double(self):
        value = struct.unpack("<d", self.take(8))[0]
        return value if value - value == 0 else None


def unpad(padded):
    stripped = padded.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise ValueError("no padding")
    return stripped[:-1]


def nested(fields):
    """Dotted paths become nested objects."""
    whole = {}
    for path, value in fields.items():
        *parents, name = path.split(".", DEPTH_MAX)
        below = whole
        for parent in parents:
            below = below.setdefault(parent, {})
        below[name] = value
    return whole


def decimal_text(mantissa, scale):
    digits = str(abs(mantissa)).rjust(scale + 1, "0")
    whole, part = digits[:len(digits) - scale], digits[len(digits) - scale:]
    return ("-" if mantissa < 0 else "") + whole + ("." + part if scale else "")


def day_text(year, month, day):
    return f"{year:04}-{month:02}-{day:02}" if year >= 0 else f"-{-year:06}-{month:02}-{day:02}"


def moment_text(ms):
    """RFC 3339; the nearest moment that can be written beyond the years -9999 and 9999."""
    if ms > 253_402_207_200_999:
        return "9999-12-30T22:00:00.999999999Z"
    ms = max(ms, -377_705_023_201_000)
    seconds, ms = divmod(ms, 1000)
    days, seconds = divmod(seconds, 86_400)
    # Days are counted from 0000-03-01, so that a leap day ends its year.
    era, of_era = divmod(days + 719_468, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year = year_of_era + era * 400 + (month <= 2)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    part = f".{ms:03}".rstrip("0") if ms else ""
    return f"{day_text(year, month, day)}T{hours:02}:{minutes:02}:{seconds:02}{part}Z"


def read_id(prefix, text):
    """The 16 bytes of an id (PROTOCOL.md section 3)."""
    digits = text.removeprefix(prefix + "_").upper().translate(str.maketrans("ILO", "110"))
    if len(digits) != 26 or digits == text or digits[0] > "7":
        raise ValueError(f"{text} is no id of the kind {prefix}")
    value = 0
    for digit in digits:
        value = value << 5 | CROCKFORD.index(digit)
    return value.to_bytes(16, "big")


def number(value, bits):
    if type(value) is not int or value < 0 or value >> bits:
        raise ValueError(f"{value} is no number of {bits} bits")
    return value


def decode(text, length=None):
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("something is not base64") from error
    if length not in (None, len(data)):
        raise ValueError(f"something has not {length} bytes")
    return data


# Keys, in PKCS #8 PEM as `vault-open` and OpenSSL write them


def read_key(pem):
    """The sealing key of a PEM text or bytes."""
    key = load_pem_private_key(pem.encode() if isinstance(pem, str) else pem, None)
    if not isinstance(key, X25519PrivateKey):
        raise ValueError("this is no X25519 private key; the other file holds the signing key")
    return key


def keygen(folder):
    """Writes two new key files, readable by their owner only, and gives the public halves."""
    public = {}
    for name, key in (("sealing", X25519PrivateKey.generate()), ("signing", Ed25519PrivateKey.generate())):
        path = pathlib.Path(folder) / f"{name}-key.pem"
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        public[f"{name}_key"] = key.public_key().public_bytes_raw().hex()
    return public


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("keygen").add_argument("folder", nargs="?", default=".")
    commands.add_parser("open").add_argument("--key", action="append", required=True, metavar="FILE")
    arguments = parser.parse_args()
    try:
        if arguments.command == "keygen":
            result = keygen(arguments.folder)
        else:
            keys = [read_key(pathlib.Path(path).read_bytes()) for path in arguments.key]
            result = open_answer(json.load(sys.stdin), *keys)
    except (OSError, ValueError, OpenError) as error:
        sys.exit(f"vault_open: {type(error).__name__}: {error}")
    json.dump(result, sys.stdout, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
