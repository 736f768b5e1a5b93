//! The version of the library that is actually loaded.

use std::ffi::{CStr, c_char};

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(text) => text,
    Err(_) => panic!("the version is a C string"),
};

const NUMBER: u32 = (component(env!("CARGO_PKG_VERSION_MAJOR")) << 16)
    | (component(env!("CARGO_PKG_VERSION_MINOR")) << 8)
    | component(env!("CARGO_PKG_VERSION_PATCH"));

/// The version of the loaded library as text, such as "0.1.0"; static. OXP_VERSION is the version
/// of the header.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn oxp_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The version of the loaded library as a number that can be compared: major << 16 | minor << 8 |
/// patch, composed like OXP_VERSION_NUMBER.
///
/// Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn oxp_version_number() -> u32 {
    NUMBER
}

const fn component(text: &str) -> u32 {
    let digits = text.as_bytes();
    let mut number = 0;
    let mut i = 0;
    while i < digits.len() {
        number = number * 10 + (digits[i] - b'0') as u32;
        i += 1;
    }
    assert!(number < 256, "one byte per component");
    number
}
