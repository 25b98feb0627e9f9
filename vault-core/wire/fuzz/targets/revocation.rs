#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(again) = vault_wire_fuzz::decoders::revocation(bytes) {
        assert_eq!(again, bytes);
    }
});
