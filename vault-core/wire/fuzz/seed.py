#!/usr/bin/env python3
"""Fills the corpus with the samples of tests/vectors/vectors.json. What fuzzing has found stays."""

import json
import pathlib

here = pathlib.Path(__file__).parent
vectors = json.loads((here / "../../../tests/vectors/vectors.json").read_text())


def keep(target, name, data):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ("vector-" + name.lower().replace(" ", "-"))).write_bytes(data)


for document in vectors["documents"]:
    name, data = document["name"], bytes.fromhex(document["bytes"])
    kinds = {"certificate": "certificate", "consent": "request", "statement": "statement", "erasure": "erasure",
             "acceptance": "acceptance", "payload": "payload", "log": "log"}
    target = kinds.get(name.split()[0])
    if target:
        keep(target, name, data)
for frame in vectors["frames"]:
    data = bytes.fromhex(frame["bytes"])
    keep("frame", frame["name"], data[4:])
    keep("stream", frame["name"], bytes([len(data) // 2 % 256]) + data)
for number, refused in enumerate(vectors["refused"]):
    if "frame" in refused:
        data = bytes.fromhex(refused["frame"])
        keep("frame", f"refused {number}", data[4:])
        keep("stream", f"refused {number}", b"\x03" + data)
for reconciliation in vectors["reconciliations"]:
    for number, message in enumerate(reconciliation["messages"]):
        keep("reconciliation", f"{reconciliation['name']} {number}", bytes.fromhex(message))
