//! Where memory cannot be had there is an error for whoever asked for much, and the process lives (M05).

mod support;

use std::time::Duration;

use oxipipe::{Client, Completion, Completions, ErrorKind, Outcome, Pipeline, Pool};
use support::live_server::LiveServer;
use support::own_process::in_own_process;
use support::{LONG, assert_error, promptly, text};

/// No more address space than this for the whole process, from now on.
fn limit_memory(bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: the structure is valid for the call, and this process runs nothing but this test.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
}

/// Address space of this process in bytes.
fn address_space() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').next().unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn a_string_that_does_not_fit_is_an_error_and_the_client_goes_on() {
    in_own_process("a_string_that_does_not_fit_is_an_error_and_the_client_goes_on", || {
        let server = LiveServer::start();
        let client = Client::new(server.options());
        client.command(&["SETRANGE", "big", "314572799", "x"]).unwrap();
        limit_memory(400 << 20);
        for _ in 0..3 {
            let error = promptly(|| client.command(&["GET", "big"]).unwrap_err());
            assert_error(&error, ErrorKind::NoMemory, Outcome::Unknown);
            assert_eq!(text(&client.command(&["ECHO", "token"]).unwrap()), "token");
        }
        let mut pipeline = client.pipeline();
        pipeline.command(&["ECHO", "first"]).unwrap().command(&["GET", "big"]).unwrap();
        let error = promptly(|| pipeline.execute().unwrap_err());
        assert_error(&error, ErrorKind::NoMemory, Outcome::Unknown);
        assert_eq!(error.progress().unwrap().replied, 1);
        assert_eq!(text(&client.command(&["ECHO", "token"]).unwrap()), "token");
    });
}

#[test]
fn an_array_that_does_not_fit_is_an_error_and_the_client_goes_on() {
    in_own_process("an_array_that_does_not_fit_is_an_error_and_the_client_goes_on", || {
        let server = LiveServer::start();
        let client = Client::new(server.options());
        // 64 MB of nodes. Far below it, so that whatever else the process needs is there.
        let script = "local t = {} for i = 1, 4000000 do t[i] = 1 end return t";
        limit_memory(address_space() + (48 << 20));
        let error = promptly(|| client.command(&["EVAL", script, "0"]).unwrap_err());
        assert_error(&error, ErrorKind::NoMemory, Outcome::Unknown);
        assert_eq!(text(&client.command(&["ECHO", "token"]).unwrap()), "token");
    });
}

#[test]
fn results_that_nobody_pulls_fail_one_by_one_when_memory_is_used_up() {
    in_own_process("results_that_nobody_pulls_fail_one_by_one_when_memory_is_used_up", || {
        let server = LiveServer::start();
        let pool = pool_without_bounds(&server, false);
        set_string(&server, 8 << 20);
        limit_memory(address_space() + (200 << 20));
        let mut token = 0;
        let mut failed = 0;
        while failed < 2 {
            // Behind the large one comes what is gathered reply by reply.
            pool.submit(&["GET", "big"], Some(token)).unwrap();
            let mut pipeline = Pipeline::detached(false);
            pipeline.command(&["ECHO", "token"]).unwrap().command(&["ECHO", "token"]).unwrap();
            pool.submit_pipeline(&mut pipeline, Some(token + 1)).unwrap();
            token += 2;
            failed += pool.flush(Some(LONG)).unwrap().0;
            assert!(token < 60, "memory is limited");
        }
        check(&pool, token, 8 << 20);
    });
}

#[test]
fn results_that_are_held_back_fail_one_by_one_when_memory_is_used_up() {
    in_own_process("results_that_are_held_back_fail_one_by_one_when_memory_is_used_up", || {
        let server = LiveServer::start();
        let pool = pool_without_bounds(&server, true);
        set_string(&server, 1 << 20);
        pool.submit(&["BLPOP", "nothing", "3"], Some(0)).unwrap();
        pool.next(&mut Completions::new(), Some(Duration::from_millis(50))).unwrap();
        limit_memory(address_space() + (100 << 20));
        for token in 1..200 {
            pool.submit(&["GET", "big"], Some(token)).unwrap();
        }
        assert!(pool.flush(Some(LONG)).unwrap().0 > 0, "memory is limited");
        check(&pool, 200, 1 << 20);
    });
}

fn pool_without_bounds(server: &LiveServer, ordered_results: bool) -> Pool {
    let mut options = server.options();
    options.ordered_results = ordered_results;
    options.queue.bytes = u64::MAX;
    let pool = Pool::new(options, 1).unwrap();
    pool.connect().unwrap();
    pool
}

fn set_string(server: &LiveServer, len: usize) {
    let client = Client::new(server.options());
    client.command(&["SETRANGE", "big", &(len - 1).to_string(), "x"]).unwrap();
}

/// All submissions up to this token have completed once, whole or for want of memory, and the pool goes on.
#[track_caller]
fn check(pool: &Pool, end: u64, len: usize) {
    let mut batch = Completions::new();
    pool.drain(&mut batch, Some(LONG)).unwrap();
    let mut tokens: Vec<_> = batch.iter().map(|completion| completion.token).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, (0..end).collect::<Vec<_>>());
    let is_whole = |completion: &Completion<'_>| match completion.error {
        Some(error) => {
            assert_error(error, ErrorKind::NoMemory, Outcome::Unknown);
            false
        }
        None => {
            let strings = completion.nodes.iter().map(|node| node.len as usize).collect::<Vec<_>>();
            assert!(matches!(strings[..], [0] | [5, 5]) || strings == [len], "{strings:?}");
            true
        }
    };
    let whole = batch.iter().filter(is_whole).count();
    assert!(whole > 10 && whole < batch.len(), "{whole} of {}", batch.len());
    pool.submit(&["ECHO", "token"], Some(end)).unwrap();
    pool.drain(&mut batch, Some(LONG)).unwrap();
    assert_eq!(batch.get(0).unwrap().bytes, b"token");
}
