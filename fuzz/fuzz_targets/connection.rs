//! A connection against its naive model: see `src/proto/connection/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oxipipe::fuzzing::connection(data));
