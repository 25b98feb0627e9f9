#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(again) = vault_wire_fuzz::decoders::log_head(bytes) {
        assert_eq!(again, bytes);
    }
});
