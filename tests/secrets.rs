//! Passwords are erased wherever the library held them (Z11).
//!
//! An allocator that looks into every block it is given back shows it, so this file has a process to itself.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use oxipipe::resp::encode_secret_commands;
use oxipipe::{Client, Options, Secret};
use support::live_server::LiveServer;

const PASSWORD: &str = "correct-horse-battery-staple";

/// Counts the blocks that are given back with the password in them.
struct Watchful;

static LEAKS: AtomicUsize = AtomicUsize::new(0);

fn look(pointer: *const u8, len: usize) {
    let needle = PASSWORD.as_bytes();
    // SAFETY: the block is still the caller's. What was never written in it is whatever the system left there.
    let byte = |at: usize| unsafe { pointer.add(at).read_volatile() };
    let found = (0..(len + 1).saturating_sub(needle.len()))
        .any(|at| needle.iter().enumerate().all(|(offset, expected)| byte(at + offset) == *expected));
    if found {
        LEAKS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: forwards to the system allocator; looking neither allocates nor unwinds.
unsafe impl GlobalAlloc for Watchful {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `System` asks for. Zeroed, so that no old block shows through.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        look(pointer, layout.size());
        // SAFETY: as above; the block came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watchful = Watchful;

/// Blocks that were given back with the password in them while `run` ran. The threads of a test harness hold no password.
fn leaks(run: impl FnOnce()) -> usize {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = LEAKS.load(Ordering::Relaxed);
    run();
    LEAKS.load(Ordering::Relaxed) - before
}

#[test]
fn the_allocator_looks() {
    assert_eq!(leaks(|| drop(std::hint::black_box(PASSWORD.to_owned()))), 1);
}

#[test]
fn options_erase_the_password() {
    let leaks = leaks(|| {
        let options = Options::from_url(concat!("redis://me:", "correct-horse-battery-staple", "@host/1"));
        let copy = options.clone().unwrap();
        let text = format!("{options:?} {copy:?}");
        assert!(!text.contains("horse"), "{text}");
        let mut changed = copy.clone();
        changed.password = Some(Secret::new(PASSWORD));
        changed.password = None;
        drop(Options::from_url("redis://host?password=correct-horse-battery-staple").unwrap());
        drop(Options::from_url("unix://:correct%2Dhorse%2Dbattery%2Dstaple@/run/redis.sock").unwrap());
    });
    assert_eq!(leaks, 0);
}

#[test]
fn a_url_that_is_refused_leaves_no_password_behind() {
    for url in [
        "redis://:correct-horse-battery-staple%ff@host",
        "redis://:correct-horse-battery-staple%zz@host",
        "redis://:correct-horse-battery-staple@host:port",
        "redis://host?password=correct-horse-battery-staple&nope=1",
        "redis://host?nope=correct-horse-battery-staple",
        "redis://host?timeout=correct-horse-battery-staple",
        "redis://:correct-horse-battery-staple@host?user_timeout=1e10",
    ] {
        assert_eq!(leaks(|| drop(Options::from_url(url).unwrap_err())), 0, "{url}");
    }
}

#[test]
fn encoded_credentials_are_erased_and_leave_no_copy_while_they_are_written() {
    let filler = "x".repeat(1000);
    let leaks = leaks(|| {
        let hello = vec!["HELLO", "3", "AUTH", "me", PASSWORD];
        let encoded = encode_secret_commands(&[hello, vec!["AUTH", PASSWORD], vec!["SETNAME", &filler]]);
        let text = String::from_utf8_lossy(&encoded);
        assert!(text.starts_with("*5\r\n$5\r\nHELLO\r\n") && text.matches(PASSWORD).count() == 2);
    });
    assert_eq!(leaks, 0);
}

#[cfg(feature = "capi")]
#[test]
fn setters_of_the_c_abi_erase_the_password() {
    use oxipipe::ffi::{
        oxp_options_free, oxp_options_new, oxp_options_set_db, oxp_options_set_host, oxp_options_set_password,
    };
    let leaks = leaks(|| {
        let mut options = std::ptr::null_mut();
        // SAFETY: the handle is live from its making to its freeing, and every text has its length.
        unsafe {
            assert_eq!(oxp_options_new(&raw mut options), 0);
            assert_eq!(oxp_options_set_password(options, PASSWORD.as_ptr().cast(), PASSWORD.len()), 0);
            assert_eq!(oxp_options_set_db(options, 3), 0);
            assert_eq!(oxp_options_set_host(options, "a\0b".as_ptr().cast(), 3), -1);
            assert_eq!(oxp_options_set_password(options, "other".as_ptr().cast(), 5), 0);
            oxp_options_free(options);
        }
    });
    assert_eq!(leaks, 0);
}

#[test]
fn greeting_a_server_leaves_no_password_behind() {
    let server = LiveServer::with(&["--requirepass", PASSWORD]);
    let mut options = server.options();
    options.password = Some(Secret::new(PASSWORD));
    let left = leaks(|| {
        let client = Client::new(options.clone());
        client.connect().unwrap();
        let mut wrong = options;
        wrong.username = Some("nobody".into());
        assert!(Client::new(wrong).connect().is_err());
        client.close();
    });
    assert_eq!(left, 0);
}
