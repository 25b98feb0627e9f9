"""Every document and frame of PROTOCOL.md as a schema."""

from postcard import (
    BOOL, BYTES, F64, I8, I16, I64, I128, TEXT, U8, U16, U32, U64,
    enum, fixed, listed, mapped, option, record,
)

ID, KEY, DIGEST, SIGNATURE, TIME = fixed(16), fixed(32), fixed(32), fixed(64), I64

CATEGORY = enum(
    "receipts", "health", "cards", "app_usage", "locations",
    "browsing", "surveys", "button_events", "usage_metrics", "summaries",
)
PRECISION = enum("exact", "day", "month", "year", "100m", "1km", "10km", "100km")
PURPOSE = enum(
    "personalisation", "recommendations", "expense_tracking", "loyalty", "marketing",
    "advertising", "analytics", "research", "wellness", "healthcare",
    "insurance", "credit_assessment", "fraud_prevention", "identity_verification",
    "customer_support", "service_provision", "location_services", "product_improvement",
    "accounting", "legal_compliance",
)

# Section 4: values and payloads.
DATE = record(year=I16, month=I8, day=I8)
VALUE = enum(
    "Null",
    ("Bool", BOOL),
    ("Int", I64),
    ("Decimal", record(mantissa=I128, scale=U32)),
    ("Float", F64),
    ("Text", TEXT),
    ("Bytes", BYTES),
    ("Timestamp", TIME),
    ("Date", DATE),
    ("Point", record(lat=F64, lon=F64)),
    ("List", listed(("lazy", lambda: VALUE))),
    ("Map", mapped(("lazy", lambda: VALUE))),
)
PAYLOAD = record(fields=mapped(VALUE))

# Section 5: signed documents.
SIGNED = record(bytes=BYTES, signature=SIGNATURE)
CERTIFICATE = record(
    version=U8, vault=ID, key=KEY, role=enum("Transport", ("Consent", ID)), issued_at=TIME
)
TERMS = record(
    purpose=PURPOSE,
    details=listed(
        record(
            category=CATEGORY,
            fields=mapped(PRECISION),
            time_range=record(**{"from": option(TIME), "to": option(TIME)}),
        )
    ),
    duration=enum("OneTime", ("TimeBound", TIME), "UntilWithdrawn"),
    data_life=option(record(days=U32)),
    frequency=option(record(max_reads=U32, per=enum("Hour", "Day", "Week", "Month"))),
    delivery=enum("Server", "Sealed"),
)
APP = record(
    id=ID, display_name=TEXT, brand_name=TEXT, controller=TEXT, country=TEXT, website=TEXT,
    privacy_policy_url=TEXT, support_contact=TEXT, vouched=enum("ByServer", "ByDomain"),
    sealing_key=option(KEY), signing_key=option(KEY),
)
REQUEST = record(
    version=U8,
    id=ID,
    subject=ID,
    app=APP,
    terms=TERMS,
    required=listed(record(category=CATEGORY, fields=listed(TEXT))),
    purpose_text=TEXT,
    benefit=TEXT,
    recipients=listed(record(name=TEXT, role=TEXT, country=TEXT)),
    storage_locations=listed(TEXT),
    notice=option(record(url=TEXT, version=TEXT, language=TEXT, sha256=option(DIGEST))),
    amends=option(ID),
    binding_code=TEXT,
    created_at=TIME,
    immediate_until=TIME,
    expires_at=TIME,
)
EXTENT = record(terms=TERMS, generation=U32, key=DIGEST)
STATEMENT = record(
    version=U8,
    grant=ID,
    subject=ID,
    app=ID,
    request=DIGEST,
    number=U64,
    previous=DIGEST,
    event=enum(
        ("Given", EXTENT), "Refused", ("Narrowed", EXTENT), "Paused", "Resumed", "Withdrawn",
        ("Renewed", EXTENT),
    ),
    decided_at=TIME,
    delivery_nonce=fixed(16),
)
SIGNED_STATEMENT = record(bytes=BYTES, key=KEY, signature=SIGNATURE)
ERASURE = record(
    version=U8, id=ID, grant=ID, statement=DIGEST, entries=U64, keys=U32, erased_at=TIME,
    backups_expire_at=option(TIME), state=ID,
)
LOG_HEAD = record(version=U8, vault=ID, log=ID, base=U64, size=U64, root=DIGEST, at=TIME)
SIGNED_HEAD = record(bytes=BYTES, key=KEY, signature=SIGNATURE)
LOG_PROOF = record(head=SIGNED_HEAD, index=U64, path=listed(DIGEST))
SIGNED_ERASURE = record(bytes=BYTES, key=KEY, signature=SIGNATURE, log=LOG_PROOF)

ACCEPTANCE = record(
    version=U8, vault=ID, request=DIGEST, statement=DIGEST, accepted_at=TIME, state=ID,
)
SIGNED_ACCEPTANCE = record(bytes=BYTES, key=KEY, signature=SIGNATURE)
PROOF = record(
    request=BYTES, request_signature=option(SIGNATURE), acceptance=SIGNED_ACCEPTANCE,
)

VAULT_SECRETS = record(version=U8, owner=KEY, sharing=KEY)
ESCROW = record(
    version=U8, vault=ID, number=U64, made_at=TIME,
    holders=listed(record(key=KEY, voucher=SIGNATURE, enc=KEY, ciphertext=BYTES)),
)
SIGNED_ESCROW = record(bytes=BYTES, key=KEY, signature=SIGNATURE)
RECOVERY_PROOF = record(version=U8, nonce=fixed(32), device=KEY, server=DIGEST)
REVOCATION = record(version=U8, vault=ID, number=U64, stays=KEY, at=TIME)
SIGNED_REVOCATION = record(bytes=BYTES, owner=SIGNATURE, key=KEY, signature=SIGNATURE)

# Section 6: sealed entries and grant keys.
ENTRY = record(
    slot=ID,
    tag=fixed(16),
    rev=U64,
    body=enum(("Put", record(category=CATEGORY, nonce=fixed(24), ciphertext=BYTES)), "Delete"),
)
SEALED_GRANT_KEY = record(enc=KEY, ciphertext=BYTES)

# Section 7: frames.
STANDING = enum(
    "Reconcile", "Unknown", ("StatementStale", U64), "Withdrawn", "Expired", "Superseded", ("Behind", U64),
    "KeyMissing",
)
REJECTION = enum("NotAuthentic", "OutsideGrant", "TooLarge", ("Stale", U64), "GrantOver")
STATEMENT_REFUSAL = enum(
    "Malformed", "BadSignature", "UnknownRequest", "WiderThanAsked", "DecidedTooLate",
    "ArrivedTooLate", "NotDelivered", "AlreadyClosed", "OutOfOrder", "Withdrawn", "BadGrantKey",
    "LacksRequired",
)
DELIVERED = record(bytes=BYTES, signature=option(SIGNATURE), delivery_nonce=fixed(16))
EVENT = enum(
    ("Request", DELIVERED),
    ("RequestClosed", record(request=ID, how=enum("Cancelled", "Expired", "Superseded"))),
    (
        "Read",
        record(
            id=ID, at=TIME, app=ID, grant=ID, purpose=PURPOSE, category=CATEGORY,
            fields=listed(TEXT), records=U32,
        ),
    ),
    (
        "RefusedReads",
        record(at=TIME, app=ID, app_name=TEXT, category=CATEGORY, attempts=U32),
    ),
    ("Linked", record(app=APP, subject=ID, at=TIME)),
    ("Stated", record(grant=ID, number=U64, statement=DIGEST, at=TIME)),
    ("Erased", record(grant=ID, receipt=DIGEST)),
)
REFUSAL = enum(
    "NotEnrolled", "InviteRequired", "BadCertificate", "BadFrame", "TakenOver", "Unavailable",
    "NothingToRecover", "Revoked",
)

FRAMES = {
    "HELLO": (0x01, record(
        minor=U16, features=U64, vault=ID, device=SIGNED, incarnation=ID, events_seen=U64,
        log=record(log=ID, last=DIGEST),
        grants=listed(record(
            grant=ID, statement=U64, last=DIGEST, generation=U32, count=U64, fingerprint=fixed(16),
        )),
        ended=listed(ID),
    )),
    "REGISTER": (0x02, record(owner_key=KEY, device=SIGNED, invite=option(TEXT))),
    "LINK_OPEN": (0x03, record()),
    "STATEMENT": (0x04, record(
        statement=SIGNED_STATEMENT, certificate=SIGNED, grant_key=option(SEALED_GRANT_KEY),
        proof=option(PROOF),
    )),
    "ENTRIES": (0x05, record(
        grant=ID, generation=U32, statement=U64, number=U64, entries=listed(ENTRY),
    )),
    "EVENTS_SEEN": (0x06, record(through=U64)),
    "RECONCILE": (0x10, record(grant=ID, generation=U32, message=BYTES)),
    "RECOVER": (0x40, record(key=KEY)),
    "PROVE": (0x41, record(signature=SIGNATURE)),
    "REVOKE": (0x42, SIGNED_REVOCATION),
    "ESCROW": (0x43, SIGNED_ESCROW),
    "WELCOME": (0x81, record(
        minor=U16, features=U64, state=ID, time=TIME,
        limits=record(batch_entries=U32, credit_bytes=U64),
        keys=record(receipts=KEY, sealing=KEY),
        escrow=U64,
        log=SIGNED_HEAD,
        standings=listed(record(grant=ID, standing=STANDING)),
    )),
    "REGISTERED": (0x82, record(time=TIME)),
    "LINK_CODE": (0x83, record(code=TEXT, expires_at=TIME)),
    "STATEMENT_ACK": (0x84, record(
        grant=ID, number=U64,
        outcome=enum(("Accepted", SIGNED_ACCEPTANCE), ("Erased", SIGNED_ERASURE), ("Refused", STATEMENT_REFUSAL)),
    )),
    "ENTRIES_ACK": (0x85, record(
        grant=ID, generation=U32, number=U64,
        rejected=listed(record(slot=ID, why=REJECTION)),
    )),
    "NOTICE": (0x86, record(number=U64, event=EVENT)),
    "KEPT": (0x88, record(
        statement=SIGNED_STATEMENT, certificate=SIGNED, acceptance=SIGNED_ACCEPTANCE,
        request=option(DELIVERED),
    )),
    "RECONCILED": (0x90, record(grant=ID, generation=U32, message=BYTES)),
    "LOG_HEAD": (0xD0, SIGNED_HEAD),
    "LOG_LEAVES": (0xD1, record(first=U64, leaves=listed(DIGEST))),
    "CHALLENGE": (0xC0, record(nonce=fixed(32))),
    "RECOVERED": (0xC1, record(escrow=SIGNED_ESCROW, revocation=U64)),
    "REVOKED": (0xC2, record(number=U64)),
    "ESCROW_KEPT": (0xC3, record(number=U64, kept=BOOL)),
    "REFUSED": (0xFF, record(refusal=REFUSAL)),
}
