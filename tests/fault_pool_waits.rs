//! Who waits for a pool: what an error about the wait says, and whom a slow command holds up.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oxipipe::{Completions, ErrorKind, Interrupt, Pool, Pulled};
use support::fake_server::FakeServer;
use support::live_server::LiveServer;
use support::{LONG, int, promptly};

#[test]
fn a_wait_that_was_interrupted_says_nothing_of_commands_that_go_on() {
    let server = FakeServer::start("EXPECT INCR n\nWAIT go\nSEND :1\\r\\n\nOBEY");
    let stop = Arc::new(AtomicBool::new(false));
    let hook = Arc::clone(&stop);
    let mut options = server.options();
    options.interrupt = Some(Interrupt::new(move || hook.load(Ordering::Relaxed)));
    let pool = Pool::new(options, 1).unwrap();
    pool.submit(&["INCR", "n"], Some(7)).unwrap();
    server.wait_heard(1);
    stop.store(true, Ordering::Relaxed);
    let mut batch = Completions::new();
    let errors = promptly(|| {
        [
            pool.next(&mut batch, None).map(drop).unwrap_err(),
            pool.drain(&mut batch, None).unwrap_err(),
            pool.flush(None).map(drop).unwrap_err(),
        ]
    });
    stop.store(false, Ordering::Relaxed);
    for error in errors {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Interrupted, None), "{error:?}");
    }
    server.open("go");
    assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
    assert_eq!(int(&batch.get(0).unwrap().reply().unwrap()), 1);
}

#[test]
fn a_wait_whose_time_is_up_says_nothing_of_commands_that_go_on() {
    let server = FakeServer::start("EXPECT INCR n\nWAIT go\nSEND :1\\r\\n\nOBEY");
    let pool = Pool::new(server.options(), 1).unwrap();
    pool.submit(&["INCR", "n"], Some(7)).unwrap();
    server.wait_heard(1);
    let mut batch = Completions::new();
    let brief = Some(Duration::from_millis(10));
    for error in [pool.drain(&mut batch, brief).unwrap_err(), pool.flush(brief).map(drop).unwrap_err()] {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, None), "{error:?}");
    }
    assert_eq!(pool.next(&mut batch, brief).unwrap(), Pulled::TimedOut);
    server.open("go");
    assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
    assert_eq!(int(&batch.get(0).unwrap().reply().unwrap()), 1);
}

#[test]
fn a_wait_for_everything_that_fails_leaves_nothing_of_an_earlier_one() {
    let server =
        FakeServer::start("EXPECT INCR n\nSEND :1\\r\\n\nEXPECT INCR n\nWAIT go\nSEND :2\\r\\n\nOBEY");
    let pool = Pool::new(server.options(), 1).unwrap();
    pool.submit(&["INCR", "n"], Some(7)).unwrap();
    let mut batch = Completions::new();
    pool.drain(&mut batch, Some(LONG)).unwrap();
    assert_eq!(batch.len(), 1);
    pool.submit(&["INCR", "n"], Some(8)).unwrap();
    pool.drain(&mut batch, Some(Duration::from_millis(10))).unwrap_err();
    assert_eq!(batch.len(), 0);
    server.open("go");
    pool.drain(&mut batch, Some(LONG)).unwrap();
    assert_eq!(batch.get(0).unwrap().token, 8);
}

#[test]
fn a_slow_command_holds_up_nobody_as_long_as_a_connection_can_be_made() {
    let server = FakeServer::start("OBEY SORT slow\nWAIT go\nSEND +late\\r\\n\nOBEY");
    let pool = Pool::new(server.options(), 4).unwrap();
    pool.submit(&["SORT", "slow"], Some(1)).unwrap();
    server.wait_heard(1);
    // From then on its connection counts as one that is stuck.
    std::thread::sleep(Duration::from_millis(20));
    let mut batch = Completions::new();
    for token in 2..5 {
        pool.submit(&["PING"], Some(token)).unwrap();
        let pulled = promptly(|| pool.next(&mut batch, Some(LONG / 2)).unwrap());
        assert_eq!(pulled, Pulled::Some, "it waits behind the slow one");
        assert_eq!(batch.get(0).unwrap().token, token);
    }
    server.open("go");
    assert_eq!(pool.next(&mut batch, Some(LONG)).unwrap(), Pulled::Some);
    assert_eq!(batch.get(0).unwrap().token, 1);
}

#[test]
fn a_connection_lost_where_another_is_refused_is_waited_for_all_the_same() {
    let server = LiveServer::start();
    let witness = server.client();
    let say = |line: &str| witness.command(&line.split(' ').collect::<Vec<_>>()).unwrap();
    let mut options = server.options();
    options.timeout = Some(Duration::from_secs(3));
    let pool = Pool::new(options, 2).unwrap();
    pool.submit(&["PING"], Some(1)).unwrap();
    let mut batch = Completions::new();
    pool.drain(&mut batch, Some(LONG)).unwrap();
    // Besides the witness and one of the pool nobody has room; and that one is busy with a write that has to wait.
    say("CONFIG SET maxclients 2");
    say("CLIENT PAUSE 100000 WRITE");
    pool.submit(&["INCR", "n"], Some(2)).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    // So this one looks for another connection, for as long as anything can wait.
    pool.submit(&["PING"], Some(3)).unwrap();
    promptly(|| pool.drain(&mut batch, Some(LONG)).unwrap());
    say("CLIENT UNPAUSE");
    // Now the good one ends, and for a while there is no room for any.
    say("CONFIG SET maxclients 1");
    say("CLIENT KILL TYPE normal SKIPME yes");
    for token in 4..8 {
        pool.submit(&["PING"], Some(token)).unwrap();
    }
    std::thread::sleep(Duration::from_millis(300));
    say("CONFIG SET maxclients 100");
    promptly(|| pool.drain(&mut batch, Some(LONG)).unwrap());
    for completion in batch.iter() {
        assert!(completion.error.is_none(), "{:?}", completion.error);
    }
}
