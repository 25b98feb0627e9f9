"""The cryptography of PROTOCOL.md sections 5 and 6, on Python's `cryptography` alone."""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

CERTIFICATE = b"vault/certificate/1"
REQUEST = b"vault/consent-request/1"
GRANT_OF_REQUEST = b"vault/grant-of-request/1"
STATEMENT = b"vault/statement/1"
ERASURE = b"vault/erasure/1"
ACCEPTANCE = b"vault/acceptance/1"
LOG_HEAD = b"vault/log-head/1"
FIRST_LOG = b"vault/first-log/1"
GRANT_KEY = b"vault/grant-key/1"
KEY_COMMITMENT = b"vault/key-commitment/1"
ENTRY = b"vault/entry/1"
GRANT_SECRET = b"vault/grant-secret/1"
SLOT = b"vault/slot/1"
CONTENT_TAG = b"vault/content-tag/1"
RECOVERY_VOUCHER = b"vault/recovery-voucher/1"
ESCROW_SEAL = b"vault/escrow-seal/1"
ESCROW = b"vault/escrow/1"
RECOVERY_PROOF = b"vault/recovery-proof/1"
REVOCATION = b"vault/revocation/1"
VAULT_ID = b"vault/id/1"

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def id_text(prefix, raw):
    number = int.from_bytes(raw, "big")
    digits = (CROCKFORD[number >> 5 * place & 31] for place in reversed(range(26)))
    return prefix + "_" + "".join(digits)


def digest(label, data):
    return hashlib.sha256(struct.pack("<Q", len(label)) + label + data).digest()


# Ed25519 (RFC 8032)


def public_of(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed, label, data):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(digest(label, data))


def verify(key, label, data, signature):
    """Raises InvalidSignature unless the key signed the data under the label."""
    Ed25519PublicKey.from_public_bytes(key).verify(signature, digest(label, data))


# Slots and tags


def grant_secret(vault_secret, grant, generation):
    info = GRANT_SECRET + b"\0" + grant + struct.pack("<I", generation)
    return expand(extract(b"", vault_secret), info, 32)


def keyed_hash(secret, label, data):
    return hmac.new(secret, label + b"\0" + data, hashlib.sha256).digest()[:16]


# Padding


def padded_length(length):
    if length <= 512:
        step = 32
    else:
        exponent = length.bit_length() - 1
        step = 1 << exponent - exponent.bit_length()
    return -(-length // step) * step


def pad(data):
    return (data + b"\x80").ljust(padded_length(len(data) + 1), b"\0")


def unpad(data):
    stripped = data.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise ValueError("no padding")
    return stripped[:-1]


# XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03)


def hchacha20(key, nonce):
    s = list(struct.unpack("<4I8I4I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = s[x] + s[y] & 0xFFFFFFFF
            s[z] ^= s[x]
            s[z] = (s[z] << turn | s[z] >> 32 - turn) & 0xFFFFFFFF

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for at in range(4):
            quarter(at, (at + 1) % 4 + 4, (at + 2) % 4 + 8, (at + 3) % 4 + 12)
    return struct.pack("<8I", *s[:4], *s[12:])


def xchacha(key, nonce):
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])), bytes(4) + nonce[16:]


def entry_aad(grant, generation, statement, slot, rev, category):
    return b"".join((
        ENTRY, b"\0", grant, struct.pack("<I", generation), struct.pack("<Q", statement),
        slot, struct.pack("<Q", rev), category.encode(),
    ))


def seal_entry(key, nonce, aad, payload):
    cipher, short_nonce = xchacha(key, nonce)
    return cipher.encrypt(short_nonce, pad(payload), aad)


def open_entry(key, nonce, aad, ciphertext):
    cipher, short_nonce = xchacha(key, nonce)
    return unpad(cipher.decrypt(short_nonce, ciphertext, aad))


# HPKE base mode (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305

KEM_SUITE = b"KEM" + struct.pack(">H", 0x0020)
HPKE_SUITE = b"HPKE" + struct.pack(">HHH", 0x0020, 0x0001, 0x0003)


def extract(salt, ikm):
    return hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()


def expand(prk, info, length):
    out = block = b""
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += block
    return out[:length]


def labeled_extract(suite, salt, label, ikm):
    return extract(salt, b"HPKE-v1" + suite + label + ikm)


def labeled_expand(suite, prk, label, info, length):
    return expand(prk, struct.pack(">H", length) + b"HPKE-v1" + suite + label + info, length)


def derive_key_pair(ikm):
    prk = labeled_extract(KEM_SUITE, b"", b"dkp_prk", ikm)
    secret = labeled_expand(KEM_SUITE, prk, b"sk", b"", 32)
    return secret, x25519_public(secret)


def x25519_public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def hpke_cipher(shared_point, enc, holder, info):
    prk = labeled_extract(KEM_SUITE, b"", b"eae_prk", shared_point)
    shared = labeled_expand(KEM_SUITE, prk, b"shared_secret", enc + holder, 32)
    context = b"\0" + labeled_extract(HPKE_SUITE, b"", b"psk_id_hash", b"")
    context += labeled_extract(HPKE_SUITE, b"", b"info_hash", info)
    secret = labeled_extract(HPKE_SUITE, shared, b"secret", b"")
    key = labeled_expand(HPKE_SUITE, secret, b"key", context, 32)
    nonce = labeled_expand(HPKE_SUITE, secret, b"base_nonce", context, 12)
    return ChaCha20Poly1305(key), nonce


def grant_key_info(grant, generation):
    return GRANT_KEY + b"\0" + grant + struct.pack("<I", generation)


def key_commitment(key, grant, generation):
    return digest(KEY_COMMITMENT, grant + struct.pack("<I", generation) + key)


def seal(plaintext, holder, info, ephemeral_ikm):
    secret, enc = derive_key_pair(ephemeral_ikm)
    point = X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(holder))
    cipher, nonce = hpke_cipher(point, enc, holder, info)
    return enc, cipher.encrypt(nonce, plaintext, b"")


def open_sealed(secret, enc, ciphertext, info):
    point = X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(enc))
    cipher, nonce = hpke_cipher(point, enc, x25519_public(secret), info)
    return cipher.decrypt(nonce, ciphertext, b"")


def seal_grant_key(key, holder, grant, generation, ephemeral_ikm):
    return seal(key, holder, grant_key_info(grant, generation), ephemeral_ikm)


def open_grant_key(secret, enc, ciphertext, grant, generation):
    return open_sealed(secret, enc, ciphertext, grant_key_info(grant, generation))


# Recovery


def code_bytes(text):
    """The 20 bytes of a recovery code; its last symbol checks the others."""
    digits = text.replace("-", "")
    number = 0
    for digit in digits[:-1]:
        number = number << 5 | CROCKFORD.index(digit)
    assert (CROCKFORD + "*~$=U")[number % 37] == digits[-1], "a symbol is mistyped"
    return number.to_bytes(20, "big")


def code_seed(code, label):
    """A seed that a recovery code gives."""
    return expand(extract(b"", code), b"vault-file/1 recovery subkey/" + label, 32)


def code_key_pairs(code):
    """(seed of the signing key, secret and public half of the sealing key)"""
    sealing = derive_key_pair(code_seed(code, b"vault/recovery-sealing/1"))
    return code_seed(code, b"vault/recovery-signing/1"), *sealing


def escrow_info(vault, number, recovery_key):
    return ESCROW_SEAL + b"\0" + vault + struct.pack("<Q", number) + recovery_key
