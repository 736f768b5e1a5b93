//! Commands written and read back.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oxipipe_fuzz::encode(data));
