//! The parser with its input cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oxipipe_fuzz::split_anywhere(data));
