"""The values behind the vectors: one of everything, with bytes that are easy to tell apart."""

import hashlib

import log
import reconcile
import schema
import sealing as s
from postcard import write
from schema import ACCEPTANCE, CERTIFICATE, ERASURE, EVENT, LOG_HEAD, PAYLOAD, REQUEST, STATEMENT


def b(byte, length=16):
    return bytes([byte]) * length


# Seeds of Ed25519 keys, and the bytes from which X25519 keys are derived (RFC 9180 DeriveKeyPair).
OWNER, TRANSPORT, CONSENT, RECEIPTS, APP_SIGNING = (b(n, 32) for n in (0x01, 0x02, 0x03, 0x04, 0x05))
SERVER_SEALING_IKM, EPHEMERAL_IKM = b(0x06, 32), b(0x07, 32)
VAULT_SECRET, GRANT_KEY, SECOND_GRANT_KEY = b(0x08, 32), b(0x09, 32), b(0x24, 32)
RECORD, SUBJECT, APP, REQUEST_ID = b(0x11), b(0x12), b(0x13), b(0x14)
STATE, INCARNATION, ERASURE_ID, READ_ID = b(0x15), b(0x16), b(0x17), b(0x18)
DELIVERY_NONCE, ENTRY_NONCE = b(0x19), b(0x1A, 24)

VAULT = s.digest(s.VAULT_ID, s.public_of(OWNER))[:16]
SERVER_SEALING_SECRET, SERVER_SEALING = s.derive_key_pair(SERVER_SEALING_IKM)

NOON = 1_795_262_400_000  # 2026-11-21T12:00:00Z
CREATED, DECIDED = NOON, NOON + 60_000


def certificate(key_seed, role):
    document = write(CERTIFICATE, {
        "version": 1, "vault": VAULT, "key": s.public_of(key_seed), "role": role, "issued_at": NOON,
    })
    return {"bytes": document, "signature": s.sign(OWNER, s.CERTIFICATE, document)}


TRANSPORT_CERTIFICATE = certificate(TRANSPORT, "Transport")
CONSENT_CERTIFICATE = certificate(CONSENT, {"Consent": APP})

ASKED = {
    "purpose": "expense_tracking",
    "details": [
        {
            "category": "receipts",
            "fields": {"brand": "exact", "purchased_at": "day", "total_cost": "exact"},
            "time_range": {"from": NOON - 86_400_000, "to": None},
        },
        {
            "category": "locations",
            "fields": {"lat": "1km", "lon": "1km"},
            "time_range": {"from": None, "to": None},
        },
    ],
    "duration": {"TimeBound": NOON + 7_776_000_000},
    "data_life": {"days": 30},
    "frequency": {"max_reads": 4, "per": "Day"},
    "delivery": "Server",
}
NARROWED = {
    **ASKED,
    "details": [{**ASKED["details"][0], "fields": {"brand": "exact", "purchased_at": "month"}}],
    "frequency": {"max_reads": 2, "per": "Week"},
}
APP_IDENTITY = {
    "id": APP,
    "display_name": "Spendwise",
    "brand_name": "Acme",
    "controller": "Acme GmbH",
    "country": "DE",
    "website": "https://acme.example",
    "privacy_policy_url": "https://acme.example/privacy",
    "support_contact": "help@acme.example",
    "vouched": "ByDomain",
    "sealing_key": SERVER_SEALING,
    "signing_key": s.public_of(APP_SIGNING),
}
REQUEST_BYTES = write(REQUEST, {
    "version": 1,
    "id": REQUEST_ID,
    "subject": SUBJECT,
    "app": APP_IDENTITY,
    "terms": ASKED,
    "required": [{"category": "receipts", "fields": ["brand", "purchased_at"]}],
    "purpose_text": "Show your spending by shop",
    "benefit": "A monthly overview",
    "recipients": [{"name": "Acme Analytics", "role": "processor", "country": "IE"}],
    "storage_locations": ["EU"],
    "notice": {"url": "https://acme.example/notice", "version": "3", "language": "en", "sha256": b(0x1B, 32)},
    "amends": None,
    "binding_code": "7KQ",
    "created_at": CREATED,
    "immediate_until": CREATED + 180_000,
    "expires_at": CREATED + 86_580_000,
})
REQUEST_DIGEST = s.digest(s.REQUEST, REQUEST_BYTES)
GRANT = s.digest(s.GRANT_OF_REQUEST, REQUEST_DIGEST)[:16]


def statement(number, previous, event, decided_at, nonce=bytes(16)):
    document = write(STATEMENT, {
        "version": 1, "grant": GRANT, "subject": SUBJECT, "app": APP, "request": REQUEST_DIGEST,
        "number": number, "previous": previous, "event": event, "decided_at": decided_at,
        "delivery_nonce": nonce,
    })
    return {
        "bytes": document, "key": s.public_of(CONSENT),
        "signature": s.sign(CONSENT, s.STATEMENT, document),
    }


def chain():
    """One grant's life, each statement naming the one before; and the refusal it might have been."""
    second = {"terms": NARROWED, "generation": 2, "key": s.key_commitment(SECOND_GRANT_KEY, GRANT, 2)}
    events = [
        ("given", {"Given": {"terms": ASKED, "generation": 1, "key": s.key_commitment(GRANT_KEY, GRANT, 1)}}),
        ("narrowed", {"Narrowed": second}),
        ("paused", "Paused"),
        ("resumed", "Resumed"),
        ("renewed", {"Renewed": second}),
        ("withdrawn", "Withdrawn"),
    ]
    out, previous = {}, bytes(32)
    for number, (name, event) in enumerate(events, 1):
        nonce = DELIVERY_NONCE if number == 1 else bytes(16)
        out[name] = statement(number, previous, event, DECIDED + number - 1, nonce)
        previous = s.digest(s.STATEMENT, out[name]["bytes"])
    out["refused"] = statement(1, bytes(32), "Refused", DECIDED, DELIVERY_NONCE)
    return out


STATEMENTS = chain()
GIVEN_DIGEST = s.digest(s.STATEMENT, STATEMENTS["given"]["bytes"])
WITHDRAWN_DIGEST = s.digest(s.STATEMENT, STATEMENTS["withdrawn"]["bytes"])

ACCEPTANCE_BYTES = write(ACCEPTANCE, {
    "version": 1, "vault": VAULT, "request": REQUEST_DIGEST,
    "statement": GIVEN_DIGEST, "accepted_at": DECIDED + 500,
    "state": STATE,
})
SIGNED_ACCEPTANCE = {
    "bytes": ACCEPTANCE_BYTES,
    "key": s.public_of(RECEIPTS),
    "signature": s.sign(RECEIPTS, s.ACCEPTANCE, ACCEPTANCE_BYTES),
}
REQUEST_SIGNATURE = s.sign(APP_SIGNING, s.REQUEST, REQUEST_BYTES)
DELIVERED = {"bytes": REQUEST_BYTES, "signature": REQUEST_SIGNATURE, "delivery_nonce": DELIVERY_NONCE}

PAYLOADS = {
    "receipt": {
        "brand": {"Text": "Café Acme"},
        "purchased_at": {"Date": {"year": 2026, "month": 11, "day": 21}},
        "total_cost": {"Decimal": {"mantissa": 1250, "scale": 2}},
    },
    "every kind of value": {
        "a": "Null",
        "b": {"Bool": True},
        "c": {"Int": -300},
        "d": {"Decimal": {"mantissa": -12345678901234567890, "scale": 28}},
        "e": {"Float": -0.125},
        "f": {"Text": ""},
        "g": {"Bytes": bytes([0, 255])},
        "h": {"Timestamp": -1},
        "i": {"Date": {"year": -44, "month": 3, "day": 15}},
        "j": {"Point": {"lat": 46.05, "lon": 14.5}},
        "k": {"List": [{"Map": {"name": {"Text": "tea"}, "price": {"Int": 2}}}, "Null"]},
        "l": {"Map": {}},
    },
    "empty": {},
}
PAYLOAD_BYTES = {name: write(PAYLOAD, {"fields": fields}) for name, fields in PAYLOADS.items()}

SECRET = s.grant_secret(VAULT_SECRET, GRANT, 1)
RECEIPT = PAYLOAD_BYTES["receipt"]
SLOT = s.keyed_hash(SECRET, s.SLOT, RECORD)
TAG = s.keyed_hash(SECRET, s.CONTENT_TAG, SLOT + RECEIPT)
REV = 300
AAD = s.entry_aad(GRANT, 1, 1, SLOT, REV, "receipts")
ENTRY_VALUE = {
    "slot": SLOT,
    "tag": TAG,
    "rev": REV,
    "body": {"Put": {
        "category": "receipts",
        "nonce": ENTRY_NONCE,
        "ciphertext": s.seal_entry(GRANT_KEY, ENTRY_NONCE, AAD, RECEIPT),
    }},
}
DELETION_VALUE = {"slot": b(0x21), "tag": bytes(16), "rev": 7, "body": "Delete"}
HELD = sorted([SLOT + TAG, b(0x22) + b(0x23)])

SEALED_ENC, SEALED_KEY = s.seal_grant_key(GRANT_KEY, SERVER_SEALING, GRANT, 1, EPHEMERAL_IKM)
SEALED_GRANT_KEY = {"enc": SEALED_ENC, "ciphertext": SEALED_KEY}

ERASURE_BYTES = write(ERASURE, {
    "version": 1, "id": ERASURE_ID, "grant": GRANT, "statement": WITHDRAWN_DIGEST, "entries": 1000,
    "keys": 2, "erased_at": NOON + 1000, "backups_expire_at": NOON + 2_592_000_000, "state": STATE,
})
LINKED_NOTICE = {"Linked": {"app": APP_IDENTITY, "subject": SUBJECT, "at": NOON}}
ERASED_NOTICE = {"Erased": {"grant": GRANT, "receipt": s.digest(s.ERASURE, ERASURE_BYTES)}}
LEAVES = [log.leaf(write(EVENT, notice)) for notice in (LINKED_NOTICE, ERASED_NOTICE)]
LOG_HEAD_BYTES = write(LOG_HEAD, {
    "version": 1, "vault": VAULT, "log": s.digest(s.FIRST_LOG, VAULT)[:16], "base": 298, "size": 2,
    "root": log.root(LEAVES), "at": NOON,
})
SIGNED_HEAD = {
    "bytes": LOG_HEAD_BYTES,
    "key": s.public_of(RECEIPTS),
    "signature": s.sign(RECEIPTS, s.LOG_HEAD, LOG_HEAD_BYTES),
}
SIGNED_ERASURE = {
    "bytes": ERASURE_BYTES,
    "key": s.public_of(RECEIPTS),
    "signature": s.sign(RECEIPTS, s.ERASURE, ERASURE_BYTES),
    "log": {"head": SIGNED_HEAD, "index": 1, "path": log.path(LEAVES, 1)},
}

RECOVERY_CODE = "000G-40R4-0M30-E209-185G-R38E-1W81-24GK-R"
CODE = s.code_bytes(RECOVERY_CODE)
CODE_SIGNING, CODE_SEALING_SECRET, CODE_SEALING = s.code_key_pairs(CODE)
ESCROW_NUMBER, ESCROW_EPHEMERAL_IKM = 300, b(0x0A, 32)
VAULT_SECRETS = write(schema.VAULT_SECRETS, {"version": 1, "owner": OWNER, "sharing": VAULT_SECRET})
ESCROW_INFO = s.escrow_info(VAULT, ESCROW_NUMBER, s.public_of(CODE_SIGNING))
ESCROW_ENC, ESCROW_SECRETS = s.seal(VAULT_SECRETS, CODE_SEALING, ESCROW_INFO, ESCROW_EPHEMERAL_IKM)
VOUCHED = VAULT + s.public_of(OWNER)
ESCROW_BYTES = write(schema.ESCROW, {
    "version": 1, "vault": VAULT, "number": ESCROW_NUMBER, "made_at": NOON,
    "holders": [{
        "key": s.public_of(CODE_SIGNING), "voucher": s.sign(CODE_SIGNING, s.RECOVERY_VOUCHER, VOUCHED),
        "enc": ESCROW_ENC, "ciphertext": ESCROW_SECRETS,
    }],
})
SIGNED_ESCROW = {
    "bytes": ESCROW_BYTES, "key": s.public_of(OWNER), "signature": s.sign(OWNER, s.ESCROW, ESCROW_BYTES),
}
CHALLENGE, SERVER_KEY_PIN = b(0x1C, 32), b(0x1D, 32)
PROOF_BYTES = write(schema.RECOVERY_PROOF, {
    "version": 1, "nonce": CHALLENGE, "device": s.public_of(TRANSPORT), "server": SERVER_KEY_PIN,
})
REVOCATION_BYTES = write(schema.REVOCATION, {
    "version": 1, "vault": VAULT, "number": 2, "stays": s.public_of(TRANSPORT), "at": NOON,
})
SIGNED_REVOCATION = {
    "bytes": REVOCATION_BYTES, "owner": s.sign(OWNER, s.REVOCATION, REVOCATION_BYTES),
    "key": s.public_of(CODE_SIGNING), "signature": s.sign(CODE_SIGNING, s.REVOCATION, REVOCATION_BYTES),
}

IDS = {
    "vlt": VAULT, "vrec": RECORD, "acc": b(0x31), "app": APP, "key": b(0x32), "tok": b(0x33),
    "sub": SUBJECT, "creq": REQUEST_ID, "grnt": GRANT, "rec": SLOT, "read": READ_ID, "req": b(0x34),
    "era": ERASURE_ID, "inc": INCARNATION, "state": b(0xFF),
}


def items(name, count):
    """Items that look random and come out the same each time."""
    numbered = (hashlib.sha256(f"{name} {number}".encode()).digest() for number in range(count))
    return sorted(numbered)


def reconciliations():
    """(name, what the device holds, what the server holds)."""
    both = items("both", 100)
    yield "the same on both sides", both, both
    yield "nothing on the device", [], items("server", 3)
    yield "nothing on the server", items("device", 40), []
    yield "few of many", sorted(both + items("device", 3)), sorted(both[:-2] + items("server", 2))
    yield "one of many", both, both[:123] + both[124:]


def talk(device, server):
    """The messages in turn, what only the device holds, and what only the server holds."""
    messages, only_device, only_server = [], [], []
    asked = reconcile.question(device)
    while asked is not None:
        answered = reconcile.answer(server, asked)
        messages += [asked, answered]
        asked = reconcile.compare(device, answered, only_device, only_server)
    return messages, only_device, only_server


def frames():
    """(vector's name, frame's name, body) for every frame, and every form of those that have several."""
    notice = lambda number, event: {"number": number, "event": event}  # noqa: E731
    acked = lambda number, outcome: {"grant": GRANT, "number": number, "outcome": outcome}  # noqa: E731
    yield "HELLO", "HELLO", {
        "minor": 0, "features": 0, "vault": VAULT, "device": TRANSPORT_CERTIFICATE,
        "incarnation": INCARNATION, "events_seen": 300,
        "log": {"log": s.digest(s.FIRST_LOG, VAULT)[:16], "last": LEAVES[1]},
        "grants": [{
            "grant": GRANT, "statement": 1, "last": GIVEN_DIGEST, "generation": 1, "count": 2,
            "fingerprint": reconcile.fingerprint(HELD),
        }],
        "ended": [b(0x46), b(0x47)],
    }
    yield "REGISTER", "REGISTER", {
        "owner_key": s.public_of(OWNER), "device": TRANSPORT_CERTIFICATE, "invite": "WELCOME-1",
    }
    yield "LINK_OPEN", "LINK_OPEN", {}
    yield "STATEMENT given", "STATEMENT", {
        "statement": STATEMENTS["given"], "certificate": CONSENT_CERTIFICATE,
        "grant_key": SEALED_GRANT_KEY, "proof": None,
    }
    yield "STATEMENT restored", "STATEMENT", {
        "statement": STATEMENTS["given"], "certificate": CONSENT_CERTIFICATE,
        "grant_key": SEALED_GRANT_KEY, "proof": {
            "request": REQUEST_BYTES, "request_signature": REQUEST_SIGNATURE,
            "acceptance": SIGNED_ACCEPTANCE,
        },
    }
    yield "STATEMENT withdrawn", "STATEMENT", {
        "statement": STATEMENTS["withdrawn"], "certificate": CONSENT_CERTIFICATE, "grant_key": None,
        "proof": None,
    }
    yield "ENTRIES", "ENTRIES", {
        "grant": GRANT, "generation": 1, "statement": 1, "number": 128,
        "entries": [ENTRY_VALUE, DELETION_VALUE],
    }
    yield "EVENTS_SEEN", "EVENTS_SEEN", {"through": 300}
    yield "RECONCILE", "RECONCILE", {"grant": GRANT, "generation": 1, "message": reconcile.question([])}
    yield "RECOVER", "RECOVER", {"key": s.public_of(CODE_SIGNING)}
    yield "PROVE", "PROVE", {"signature": s.sign(CODE_SIGNING, s.RECOVERY_PROOF, PROOF_BYTES)}
    yield "REVOKE", "REVOKE", SIGNED_REVOCATION
    yield "ESCROW", "ESCROW", SIGNED_ESCROW
    yield "WELCOME", "WELCOME", {
        "minor": 0, "features": 0, "state": STATE, "time": NOON,
        "limits": {"batch_entries": 512, "credit_bytes": 8_388_608},
        "keys": {"receipts": s.public_of(RECEIPTS), "sealing": SERVER_SEALING},
        "escrow": 300,
        "log": SIGNED_HEAD,
        "standings": [
            {"grant": b(0x41), "standing": "Reconcile"},
            {"grant": b(0x42), "standing": "Unknown"},
            {"grant": b(0x43), "standing": {"StatementStale": 2}},
            {"grant": b(0x44), "standing": "Withdrawn"},
            {"grant": b(0x45), "standing": "Expired"},
            {"grant": b(0x46), "standing": "Superseded"},
            {"grant": b(0x47), "standing": {"Behind": 3}},
            {"grant": b(0x48), "standing": "KeyMissing"},
        ],
    }
    yield "REGISTERED", "REGISTERED", {"time": NOON}
    yield "LINK_CODE", "LINK_CODE", {"code": "7KQ2M9XA", "expires_at": NOON + 600_000}
    yield "STATEMENT_ACK accepted", "STATEMENT_ACK", acked(1, {"Accepted": SIGNED_ACCEPTANCE})
    yield "STATEMENT_ACK erased", "STATEMENT_ACK", acked(6, {"Erased": SIGNED_ERASURE})
    yield "STATEMENT_ACK refused", "STATEMENT_ACK", acked(1, {"Refused": "BadGrantKey"})
    reasons = ["NotAuthentic", "OutsideGrant", "TooLarge", {"Stale": 300}, "GrantOver"]
    yield "ENTRIES_ACK", "ENTRIES_ACK", {
        "grant": GRANT, "generation": 1, "number": 128,
        "rejected": [{"slot": b(0x51 + at), "why": why} for at, why in enumerate(reasons)],
    }
    yield "NOTICE request", "NOTICE", notice(1, {"Request": DELIVERED})
    yield "NOTICE request closed", "NOTICE", notice(2, {
        "RequestClosed": {"request": REQUEST_ID, "how": "Superseded"},
    })
    yield "NOTICE read", "NOTICE", notice(3, {"Read": {
        "id": READ_ID, "at": NOON, "app": APP, "grant": GRANT, "purpose": "expense_tracking",
        "category": "receipts", "fields": ["brand", "total_cost"], "records": 1000,
    }})
    yield "NOTICE refused reads", "NOTICE", notice(4, {"RefusedReads": {
        "at": NOON, "app": APP, "app_name": "Spendwise", "category": "health", "attempts": 3,
    }})
    yield "NOTICE linked", "NOTICE", notice(5, LINKED_NOTICE)
    yield "NOTICE stated", "NOTICE", notice(6, {"Stated": {
        "grant": GRANT, "number": 1, "statement": s.digest(s.STATEMENT, STATEMENTS["given"]["bytes"]),
        "at": NOON + 60_500,
    }})
    yield "NOTICE erased", "NOTICE", notice(7, ERASED_NOTICE)
    yield "RECONCILED", "RECONCILED", {
        "grant": GRANT, "generation": 1, "message": reconcile.answer(HELD, reconcile.question([])),
    }
    yield "KEPT", "KEPT", {
        "statement": STATEMENTS["given"], "certificate": CONSENT_CERTIFICATE,
        "acceptance": SIGNED_ACCEPTANCE, "request": DELIVERED,
    }
    yield "LOG_HEAD", "LOG_HEAD", SIGNED_HEAD
    yield "LOG_LEAVES", "LOG_LEAVES", {"first": 299, "leaves": LEAVES}
    yield "CHALLENGE", "CHALLENGE", {"nonce": CHALLENGE}
    yield "RECOVERED", "RECOVERED", {"escrow": SIGNED_ESCROW, "revocation": 1}
    yield "REVOKED", "REVOKED", {"number": 2}
    yield "ESCROW_KEPT", "ESCROW_KEPT", {"number": 301, "kept": False}
    yield "REFUSED", "REFUSED", {"refusal": "Unavailable"}
