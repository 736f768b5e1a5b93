//! What leases and other connections have to tell besides replies, on a real server: under every driver, in both versions of RESP.

mod support;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use oxipipe::resp::{Kind, Value};
use oxipipe::{
    Async, Client, Completions, Error, ErrorKind, Event, EventKind, Options, Outcome, Overflow, Pipeline,
    Pool, Reply,
};
use support::event_loop::wait;
use support::live_server::LiveServer;
use support::pace::Stopwatch;
use support::{LONG, PATIENCE, text};

/// A lease under one of the drivers.
enum Lease {
    Blocking(Client),
    EventLoop(Box<Async>),
}

/// Each kind of lease, speaking that version.
fn leases(server: &LiveServer, protocol: u8, check: impl Fn(&str, &mut Lease)) {
    let mut options = server.options();
    options.protocol = protocol;
    let client = Client::new(options.clone());
    check("client", &mut Lease::Blocking(client.lease().unwrap()));
    let pool = Pool::new(options.clone(), 2).unwrap();
    check("pool", &mut Lease::Blocking(pool.lease().unwrap()));
    let mut client = Async::new(options).unwrap();
    check("event loop", &mut Lease::EventLoop(Box::new(client.lease().unwrap())));
}

fn both_versions(check: impl Fn(u8, &str, &mut Lease, &LiveServer)) {
    let server = LiveServer::start();
    for protocol in [2, 3] {
        leases(&server, protocol, |name, lease| {
            assert_eq!(kinds(&lease.events()), [EventKind::Up], "{name}");
            check(protocol, name, lease, &server);
        });
    }
}

impl Lease {
    fn try_run(&mut self, line: &str) -> Result<Reply, Error> {
        let args: Vec<_> = line.split(' ').collect();
        match self {
            Self::Blocking(client) => client.command(&args),
            Self::EventLoop(client) => {
                client.submit(&args, 7)?;
                self.completion()
            }
        }
    }

    /// Of an event loop's lease, the next.
    fn completion(&mut self) -> Result<Reply, Error> {
        let Self::EventLoop(client) = self else { unreachable!("it completes nothing") };
        let mut batch = Completions::new();
        let watch = Stopwatch::start();
        loop {
            client.process().unwrap();
            client.next(&mut batch);
            if let Some(completion) = batch.get(0) {
                assert_eq!((batch.len(), completion.token), (1, 7));
                return completion.reply();
            }
            assert!(watch.elapsed() < PATIENCE, "it never completed");
            wait(client, client.timeout());
        }
    }

    #[track_caller]
    fn run(&mut self, line: &str) -> Reply {
        self.try_run(line).unwrap_or_else(|error| panic!("{line}: {error:?}"))
    }

    /// At least one, and what came with it.
    fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        match self {
            Self::Blocking(client) => {
                assert!(client.next_events(&mut events, Some(LONG)).unwrap());
            }
            Self::EventLoop(client) => {
                let watch = Stopwatch::start();
                while events.is_empty() {
                    assert!(watch.elapsed() < PATIENCE, "no event came");
                    client.process().unwrap();
                    client.next_events(&mut events).unwrap();
                    if events.is_empty() {
                        wait(client, client.timeout());
                    }
                }
            }
        }
        events
    }

    /// So many, however many come at once.
    fn exactly(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.append(&mut self.events());
        }
        assert_eq!(events.len(), count, "{events:?}");
        events
    }

    fn has_none(&mut self) -> bool {
        let mut events = Vec::new();
        match self {
            Self::Blocking(client) => !client.next_events(&mut events, Some(Duration::ZERO)).unwrap(),
            Self::EventLoop(client) => {
                client.process().unwrap();
                client.next_events(&mut events).unwrap();
                events.is_empty()
            }
        }
    }
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}

/// The words of a reply or an event, one level deep.
fn words(reply: &Reply) -> String {
    let word = |value: oxipipe::Value<'_>| match (value.as_int(), value.as_str()) {
        (Some(number), _) => number.to_string(),
        (_, Some(text)) => text.to_owned(),
        _ => "nil".to_owned(),
    };
    let root = reply.root();
    match root.bytes() {
        Some(_) => word(root),
        None => root.children().map(word).collect::<Vec<_>>().join(" "),
    }
}

fn said(event: &Event) -> String {
    words(event.message.as_ref().unwrap_or_else(|| panic!("it has no message: {event:?}")))
}

/// The confirmations that a subscription is answered with.
fn confirmations(reply: &Reply) -> Vec<String> {
    let of = |value: oxipipe::Value<'_>| {
        let text = |value: oxipipe::Value<'_>| {
            value
                .as_str()
                .map_or_else(|| value.as_int().map_or("nil".into(), |n| n.to_string()), str::to_owned)
        };
        value.children().map(text).collect::<Vec<_>>().join(" ")
    };
    reply.root().children().map(of).collect()
}

#[test]
fn subscriptions_are_confirmed_and_their_messages_come_as_events() {
    both_versions(|protocol, name, lease, server| {
        let context = format!("{name}, RESP{protocol}");
        let publisher = server.client();
        let publish = |channel: &str, what: &str| publisher.command(&["PUBLISH", channel, what]).unwrap();
        let reply = lease.run("SUBSCRIBE a b");
        assert_eq!(confirmations(&reply), ["subscribe a 1", "subscribe b 2"], "{context}");
        assert_eq!(confirmations(&lease.run("PSUBSCRIBE a*")), ["psubscribe a* 3"], "{context}");
        publish("a", "one");
        publish("b", "two");
        let events = lease.exactly(3);
        let all: Vec<_> = events.iter().map(said).collect();
        assert_eq!(all, ["message a one", "pmessage a* a one", "message b two"], "{context}");
        assert!(events.iter().all(|event| event.kind == EventKind::Message && event.dropped == 0));
        assert_eq!(
            confirmations(&lease.run("UNSUBSCRIBE b nosuch")),
            ["unsubscribe b 2", "unsubscribe nosuch 2"]
        );
        // How many are meant, the server knows; and so does who counted.
        assert_eq!(confirmations(&lease.run("UNSUBSCRIBE")), ["unsubscribe a 1"], "{context}");
        assert_eq!(confirmations(&lease.run("UNSUBSCRIBE")), ["unsubscribe nil 1"], "{context}");
        assert_eq!(confirmations(&lease.run("SSUBSCRIBE s")), ["ssubscribe s 1"], "{context}");
        publisher.command(&["SPUBLISH", "s", "three"]).unwrap();
        publish("ab", "four");
        assert_eq!(
            lease.exactly(2).iter().map(said).collect::<Vec<_>>(),
            ["smessage s three", "pmessage a* ab four"]
        );
        assert_eq!(confirmations(&lease.run("PUNSUBSCRIBE")), ["punsubscribe a* 0"], "{context}");
        assert_eq!(confirmations(&lease.run("SUNSUBSCRIBE")), ["sunsubscribe s 0"], "{context}");
        // It is a connection like any other again.
        assert_eq!(text(&lease.run("ECHO hello")), "hello", "{context}");
        assert!(lease.has_none(), "{context}");
    });
}

#[test]
fn what_is_possible_while_subscribed_the_server_says() {
    both_versions(|protocol, name, lease, _| {
        lease.run("SUBSCRIBE a");
        let echo = lease.run("ECHO x");
        let ping = lease.run("PING");
        match protocol {
            2 => {
                assert!(
                    echo.root().error().is_some_and(|error| error.starts_with(b"ERR Can't execute 'echo'")),
                    "{name}"
                );
                assert_eq!(words(&ping), "pong ", "{name}");
            }
            _ => assert_eq!((text(&echo), text(&ping)), ("x", "PONG"), "{name}"),
        }
    });
}

#[test]
fn a_refused_subscription_is_an_error_and_nothing_is_shifted() {
    both_versions(|_, name, lease, server| {
        let admin = server.client();
        admin.command(&["ACL", "SETUSER", "default", "resetchannels", "&open*"]).unwrap();
        let refused = lease.run("SUBSCRIBE open closed");
        assert!(
            refused.root().error().is_some_and(|error| error.starts_with(b"NOPERM")),
            "{name}: {refused:?}"
        );
        assert!(lease.run("SUBSCRIBE").root().error().is_some(), "{name}");
        assert_eq!(text(&lease.run("ECHO next")), "next", "{name}");
        assert_eq!(confirmations(&lease.run("SUBSCRIBE open")), ["subscribe open 1"], "{name}");
        admin.command(&["ACL", "SETUSER", "default", "allchannels"]).unwrap();
    });
}

#[test]
fn a_reply_that_looks_like_a_message_is_a_reply() {
    let server = LiveServer::start();
    leases(&server, 3, |name, lease| {
        lease.run("DEL list");
        lease.run("RPUSH list message a b");
        lease.run("SUBSCRIBE a");
        assert_eq!(words(&lease.run("LRANGE list 0 -1")), "message a b", "{name}");
    });
    leases(&server, 2, |name, lease| {
        lease.run("SUBSCRIBE a");
        lease.run("UNSUBSCRIBE a");
        assert_eq!(words(&lease.run("LRANGE list 0 -1")), "message a b", "{name}");
    });
}

#[test]
fn monitor_shows_what_others_do_until_it_is_reset() {
    both_versions(|_, name, lease, server| {
        let other = server.client();
        assert_eq!(text(&lease.run("MONITOR")), "OK", "{name}");
        other.command(&["SET", "monitored", "1"]).unwrap();
        let refused = lease.try_run("GET k").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Refused, "{name}");
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &String| !line.contains("\"monitored\"")) {
            for event in lease.events() {
                assert_eq!(event.kind, EventKind::Monitor, "{name}");
                lines.push(said(&event));
            }
        }
        assert_eq!(text(&lease.run("RESET")), "RESET", "{name}");
        assert_eq!(text(&lease.run("ECHO again")), "again", "{name}");
    });
}

#[test]
fn without_replies_commands_are_over_when_they_have_left() {
    both_versions(|_, name, lease, server| {
        let other = server.client();
        other.command(&["DEL", "n"]).unwrap();
        assert!(lease.run("CLIENT REPLY OFF").root().is_null(), "{name}");
        for _ in 0..100 {
            assert!(lease.run("INCR n").root().is_null(), "{name}");
        }
        for line in ["SUBSCRIBE a", "MONITOR", "HELLO 3"] {
            assert_eq!(lease.try_run(line).unwrap_err().kind(), ErrorKind::Refused, "{name}: {line}");
        }
        assert_eq!(text(&lease.run("CLIENT REPLY ON")), "OK", "{name}");
        assert_eq!(text(&lease.run("GET n")), "100", "{name}");
        assert!(lease.run("CLIENT REPLY SKIP").root().is_null(), "{name}");
        assert!(lease.run("INCR n").root().is_null(), "{name}");
        assert_eq!(text(&lease.run("GET n")), "101", "{name}");
    });
}

#[test]
fn a_silence_that_is_not_permitted_ends_the_lease_and_shifts_nothing() {
    both_versions(|_, name, lease, server| {
        let user = ["ACL", "SETUSER", "quiet", "on", "nopass", "~*", "&*", "+@all", "-client|reply"];
        server.client().command(&user).unwrap();
        assert_eq!(text(&lease.run("AUTH quiet x")), "OK", "{name}");
        assert!(lease.run("CLIENT REPLY OFF x").root().error().is_some(), "{name}");
        assert!(lease.run("GET k").root().is_null(), "{name}");
        let refused = lease.run("CLIENT REPLY SKIP");
        assert!(refused.root().error().unwrap().starts_with(b"NOPERM"), "{name}");
        assert_eq!(lease.try_run("GET k").unwrap_err().kind(), ErrorKind::Disconnected, "{name}");
    });
}

#[test]
fn watch_sees_what_others_do_and_a_transaction_is_not_mixed_with_subscriptions() {
    both_versions(|_, name, lease, server| {
        let other = server.client();
        lease.run("WATCH k");
        other.command(&["SET", "k", "theirs"]).unwrap();
        lease.run("MULTI");
        for line in ["SUBSCRIBE a", "MONITOR", "HELLO 3", "CLIENT REPLY OFF"] {
            assert_eq!(lease.try_run(line).unwrap_err().kind(), ErrorKind::Refused, "{name}: {line}");
        }
        assert_eq!(text(&lease.run("SET k mine")), "QUEUED", "{name}");
        assert!(lease.run("EXEC").root().is_null(), "{name}");
        assert_eq!(text(&lease.run("GET k")), "theirs", "{name}");
        assert_eq!(confirmations(&lease.run("SUBSCRIBE a")), ["subscribe a 1"], "{name}");
    });
}

impl Lease {
    /// Adds commands to a pipeline of the lease, and what submitting and running it comes to.
    fn pipeline(&mut self, atomic: bool, lines: &[&str]) -> Result<Reply, Error> {
        let mut pipeline = match self {
            Self::Blocking(client) if atomic => client.transaction(),
            Self::Blocking(client) => client.pipeline(),
            Self::EventLoop(_) => Pipeline::for_lease(atomic),
        };
        for line in lines {
            pipeline.command(&line.split(' ').collect::<Vec<_>>())?;
        }
        match self {
            Self::Blocking(_) => pipeline.execute(),
            Self::EventLoop(client) => {
                client.submit_pipeline(&mut pipeline, 7)?;
                self.completion()
            }
        }
    }
}

#[test]
fn pipelines_of_a_lease_take_what_it_is_for() {
    both_versions(|_, name, lease, server| {
        server.client().command(&["SET", "k", "of database 0"]).unwrap();
        let replies = lease.pipeline(false, &["SELECT 1", "GET k", "SELECT 0", "GET k", "WATCH k"]).unwrap();
        let replies: Vec<_> =
            replies.root().children().map(|reply| reply.as_str().map(str::to_owned)).collect();
        let words =
            ["OK", "nil", "OK", "of database 0", "OK"].map(|word| (word != "nil").then(|| word.to_owned()));
        assert_eq!(replies, words, "{name}");
        for line in ["WATCH k", "MULTI", "EXEC", "QUIT"] {
            let refused = lease.pipeline(true, &["GET k", line]).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Refused, "{name}: {line}");
            assert!(refused.message().contains("in an atomic pipeline"), "{name}: {refused:?}");
        }
        lease.run("MULTI");
        let refused = lease.pipeline(true, &["GET k"]).unwrap_err();
        assert_eq!(
            (refused.kind(), refused.outcome()),
            (ErrorKind::Refused, Some(Outcome::NotApplied)),
            "{name}"
        );
        assert_eq!(text(&lease.run("GET k")), "QUEUED", "{name}");
        assert_eq!(lease.run("EXEC").root().len(), 1, "{name}");
    });
}

#[test]
fn what_a_transaction_publishes_to_itself_is_an_event_and_no_result() {
    let server = LiveServer::start();
    leases(&server, 3, |name, lease| {
        lease.events();
        lease.run("SUBSCRIBE a");
        for line in ["MULTI", "PUBLISH a x", "PING"] {
            lease.run(line);
        }
        let results = lease.run("EXEC");
        assert_eq!(
            results.root().children().map(Value::kind).collect::<Vec<_>>(),
            [Kind::Integer, Kind::Status],
            "{name}"
        );
        assert_eq!(said(&lease.exactly(1)[0]), "message a x", "{name}");
        let results = lease.pipeline(true, &["PUBLISH a y", "ECHO z"]).unwrap();
        assert_eq!(results.root().get(1).unwrap().as_str(), Some("z"), "{name}");
        assert_eq!(said(&lease.exactly(1)[0]), "message a y", "{name}");
        assert_eq!(text(&lease.run("ECHO end")), "end", "{name}");
    });
}

#[test]
fn a_closed_lease_leases_nothing() {
    let server = LiveServer::start();
    let lease = server.client().lease().unwrap();
    lease.close();
    assert_eq!(lease.lease().err().unwrap().kind(), ErrorKind::Closed);
}

#[test]
fn the_version_can_be_changed_in_the_middle() {
    both_versions(|protocol, name, lease, server| {
        lease.run(&format!("HELLO {}", 5 - protocol));
        lease.run("SUBSCRIBE a");
        server.client().command(&["PUBLISH", "a", "x"]).unwrap();
        let events = lease.exactly(1);
        assert_eq!((events[0].kind, &*said(&events[0])), (EventKind::Message, "message a x"), "{name}");
        lease.run("RESET");
        assert_eq!(text(&lease.run("ECHO x")), "x", "{name}");
    });
}

#[test]
fn a_lease_that_is_lost_says_so_and_is_not_made_again() {
    both_versions(|_, name, lease, server| {
        lease.run("SUBSCRIBE a");
        let other = server.client();
        other.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
        let events = lease.exactly(1);
        assert_eq!(events[0].kind, EventKind::Down, "{name}");
        assert_eq!(events[0].reason.as_ref().unwrap().kind(), ErrorKind::Disconnected, "{name}");
        let error = lease.try_run("ECHO x").unwrap_err();
        assert_eq!(
            (error.kind(), error.message().contains("lease another")),
            (ErrorKind::Disconnected, true),
            "{name}"
        );
        let end = match lease {
            Lease::Blocking(client) => client.next_events(&mut Vec::new(), Some(LONG)).map(drop),
            Lease::EventLoop(client) => client.next_events(&mut Vec::new()),
        };
        let end = end.unwrap_err();
        assert_eq!((end.kind(), end.outcome()), (ErrorKind::Disconnected, None), "{name}");
    });
}

#[test]
fn a_lease_that_cannot_be_made_says_so() {
    let mut options = Options::default();
    options.unix_path = Some("/nonexistent/oxipipe.sock".into());
    assert_eq!(Client::new(options.clone()).lease().err().unwrap().kind(), ErrorKind::Connect);
    let mut owner = Async::new(options).unwrap();
    let events = Lease::EventLoop(Box::new(owner.lease().unwrap())).exactly(1);
    assert_eq!(events[0].kind, EventKind::Down);
    assert_eq!(events[0].reason.as_ref().unwrap().kind(), ErrorKind::Connect);
}

#[test]
fn closing_the_owner_ends_its_leases() {
    let server = LiveServer::start();
    let (client, pool) = (server.client(), Pool::new(server.options(), 1).unwrap());
    let leases = [client.lease().unwrap(), pool.lease().unwrap()];
    thread::scope(|scope| {
        let (ready, is_ready) = mpsc::channel();
        let waiters: Vec<_> = leases
            .iter()
            .map(|lease| {
                let ready = ready.clone();
                scope.spawn(move || {
                    let mut events = Vec::new();
                    assert!(lease.next_events(&mut events, None).unwrap());
                    ready.send(()).unwrap();
                    lease.next_events(&mut events, None).unwrap_err().kind()
                })
            })
            .collect();
        waiters.iter().for_each(|_| is_ready.recv().unwrap());
        client.close();
        pool.close(Some(Duration::ZERO)).unwrap();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), ErrorKind::Closed);
        }
    });
    assert_eq!(pool.lease().err().unwrap().kind(), ErrorKind::Closed);
    assert_eq!(pool.next_events(&mut Vec::new(), None).unwrap_err().kind(), ErrorKind::Closed);

    let mut client = Async::new(server.options()).unwrap();
    let mut lease = client.lease().unwrap();
    lease.submit(&["SUBSCRIBE", "a"], 1).unwrap();
    client.close();
    assert_eq!(lease.submit(&["PING"], 2).unwrap_err().kind(), ErrorKind::Closed);
    wait(&lease, Some(LONG));
    lease.process().unwrap();
    let mut batch = Completions::new();
    lease.next(&mut batch);
    assert_eq!(batch.get(0).unwrap().error.unwrap().kind(), ErrorKind::Closed);
    assert_eq!(client.lease().err().unwrap().kind(), ErrorKind::Closed);
}

#[test]
fn a_client_and_a_pool_tell_when_connections_are_made_and_lost() {
    let server = LiveServer::start();
    let client = server.client();
    client.command(&["PING"]).unwrap();
    let pool = Pool::new(server.options(), 3).unwrap();
    pool.connect().unwrap();
    let mut events = Vec::new();
    assert!(client.next_events(&mut events, Some(LONG)).unwrap());
    assert_eq!(kinds(&events), [EventKind::Up]);
    let mut ups = Vec::new();
    while ups.len() < 3 {
        assert!(pool.next_events(&mut events, Some(LONG)).unwrap());
        ups.extend(events.drain(..).map(|event| (event.kind, event.connection)));
    }
    ups.sort_by_key(|(_, connection)| *connection);
    ups.dedup();
    assert!(ups.len() == 3 && ups.iter().all(|(kind, id)| *kind == EventKind::Up && *id > 0), "{ups:?}");
    assert!(!pool.next_events(&mut events, Some(Duration::ZERO)).unwrap());
    // Whoever waits for an event finds out, although nobody sends anything.
    server.client().command(&["CLIENT", "KILL", "ID", &ups[0].1.to_string()]).unwrap();
    assert!(pool.next_events(&mut events, Some(LONG)).unwrap());
    assert_eq!((events[0].kind, events[0].connection), (EventKind::Down, ups[0].1));
    let id = client.server().unwrap().connection_id.unwrap();
    server.client().command(&["CLIENT", "KILL", "ID", &id.to_string()]).unwrap();
    assert!(client.next_events(&mut events, Some(LONG)).unwrap());
    assert_eq!((events[0].kind, events[0].connection), (EventKind::Down, id));
}

#[test]
fn while_one_waits_for_events_others_call() {
    let server = LiveServer::start();
    let client = server.client();
    let lease = client.lease().unwrap();
    lease.next_events(&mut Vec::new(), Some(LONG)).unwrap();
    thread::scope(|scope| {
        let listener = scope.spawn(|| {
            let (mut all, mut events) = (Vec::new(), Vec::new());
            while all.len() < 500 {
                assert!(lease.next_events(&mut events, Some(LONG)).unwrap());
                all.extend(events.iter().map(said));
            }
            all
        });
        lease.command(&["SUBSCRIBE", "a"]).unwrap();
        for n in 0..500 {
            assert_eq!(text(&lease.command(&["ECHO", &n.to_string()]).unwrap()), n.to_string());
            client.command(&["PUBLISH", "a", &n.to_string()]).unwrap();
        }
        let expected: Vec<_> = (0..500).map(|n| format!("message a {n}")).collect();
        assert_eq!(listener.join().unwrap(), expected);
    });
}

fn limited(server: &LiveServer, bytes: usize, overflow: Overflow) -> Options {
    let mut options = server.options();
    options.events.bytes = bytes;
    options.events.overflow = overflow;
    options
}

/// Publishes numbers, each with a payload, until the lease has seen the last.
fn flood(server: &LiveServer, lease: &mut Lease, count: u64) -> Vec<(u64, u64)> {
    lease.run("SUBSCRIBE a");
    let publisher = server.client();
    let mut pipeline = publisher.pipeline();
    let payload = "x".repeat(1000);
    for n in 0..count {
        pipeline.command(&["PUBLISH", "a", &format!("{n} {payload}")]).unwrap();
    }
    pipeline.execute().unwrap();
    let mut seen = Vec::new();
    while seen.last().is_none_or(|(number, _)| number + 1 < count) {
        for event in lease.events().iter().filter(|event| event.kind == EventKind::Message) {
            let number = said(event).split(' ').nth(2).unwrap().parse::<u64>().unwrap();
            seen.push((number, event.dropped));
        }
    }
    seen
}

#[test]
fn what_is_dropped_is_counted_exactly() {
    let server = LiveServer::start();
    let options = limited(&server, 100_000, Overflow::DropOldest);
    let client = Client::new(options.clone());
    let mut owner = Async::new(options).unwrap();
    for mut lease in
        [Lease::Blocking(client.lease().unwrap()), Lease::EventLoop(Box::new(owner.lease().unwrap()))]
    {
        lease.events();
        let seen = flood(&server, &mut lease, 3000);
        let mut next = 0;
        for (number, dropped) in seen {
            assert_eq!(number, next + dropped);
            next = number + 1;
        }
    }
}

#[test]
fn where_reading_stops_nothing_is_dropped() {
    let server = LiveServer::start();
    let options = limited(&server, 100_000, Overflow::StopReading);
    let client = Client::new(options.clone());
    let mut owner = Async::new(options).unwrap();
    for mut lease in
        [Lease::Blocking(client.lease().unwrap()), Lease::EventLoop(Box::new(owner.lease().unwrap()))]
    {
        lease.events();
        let seen = flood(&server, &mut lease, 3000);
        assert!(seen.into_iter().eq((0..3000).map(|number| (number, 0))));
        assert_eq!(text(&lease.run("ECHO x")), "x");
    }
}

#[test]
fn the_descriptor_of_a_lease_says_when_there_is_something() {
    let server = LiveServer::start();
    let client = server.client();
    let lease = client.lease().unwrap();
    lease.next_events(&mut Vec::new(), Some(LONG)).unwrap();
    lease.command(&["SUBSCRIBE", "a"]).unwrap();
    let readable = |timeout: i32| {
        let mut entry = libc::pollfd { fd: lease.descriptor().unwrap(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid entry for the duration of the call.
        unsafe { libc::poll(&raw mut entry, 1, timeout) == 1 }
    };
    assert!(!readable(0));
    client.command(&["PUBLISH", "a", "x"]).unwrap();
    assert!(readable(LONG.as_millis() as i32));
    let mut events = Vec::new();
    assert!(lease.next_events(&mut events, Some(Duration::ZERO)).unwrap());
    assert_eq!(said(&events[0]), "message a x");
    assert!(!readable(0));
    lease.close();
    assert_eq!(lease.descriptor(), None);
}
