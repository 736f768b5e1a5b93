//! Any bytes to the parser.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oxipipe_fuzz::parser(data));
