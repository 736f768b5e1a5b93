//! Commands that wait on the server, and connections of one's own.

mod support;

use std::thread;
use std::time::{Duration, Instant};

use oxipipe::{Async, Client, ErrorKind, Outcome, Pool, Reply};
use support::fake_server::FakeServer;
use support::live_server::LiveServer;
use support::pace::once_more_after_a_stall;
use support::{LONG, assert_error, eventually, int, promptly, text};

fn run(client: &Client, line: &str) -> Reply {
    client.command(&line.split(' ').collect::<Vec<_>>()).unwrap()
}

/// Waits until the server holds back that many connections.
fn until_blocked(server: &LiveServer, count: usize) {
    let observer = server.client();
    eventually("blocked clients", || {
        text(&run(&observer, "INFO clients")).contains(&format!("blocked_clients:{count}\r\n"))
    });
}

fn connections(client: &Client) -> usize {
    text(&run(client, "CLIENT LIST")).lines().count()
}

#[test]
fn a_blocking_command_delays_nobody_and_ends_when_there_is_something() {
    let server = LiveServer::start();
    let client = server.client();
    thread::scope(|scope| {
        let popped = scope.spawn(|| run(&client, "BLPOP list 0"));
        until_blocked(&server, 1);
        for n in 1..=100 {
            assert_eq!(int(&promptly(|| run(&client, "INCR n"))), n);
        }
        run(&client, "RPUSH list x");
        assert_eq!(popped.join().unwrap().root().get(1).unwrap().as_str(), Some("x"));
    });
}

#[test]
fn the_commands_own_time_comes_on_top_of_the_deadline() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(400));
        let client = Client::new(options);
        // Longer than the deadline of an ordinary call.
        for line in ["BLPOP nothing 0.6", "XREAD BLOCK 600 STREAMS nothing $"] {
            assert!(promptly(|| run(&client, line)).root().is_null(), "{line}");
        }
    });
}

#[test]
fn waiting_for_replicas_counts_the_writes_of_its_own_connection_and_so_wants_a_lease() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(400));
        let client = Client::new(options);
        let refused = client.command(&["WAIT", "1", "500"]).unwrap_err();
        assert_eq!((refused.kind(), refused.outcome()), (ErrorKind::Refused, Some(Outcome::NotApplied)));
        assert!(refused.message().contains("lease"), "{refused}");
        let lease = client.lease().unwrap();
        run(&lease, "SET k v");
        // No replica there: the server waits, longer than the deadline of an ordinary call, and counts none.
        assert_eq!(int(&promptly(|| run(&lease, "WAIT 1 600"))), 0);
    });
}

#[test]
fn a_blocking_command_on_a_server_that_stands_still_meets_its_deadline_and_closes_its_connection_only() {
    once_more_after_a_stall(|| {
        let server = LiveServer::start();
        let mut options = server.options();
        options.timeout = Some(Duration::from_millis(300));
        let client = Client::new(options);
        let id = int(&run(&client, "CLIENT ID"));
        let observer = server.client();
        // Writes are held back, and BLPOP is one, whatever its timeout.
        run(&observer, "CLIENT PAUSE 100000 WRITE");
        let start = Instant::now();
        let error = promptly(|| client.command(&["BLPOP", "nothing", "0.1"]).unwrap_err());
        assert_error(&error, ErrorKind::Timeout, Outcome::Unknown);
        assert!(start.elapsed() >= Duration::from_millis(400));
        assert_eq!(int(&run(&client, "CLIENT ID")), id);
    });
}

#[test]
fn idle_connections_are_used_again_and_few_are_kept() {
    let server = LiveServer::start();
    let (client, observer) = (server.client(), server.client());
    for _ in 0..20 {
        run(&client, "BLPOP nothing 0.001");
    }
    assert_eq!(connections(&observer), 3);
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..16).map(|_| scope.spawn(|| run(&client, "BLPOP list 0"))).collect();
        until_blocked(&server, 16);
        for _ in 0..16 {
            run(&observer, "RPUSH list x");
        }
        drop(waiting);
    });
    eventually("the others to be closed", || connections(&observer) <= 2 + 8);
}

#[test]
fn closing_wakes_blocked_calls_and_closes_leases() {
    let server = LiveServer::start();
    let client = server.client();
    let lease = client.lease().unwrap();
    thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..3).map(|_| scope.spawn(|| client.command(&["BLPOP", "nothing", "0"]))).collect();
        until_blocked(&server, 3);
        client.close();
        for waiting in waiting {
            assert_error(
                &promptly(|| waiting.join().unwrap()).unwrap_err(),
                ErrorKind::Closed,
                Outcome::Unknown,
            );
        }
    });
    for error in [
        client.command(&["BLPOP", "nothing", "1"]).unwrap_err(),
        client.lease().err().unwrap(),
        lease.command(&["PING"]).unwrap_err(),
    ] {
        assert_error(&error, ErrorKind::Closed, Outcome::NotApplied);
    }
}

#[test]
fn a_lease_watches_and_selects_without_touching_the_shared_connection() {
    let server = LiveServer::start();
    let client = server.client();
    let error = client.command(&["WATCH", "k"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.message().contains("lease a connection of your own from the client or pool"), "{error}");

    let lease = client.lease().unwrap();
    run(&lease, "WATCH k");
    run(&client, "SET k other");
    let mut transaction = lease.transaction();
    transaction.command(&["SET", "k", "mine"]).unwrap();
    assert!(transaction.execute().unwrap().root().is_null());
    assert_eq!(text(&run(&client, "GET k")), "other");

    for (line, reply) in
        [("MULTI", "OK"), ("INCR n", "QUEUED"), ("SELECT 1", "QUEUED"), ("SET d 1", "QUEUED")]
    {
        assert_eq!(text(&run(&lease, line)), reply);
    }
    assert_eq!(run(&lease, "EXEC").root().len(), 3);
    assert!(run(&client, "GET d").root().is_null());
    // Replication is no conversation at all.
    let error = lease.command(&["SYNC"]).unwrap_err();
    assert_error(&error, ErrorKind::Refused, Outcome::NotApplied);
}

#[test]
fn what_only_a_lease_may_do_is_not_submitted_to_others() {
    let server = LiveServer::start();
    let client = Client::new(server.options());
    let pool = Pool::new(server.options(), 1).unwrap();
    let mut event_loop = Async::new(server.options()).unwrap();
    let mut pipeline = client.lease().unwrap().pipeline();
    for line in ["SELECT 1", "MULTI", "WATCH k", "WAIT 0 1"] {
        pipeline.command(&["PING"]).unwrap().command(&line.split(' ').collect::<Vec<_>>()).unwrap();
        for error in [
            pool.submit_pipeline(&mut pipeline, None).unwrap_err(),
            event_loop.submit_pipeline(&mut pipeline, 1).unwrap_err(),
        ] {
            assert_error(&error, ErrorKind::Refused, Outcome::NotApplied);
            assert!(error.message().contains("lease a connection of your own"), "{error}");
        }
        assert_eq!(pipeline.len(), 2);
        pipeline.reset();
    }
    pipeline.command(&["SET", "k", "v"]).unwrap();
    pool.submit_pipeline(&mut pipeline, None).unwrap();
    pool.flush(Some(LONG)).unwrap();
    assert_eq!(text(&run(&client, "GET k")), "v");
}

#[test]
fn a_clean_lease_is_lent_again_and_a_changed_one_is_not() {
    let server = LiveServer::start();
    let client = server.client();
    let id = |lease: &Client| int(&run(lease, "CLIENT ID"));
    let first = client.lease().unwrap();
    assert_eq!(text(&run(&first, "ECHO x")), "x");
    drop(first);
    let observer = server.client();
    let before = connections(&observer);
    let second = client.lease().unwrap();
    assert_eq!(connections(&observer), before, "the same one again");
    run(&second, "SELECT 1");
    let changed = id(&second);
    drop(second);
    let third = client.lease().unwrap();
    assert_ne!(id(&third), changed);
    assert!(text(&run(&third, "CLIENT INFO")).contains(" db=0 "));
}

#[test]
fn a_lost_lease_stays_lost() {
    let server = LiveServer::start();
    let client = server.client();
    let lease = client.lease().unwrap();
    run(&lease, "SELECT 1");
    let id = int(&run(&lease, "CLIENT ID")).to_string();
    run(&client, &format!("CLIENT KILL ID {id}"));
    for _ in 0..2 {
        let error = promptly(|| lease.command(&["INCR", "n"]).unwrap_err());
        assert_error(&error, ErrorKind::Disconnected, Outcome::NotApplied);
        assert!(error.message().contains("lease another"), "{error}");
    }
    assert_eq!(int(&run(&client.lease().unwrap(), "INCR n")), 1);
}

#[test]
fn a_pipeline_with_a_blocking_command_keeps_its_order_and_delays_nobody() {
    let server = LiveServer::start();
    for eager_bytes in [0, 1, 16 * 1024] {
        let mut options = server.options();
        options.eager_bytes = eager_bytes;
        options.timeout = Some(LONG);
        let client = Client::new(options);
        run(&client, "DEL list ledger");
        thread::scope(|scope| {
            let replies = scope.spawn(|| {
                let mut pipeline = client.pipeline();
                for line in
                    ["RPUSH ledger a", "RPUSH ledger b", "BLPOP list 0", "RPUSH ledger c", "LLEN ledger"]
                {
                    pipeline.command(&line.split(' ').collect::<Vec<_>>()).unwrap();
                }
                pipeline.execute().unwrap()
            });
            until_blocked(&server, 1);
            assert_eq!(int(&promptly(|| run(&client, "LLEN ledger"))), 2);
            run(&client, "RPUSH list x");
            let replies = replies.join().unwrap();
            let root = replies.root();
            assert_eq!(root.len(), 5);
            assert_eq!(root.get(2).unwrap().get(1).unwrap().as_str(), Some("x"));
            assert_eq!(root.get(4).unwrap().as_int(), Some(3));
        });
        // In a transaction nothing waits.
        let mut transaction = client.transaction();
        transaction.command(&["BLPOP", "nothing", "0"]).unwrap();
        assert!(promptly(|| transaction.execute()).unwrap().root().get(0).unwrap().is_null());
    }
}

#[test]
fn the_server_is_asked_once_about_a_command_that_the_table_does_not_know() {
    let server = FakeServer::start(
        "EXPECT COMMAND INFO X.WAIT
         SEND *1\\r\\n*3\\r\\n+x.wait\\r\\n:2\\r\\n*2\\r\\n+write\\r\\n+blocking\\r\\n
         EXPECT COMMAND INFO X.GO
         SEND *1\\r\\n*3\\r\\n+x.go\\r\\n:1\\r\\n*1\\r\\n+fast\\r\\n
         EXPECT x.go
         SEND +gone\\r\\n
         EXPECT x.go
         SEND +gone\\r\\n
         CONNECTION
         EXPECT x.wait k
         SEND +waited\\r\\n
         EXPECT x.go
         EXPECT x.wait k
         SEND +gone\\r\\n+waited\\r\\n",
    );
    let client = Client::new(server.options());
    assert_eq!(text(&run(&client, "x.wait k")), "waited");
    assert_eq!(text(&run(&client, "x.go")), "gone");
    assert_eq!(text(&run(&client, "x.go")), "gone");
    let mut pipeline = client.pipeline();
    pipeline.command(&["x.go"]).unwrap().command(&["x.wait", "k"]).unwrap();
    assert_eq!(pipeline.execute().unwrap().root().len(), 2);
}

#[test]
fn a_forked_child_does_not_go_on_with_a_lease() {
    support::own_process::in_own_process("a_forked_child_does_not_go_on_with_a_lease", || {
        let server = LiveServer::start();
        let client = server.client();
        let lease = client.lease().unwrap();
        run(&lease, "SELECT 1");
        // SAFETY: this thread is the only one that uses the client, and the child ends by _exit.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let refused =
                lease.command(&["PING"]).is_err_and(|error| error.kind() == ErrorKind::Disconnected);
            let good = refused && client.lease().is_ok_and(|lease| lease.command(&["PING"]).is_ok());
            drop(lease);
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(!good)) };
        }
        let mut status = 0;
        // SAFETY: waits for our own child, with a valid place for its status.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert!(text(&run(&lease, "CLIENT INFO")).contains(" db=1 "));
    });
}

#[test]
fn an_atomic_pipeline_of_a_lease_is_the_only_transaction_in_it() {
    let server = LiveServer::start();
    let lease = server.client().lease().unwrap();
    let mut pipeline = lease.transaction();
    pipeline.command(&["INCR", "n"]).unwrap();
    for name in ["MULTI", "EXEC", "DISCARD"] {
        let refused = pipeline.command(&[name]).err().unwrap();
        assert_error(&refused, ErrorKind::Refused, Outcome::NotApplied);
    }
    pipeline.command(&["INCR", "n"]).unwrap();
    assert_eq!(pipeline.execute().unwrap().root().len(), 2);
}
