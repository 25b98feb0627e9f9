#!/usr/bin/env python3
"""The Python helper against the vectors that the Rust helper is tested with.

    python3 test_vault_open.py
"""

import copy
import json
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

import vault_open

HERE = pathlib.Path(__file__).parent
VECTORS = json.loads((HERE.parent / "vectors.json").read_text())
KEY = vault_open.read_key(VECTORS["sealing_key"])


class Vectors(unittest.TestCase):
    def test_the_key_is_the_one_that_was_registered(self):
        self.assertEqual(KEY.public_key().public_bytes_raw().hex(), VECTORS["public"]["sealing_key"])

    def test_the_answer_opens_to_the_same_json(self):
        before = copy.deepcopy(VECTORS["answer"])
        self.assertEqual(vault_open.open_answer(VECTORS["answer"], KEY), VECTORS["opened"])
        self.assertEqual(VECTORS["answer"], before, "the argument was changed")

    def test_what_was_changed_does_not_open(self):
        errors = {
            "key": vault_open.WrongKey, "record": vault_open.BadRecord,
            "answer": vault_open.NotAnAnswer, "refused": vault_open.Refused,
        }
        for case in VECTORS["refused"]:
            with self.subTest(case["name"]), self.assertRaises(errors[case["why"]]):
                vault_open.open_answer(case["answer"], KEY)

    def test_another_key_opens_nothing_and_the_one_before_a_change_still_does(self):
        other = vault_open.X25519PrivateKey.generate()
        with self.assertRaises(vault_open.WrongKey):
            vault_open.open_answer(VECTORS["answer"], other)
        self.assertEqual(vault_open.open_answer(VECTORS["answer"], other, KEY), VECTORS["opened"])

    def test_an_answer_that_is_not_sealed_comes_back_as_it_is(self):
        plain = {"data": [{"id": "rec_1", "fields": {"brand": "Acme"}}], "grant": {"id": "g"}}
        self.assertEqual(vault_open.open_answer(plain, KEY), plain)


class Command(unittest.TestCase):
    def run_it(self, *arguments, given=""):
        command = [sys.executable, HERE / "vault_open.py", *arguments]
        return subprocess.run(command, input=given, capture_output=True, text=True, encoding="utf-8")

    def test_keys_are_made_once_and_for_their_owner_only(self):
        with tempfile.TemporaryDirectory() as folder:
            made = self.run_it("keygen", folder)
            self.assertEqual(set(json.loads(made.stdout)), {"sealing_key", "signing_key"})
            file = pathlib.Path(folder, "sealing-key.pem")
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            self.assertNotEqual(self.run_it("keygen", folder).returncode, 0, "a key was overwritten")
            given = json.dumps(VECTORS["answer"])
            refused = self.run_it("open", "--key", file, given=given)
            self.assertIn("WrongKey", refused.stderr)
            file.write_text(VECTORS["sealing_key"])
            opened = self.run_it("open", "--key", file, given=given)
            self.assertEqual(json.loads(opened.stdout), VECTORS["opened"])


if __name__ == "__main__":
    unittest.main()
