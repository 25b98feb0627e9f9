#!/usr/bin/env python3
"""Checks every vector of vectors.json with a reader written from PROTOCOL.md alone.

    python3 verify_vectors.py [vectors.json]

Needs the package `cryptography`. Exit status 0 when everything holds, 1 with the first that does not.
"""

import json
import pathlib
import struct
import sys
import traceback

import postcard
import reconcile
import schema
import sealing as s

FRAME_BYTES_MAX = (1 << 20) + (64 << 10)
VALUE_DEPTH_MAX, VALUES_MAX = 8, 16_384
FRAME_OF_TYPE = {kind: (name, body) for name, (kind, body) in schema.FRAMES.items()}


def raw(text):
    return bytes.fromhex(text)


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def read_frame(data):
    """One frame from exactly these bytes."""
    if len(data) < 4:
        raise postcard.Malformed("no length")
    length = struct.unpack("<I", data[:4])[0]
    if not 1 <= length <= FRAME_BYTES_MAX or len(data) != 4 + length:
        raise postcard.Malformed("length")
    if data[4] not in FRAME_OF_TYPE:
        raise postcard.Malformed("unknown type")
    name, body = FRAME_OF_TYPE[data[4]]
    return name, postcard.read(body, data[5:])


def read_payload(data):
    fields = postcard.read(schema.PAYLOAD, data)["fields"]
    if sum(map(check_value, fields.values())) > VALUES_MAX:
        raise postcard.Malformed("too many values")
    return fields


def check_value(value, levels=VALUE_DEPTH_MAX):
    """How many values this is, if each makes sense by itself."""
    if isinstance(value, str):
        return 1
    kind, content = next(iter(value.items()))
    if kind in ("List", "Map"):
        if levels == 0:
            raise postcard.Malformed("nested too deeply")
        below = content if kind == "List" else content.values()
        return 1 + sum(check_value(inner, levels - 1) for inner in below)
    if kind == "Decimal" and (content["scale"] > 28 or abs(content["mantissa"]) >> 96):
        raise postcard.Malformed("decimal out of range")
    if kind == "Date" and not is_day(**content):
        raise postcard.Malformed("no such day")
    return 1


def is_day(year, month, day):
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return -9999 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]


def document_schema(name):
    for start, found in (
        ("certificate", schema.CERTIFICATE), ("consent request", schema.REQUEST),
        ("statement", schema.STATEMENT), ("erasure", schema.ERASURE), ("acceptance", schema.ACCEPTANCE),
        ("log head", schema.LOG_HEAD), ("escrow", schema.ESCROW),
        ("revocation", schema.REVOCATION), ("payload", schema.PAYLOAD),
    ):
        if name.startswith(start):
            return found
    raise KeyError(name)


class Checks:
    def __init__(self, vectors):
        self.vectors = vectors
        self.documents = {d["name"]: raw(d["bytes"]) for d in vectors["documents"]}

    def ids(self):
        for one in self.vectors["ids"]:
            assert s.id_text(one["prefix"], raw(one["bytes"])) == one["text"]

    def vault_id(self):
        one = self.vectors["vault_id"]
        assert s.public_of(raw(one["owner_seed"])).hex() == one["owner_key"]
        assert s.digest(s.VAULT_ID, raw(one["owner_key"]))[:16].hex() == one["vault"]

    def documents_read_back(self):
        for one in self.vectors["documents"]:
            found = document_schema(one["name"])
            value = postcard.read(found, raw(one["bytes"]))
            assert plain(value) == one["value"], one["name"]
            assert postcard.write(found, value).hex() == one["bytes"], one["name"]

    def payloads(self):
        for name, data in self.documents.items():
            if name.startswith("payload"):
                read_payload(data)

    def signatures(self):
        for one in self.vectors["signatures"]:
            data, label = self.documents[one["document"]], one["label"].encode()
            assert s.public_of(raw(one["seed"])).hex() == one["key"]
            assert s.digest(label, data).hex() == one["digest"]
            assert s.sign(raw(one["seed"]), label, data).hex() == one["signature"]
            s.verify(raw(one["key"]), label, data, raw(one["signature"]))

    def statements_follow_each_other(self):
        request = s.digest(s.REQUEST, self.documents["consent request"])
        grant = s.digest(s.GRANT_OF_REQUEST, request)[:16]
        assert self.vectors["grant_of_request"] == {"request": request.hex(), "grant": grant.hex()}
        digests = {}
        for one in self.vectors["chain"]:
            data = self.documents[one["document"]]
            statement = postcard.read(schema.STATEMENT, data)
            assert statement["request"] == request and statement["grant"] == grant
            first = statement["number"] == 1
            assert statement["previous"] == (bytes(32) if first else digests[statement["number"] - 1])
            digests[statement["number"]] = s.digest(s.STATEMENT, data)
            assert digests[statement["number"]].hex() == one["digest"]

    def slots_and_tags(self):
        one = self.vectors["grant_secret"]
        secret = s.grant_secret(raw(one["vault_secret"]), raw(one["grant"]), one["generation"])
        assert secret.hex() == one["secret"]
        assert s.keyed_hash(secret, s.SLOT, raw(one["record"])).hex() == one["slot"]
        assert s.keyed_hash(secret, s.CONTENT_TAG, raw(one["slot"]) + raw(one["payload"])).hex() == one["tag"]

    def padding(self):
        for one in self.vectors["padding"]:
            assert s.padded_length(one["length"]) == one["padded"]

    def entries(self):
        one = self.vectors["entry"]
        entry = postcard.read(schema.ENTRY, raw(one["bytes"]))
        assert plain(entry) == one["value"]
        put = entry["body"]["Put"]
        aad = s.entry_aad(
            raw(one["grant"]), one["generation"], one["statement"], entry["slot"], entry["rev"], put["category"]
        )
        assert aad.hex() == one["aad"]
        payload = s.open_entry(raw(one["key"]), put["nonce"], aad, put["ciphertext"])
        assert payload.hex() == one["payload"] and s.pad(payload).hex() == one["padded"]
        read_payload(payload)
        deletion = self.vectors["deletion"]
        assert plain(postcard.read(schema.ENTRY, raw(deletion["bytes"]))) == deletion["value"]

    def fingerprint(self):
        one = self.vectors["fingerprint"]
        items = [raw(item["slot"]) + raw(item["tag"]) for item in one["items"]]
        assert reconcile.fingerprint(items).hex() == one["fingerprint"]

    def reconciliations(self):
        for one in self.vectors["reconciliations"]:
            device, server = ([raw(item) for item in one[side]] for side in ("device", "server"))
            ours, theirs = [], []
            for asked, answered in zip(one["messages"][::2], one["messages"][1::2]):
                assert reconcile.answer(server, raw(asked)).hex() == answered, one["name"]
                reconcile.compare(device, raw(answered), ours, theirs)
            assert sorted(set(device) - set(server)) == ours == [raw(item) for item in one["only_device"]]
            assert sorted(set(server) - set(device)) == theirs == [raw(item) for item in one["only_server"]]

    def grant_key(self):
        one = self.vectors["grant_key"]
        secret, public = s.derive_key_pair(raw(one["holder_ikm"]))
        assert (secret.hex(), public.hex()) == (one["holder_secret"], one["holder"])
        grant, generation = raw(one["grant"]), one["generation"]
        assert s.grant_key_info(grant, generation).hex() == one["info"]
        opened = s.open_grant_key(secret, raw(one["enc"]), raw(one["ciphertext"]), grant, generation)
        assert opened.hex() == one["key"]
        assert s.key_commitment(opened, grant, generation).hex() == one["commitment"]

    def recovery(self):
        one = self.vectors["recovery"]
        signing, secret, public = s.code_key_pairs(s.code_bytes(one["code"]))
        assert (signing.hex(), secret.hex(), public.hex()) == (
            one["signing_seed"], one["sealing_secret"], one["sealing"],
        )
        key = s.public_of(signing)
        escrow = postcard.read(schema.ESCROW, self.documents["escrow"])
        holder = next(holder for holder in escrow["holders"] if holder["key"] == key)
        assert s.escrow_info(escrow["vault"], escrow["number"], key).hex() == one["info"]
        opened = s.open_sealed(secret, holder["enc"], holder["ciphertext"], raw(one["info"]))
        assert opened.hex() == one["secrets"]
        owner_key = s.public_of(postcard.read(schema.VAULT_SECRETS, opened)["owner"])
        assert escrow["vault"] == s.digest(s.VAULT_ID, owner_key)[:16]
        s.verify(key, s.RECOVERY_VOUCHER, escrow["vault"] + owner_key, holder["voucher"])
        proven = {name: raw(one[name]) for name in ("nonce", "device", "server")}
        assert postcard.write(schema.RECOVERY_PROOF, {"version": 1, **proven}).hex() == one["proven"]
        s.verify(key, s.RECOVERY_PROOF, raw(one["proven"]), raw(one["proof"]))
        revocation = next(f["value"] for f in self.vectors["frames"] if f["frame"] == "REVOKE")
        for signer, signature in ((owner_key, revocation["owner"]), (key, revocation["signature"])):
            s.verify(signer, s.REVOCATION, raw(revocation["bytes"]), raw(signature))

    def frames(self):
        for one in self.vectors["frames"]:
            data = raw(one["bytes"])
            name, body = read_frame(data)
            assert name == one["frame"] and plain(body) == one["value"], one["name"]
            kind, found = schema.FRAMES[name]
            assert bytes([kind]) + postcard.write(found, body) == data[4:], one["name"]
        assert {one["frame"] for one in self.vectors["frames"]} == set(schema.FRAMES), "a frame has no vector"

    def what_must_be_refused(self):
        for one in self.vectors["refused"]:
            reader, data = (read_frame, one.get("frame")) if "frame" in one else (read_payload, one["payload"])
            try:
                reader(raw(data))
            except postcard.Malformed:
                continue
            raise AssertionError(f"accepted: {one['why']}")


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("vectors.json")
    checks = Checks(json.loads(pathlib.Path(path).read_text(encoding="utf-8")))
    names = [name for name in vars(Checks) if not name.startswith("_")]
    for name in names:
        try:
            getattr(checks, name)()
        except Exception:
            traceback.print_exc()
            print(f"FAIL {name.replace('_', ' ')}")
            return 1
        print(f"ok   {name.replace('_', ' ')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
