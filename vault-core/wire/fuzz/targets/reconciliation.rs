#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vault_wire_fuzz::messages::reconciliation(bytes));
