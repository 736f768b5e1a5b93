//! The parser against the naive decoder.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oxipipe_fuzz::parser_vs_oracle(data));
