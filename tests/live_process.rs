//! What concerns the whole process: file descriptors, forks, signals.

mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use oxipipe::{Client, ErrorKind, Outcome};
use support::live_server::LiveServer;
use support::own_process::in_own_process;
use support::{assert_error, int, promptly, text};

/// Entries of a folder of /proc: open files, or threads.
fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// Memory of this process that is in use.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn a_thousand_clients_leave_no_file_descriptor_and_no_thread() {
    in_own_process("a_thousand_clients_leave_no_file_descriptor_and_no_thread", || {
        let server = LiveServer::start();
        let cycle = |n: usize| {
            let mut options = if n.is_multiple_of(2) { server.options() } else { server.tcp_options() };
            options.host = if n % 4 == 1 { "localhost".into() } else { options.host };
            let client = Client::new(options);
            assert_eq!(text(&client.command(&["PING"]).unwrap()), "PONG");
            let mut pipeline = client.pipeline();
            pipeline.command(&["PING"]).unwrap();
            if n.is_multiple_of(3) {
                client.close();
            }
        };
        let threads = entries("/proc/self/task");
        (0..10).for_each(cycle);
        let files = entries("/proc/self/fd");
        (0..1000).for_each(cycle);
        assert_eq!(entries("/proc/self/fd"), files);
        // The thread that resolves a name may still be about to end.
        support::eventually("the end of all threads", || entries("/proc/self/task") == threads);
    });
}

#[test]
fn a_thousand_reconnects_leave_no_file_descriptor() {
    in_own_process("a_thousand_reconnects_leave_no_file_descriptor", || {
        let server = LiveServer::start();
        let (client, admin) = (server.client(), server.client());
        let mut files = 0;
        for n in 1..=1000 {
            let id = int(&client.command(&["CLIENT", "ID"]).unwrap()).to_string();
            admin.command(&["CLIENT", "KILL", "ID", &id]).unwrap();
            assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), n);
            if n == 1 {
                // What ends another command has a connection of its own, which stays.
                files = entries("/proc/self/fd");
            }
        }
        assert_eq!(entries("/proc/self/fd"), files);
    });
}

#[test]
fn refused_connections_leave_no_file_descriptor() {
    in_own_process("refused_connections_leave_no_file_descriptor", || {
        let server = LiveServer::with(&["--requirepass", "secret"]);
        let refused =
            || assert_eq!(Client::new(server.options()).connect().unwrap_err().kind(), ErrorKind::Auth);
        refused();
        let files = entries("/proc/self/fd");
        (0..200).for_each(|_| refused());
        assert_eq!(entries("/proc/self/fd"), files);
    });
}

#[test]
fn replies_of_dropped_pipelines_and_of_calls_given_up_are_not_kept() {
    in_own_process("replies_of_dropped_pipelines_and_of_calls_given_up_are_not_kept", || {
        let server = LiveServer::start();
        let mut options = server.options();
        options.eager_bytes = 1;
        let client = Client::new(options);
        client.command(&["SET", "k", &"x".repeat(1 << 20)]).unwrap();
        let round = || {
            let mut pipeline = client.pipeline();
            pipeline.command(&["GET", "k"]).unwrap();
            drop(pipeline);
            let error = client.command_stream(&["GET", "k"], &mut |_, _| false).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            assert_eq!(text(&client.command(&["ECHO", "x"]).unwrap()), "x");
        };
        (0..20).for_each(|_| round());
        let before = resident_bytes();
        (0..200).for_each(|_| round());
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 50 << 20, "{grown} of 400 MB were kept");
    });
}

#[test]
fn without_file_descriptors_there_is_a_typed_error_and_later_a_connection() {
    in_own_process("without_file_descriptors_there_is_a_typed_error_and_later_a_connection", || {
        let server = LiveServer::start();
        let client = Client::new(server.tcp_options());
        let mut hoard = Vec::new();
        let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
        // SAFETY: the structure is valid for the call, and this process runs nothing but this test.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
        while let Ok(file) = std::fs::File::open("/dev/null") {
            hoard.push(file);
        }
        let error = promptly(|| client.command(&["INCR", "n"]).unwrap_err());
        assert_error(&error, ErrorKind::Connect, Outcome::NotApplied);
        assert_eq!(error.os_error(), Some(libc::EMFILE), "{error:?}");
        let mut named = server.tcp_options();
        named.host = "localhost".into();
        let error = promptly(|| Client::new(named).command(&["INCR", "n"]).unwrap_err());
        assert!(matches!(error.kind(), ErrorKind::Connect | ErrorKind::Resolve), "{error:?}");
        drop(hoard);
        assert_eq!(int(&client.command(&["INCR", "n"]).unwrap()), 1);
    });
}

/// Runs `work` in a forked child. It may not allocate much, but this process has one other thread at most.
fn in_child(work: impl FnOnce() -> bool) -> bool {
    // SAFETY: the thread that forks holds no lock, and the child ends without running anything of the parent's.
    match unsafe { libc::fork() } {
        -1 => panic!("fork failed"),
        0 => {
            let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
            // SAFETY: ends the child at once, without exit handlers that belong to the parent.
            unsafe { libc::_exit(i32::from(!good)) }
        }
        child => {
            let mut status = 0;
            // SAFETY: waits for our own child, with a valid place for its status.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
        }
    }
}

#[test]
fn a_forked_child_connects_anew_and_leaves_the_parents_connection_alone() {
    in_own_process("a_forked_child_connects_anew_and_leaves_the_parents_connection_alone", || {
        let server = LiveServer::start();
        let client = server.client();
        let id = |client: &Client| int(&client.command(&["CLIENT", "ID"]).unwrap());
        let mine = id(&client);
        for _ in 0..3 {
            assert!(in_child(|| {
                let own = id(&client);
                let mut pipeline = client.pipeline();
                for n in 0..1000 {
                    pipeline.command(&["ECHO", &n.to_string()]).unwrap();
                }
                let replies = pipeline.execute().unwrap();
                own != mine && replies.root().get(999).unwrap().as_str() == Some("999") && id(&client) == own
            }));
            assert_eq!(id(&client), mine);
        }
        assert!(in_child(|| in_child(|| id(&client) != mine) && id(&client) != mine), "a grandchild as well");
        assert_eq!(id(&client), mine);
    });
}

#[test]
fn a_fork_with_replies_under_way_leaves_them_to_the_parent() {
    in_own_process("a_fork_with_replies_under_way_leaves_them_to_the_parent", || {
        let server = LiveServer::start();
        let mut options = server.options();
        options.eager_bytes = 1;
        let client = Client::new(options);
        let mut pipeline = client.pipeline();
        for n in 0..1000 {
            pipeline.command(&["RPUSH", "ledger", &n.to_string()]).unwrap();
        }
        assert!(in_child(|| {
            let aligned = text(&client.command(&["ECHO", "child"]).unwrap()) == "child";
            // The child's copy of the pipeline knows that its connection is not its own.
            let error = pipeline.execute().unwrap_err();
            aligned && error.progress().is_some_and(|p| p.replied + p.unknown + p.not_applied == 1000)
        }));
        let replies = pipeline.execute().unwrap();
        for (n, value) in replies.root().children().enumerate() {
            assert_eq!(value.as_int(), Some(n as i64 + 1));
        }
    });
}

extern "C" fn count_signal(_: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

static SIGNALS: AtomicU64 = AtomicU64::new(0);

/// Sets a flag when it goes, also when that is because of a failure: others wait for it.
struct Flag<'a>(&'a AtomicBool);

impl Drop for Flag<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// 1 kHz of SIGALRM, as a profiler or a garbage collector sends them, without SA_RESTART.
#[test]
fn signals_interrupt_nothing() {
    in_own_process("signals_interrupt_nothing", || {
        let server = LiveServer::start();
        // SAFETY: installs a handler that only counts; the structure is valid and zero is its neutral value.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = count_signal as extern "C" fn(libc::c_int) as usize;
            assert_eq!(libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()), 0);
        }
        // SAFETY: names the calling thread, which outlives the scope below.
        let me = unsafe { libc::pthread_self() };
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let _flag = Flag(&over);
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    // SAFETY: the thread runs until after this one has been joined.
                    unsafe { libc::pthread_kill(me, libc::SIGALRM) };
                    thread::sleep(Duration::from_millis(1));
                }
            });
            for mut options in [server.options(), server.tcp_options()] {
                // Sleeps at once, so that signals find it asleep.
                options.spin = Duration::ZERO;
                let client = Client::new(options);
                for n in 0..10_000 {
                    let token = n.to_string();
                    assert_eq!(text(&client.command(&["ECHO", &token]).unwrap()), token);
                }
                let mut pipeline = client.pipeline();
                let value = vec![b'x'; 100_000];
                for _ in 0..100 {
                    pipeline.command(&[b"ECHO".as_slice(), &value]).unwrap();
                }
                assert!(pipeline.execute().unwrap().root().children().all(|value| value.len() == 100_000));
                assert!(client.command(&["BLPOP", "nothing", "0.5"]).unwrap().root().is_null());
            }
        });
        assert!(SIGNALS.load(Ordering::Relaxed) > 100);
    });
}

#[test]
fn a_server_that_goes_away_raises_no_signal() {
    in_own_process("a_server_that_goes_away_raises_no_signal", || {
        // Rust ignores SIGPIPE; a C program does not.
        // SAFETY: sets the default disposition, as a C program has it.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        for options in [LiveServer::options, LiveServer::tcp_options] {
            let mut server = LiveServer::start();
            let mut options = options(&server);
            options.timeout = Some(Duration::from_millis(200));
            options.eager_bytes = 1;
            let client = Client::new(options);
            let mut pipeline = client.pipeline();
            pipeline.command(&["DEBUG", "SLEEP", "0.1"]).unwrap();
            server.kill();
            for _ in 0..100 {
                pipeline.command(&["PING"]).unwrap();
            }
            pipeline.execute().unwrap_err();
            client.command(&["PING"]).unwrap_err();
        }
    });
}
