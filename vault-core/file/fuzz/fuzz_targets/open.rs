#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vault_file_fuzz::open(data));
