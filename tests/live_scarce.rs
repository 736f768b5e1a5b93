//! Without descriptors or threads there is an error that says so, and that nothing was applied (C16).

mod support;

use std::fs::File;

use oxipipe::{Async, Client, Completions, ErrorKind, Outcome, Pool};
use support::live_server::LiveServer;
use support::own_process::in_own_process;
use support::{assert_error, int, promptly};

fn limit(resource: libc::__rlimit_resource_t, most: u64) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: the structure is valid for the call, and this process runs nothing but this test.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}

/// Takes all descriptors but `left`.
fn take_descriptors(left: usize) -> Vec<File> {
    limit(libc::RLIMIT_NOFILE, 64);
    let mut hoard: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    hoard.truncate(hoard.len() - left);
    hoard
}

/// Leaves the process so much more address space than it has.
fn leave_memory(bytes: u64) {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
    limit(libc::RLIMIT_AS, pages * 4096 + bytes);
}

#[test]
fn a_resolver_without_a_thread_is_an_error() {
    in_own_process("a_resolver_without_a_thread_is_an_error", || {
        let server = LiveServer::start();
        let mut options = server.tcp_options();
        let client = Client::new(options.clone());
        options.host = "localhost".into();
        // Less than a stack.
        leave_memory(1 << 20);
        let error = promptly(|| Client::new(options).command(&["INCR", "n"]).unwrap_err());
        assert_error(&error, ErrorKind::Resolve, Outcome::NotApplied);
        assert_eq!(error.os_error(), Some(libc::EAGAIN), "{error:?}");
        assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
    });
}

#[test]
fn a_pool_without_a_thread_is_an_error() {
    in_own_process("a_pool_without_a_thread_is_an_error", || {
        let server = LiveServer::start();
        let pool = Pool::new(server.options(), 2).unwrap();
        leave_memory(1 << 20);
        let error = promptly(|| pool.submit(&["INCR", "n"], Some(1)).unwrap_err());
        assert_error(&error, ErrorKind::Io, Outcome::NotApplied);
    });
}

#[test]
fn a_pool_and_an_event_loop_client_without_descriptors_are_errors() {
    in_own_process("a_pool_and_an_event_loop_client_without_descriptors_are_errors", || {
        let server = LiveServer::start();
        for left in 0..3 {
            let pool = Pool::new(server.options(), 2).unwrap();
            let _hoard = take_descriptors(left);
            let error = promptly(|| pool.submit(&["INCR", "n"], Some(1)).unwrap_err());
            assert_error(&error, ErrorKind::Io, Outcome::NotApplied);
            assert_eq!(error.os_error(), Some(libc::EMFILE), "{error:?}");
            let error = Async::new(server.options()).map(drop).unwrap_err();
            assert_error(&error, ErrorKind::Io, Outcome::NotApplied);
            assert_eq!(error.os_error(), Some(libc::EMFILE), "{error:?}");
        }
    });
}

#[test]
fn a_connection_without_descriptors_fails_what_was_submitted() {
    in_own_process("a_connection_without_descriptors_fails_what_was_submitted", || {
        let server = LiveServer::start();
        let pool = Pool::new(server.options(), 1).unwrap();
        let _hoard = take_descriptors(3);
        pool.submit(&["INCR", "n"], Some(1)).unwrap();
        let mut results = Completions::new();
        promptly(|| pool.next(&mut results, None).unwrap());
        let result = results.get(0).unwrap();
        assert_error(result.error.unwrap(), ErrorKind::Connect, Outcome::NotApplied);
        assert_eq!(result.error.unwrap().os_error(), Some(libc::EMFILE));
    });
}
