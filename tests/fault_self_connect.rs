//! A port at which nobody listens, from the range from which the kernel takes the ports of those who connect: sooner or later a
//! connection is made to itself, and sends back what it is sent.

mod support;

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use oxipipe::{Async, Client, ErrorKind, Outcome, Pipeline, Pool};
use support::own_process::in_own_process;
use support::{event_loop, promptly, tcp};

const PORT: u16 = 40_001;

/// A network of this process's own, with hardly any ports to choose from. False if this user may not have one.
fn isolate() -> bool {
    // SAFETY: system calls that concern this process alone; it has no other thread that would use a network.
    let is_apart = unsafe {
        libc::unshare(libc::CLONE_NEWNET) == 0 || libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET) == 0
    };
    is_apart
        && bring_up_loopback()
        && fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40001 40002").is_ok()
}

fn bring_up_loopback() -> bool {
    // SAFETY: a request that is all zeroes is a valid one, and the descriptor is closed on both ways out.
    unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let result = libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw mut request);
        libc::close(socket);
        result == 0
    }
}

#[test]
fn a_connection_to_oneself_is_no_server_and_leaves_the_port_to_one() {
    in_own_process("a_connection_to_oneself_is_no_server_and_leaves_the_port_to_one", || {
        if !isolate() {
            eprintln!("not tried: this user may not have a network of his own");
            return;
        }
        let mut options = tcp(PORT);
        options.timeout = Some(Duration::from_secs(2));
        let client = Client::new(options.clone());
        let mut event_loop = Async::new(options.clone()).unwrap();
        let pool = Pool::new(options, 1).unwrap();
        let refused = |error: &oxipipe::Error| {
            assert!(
                matches!(error.kind(), ErrorKind::Connect | ErrorKind::Handshake),
                "answered by nobody: {error:?}"
            );
            assert_eq!(error.outcome(), Some(Outcome::NotApplied), "{error:?}");
        };
        for round in 0..10 {
            refused(&promptly(|| client.command(&["SET", "a", "b"])).expect_err("nobody is there"));
            let mut transaction = client.transaction();
            transaction.command(&["INCR", "n"]).unwrap();
            refused(&promptly(|| transaction.execute()).expect_err("nobody is there"));
            let mut atomic = Pipeline::detached(true);
            atomic.command(&["INCR", "n"]).unwrap();
            event_loop.submit(&["INCR", "n"], round).unwrap();
            event_loop.submit_pipeline(&mut atomic, 100 + round).unwrap();
            event_loop::run(&mut event_loop, 2, |batch| {
                batch.iter().for_each(|completion| refused(completion.error.expect("nobody is there")));
            });
            pool.submit(&["INCR", "n"], None).unwrap();
            let (failed, first) = pool.flush(Some(support::LONG)).unwrap();
            assert_eq!(failed, 1);
            refused(&first.unwrap());
        }
        support::eventually("the port to be free for a server", || {
            let socket = TcpListener::bind(("127.0.0.1", PORT));
            socket.is_ok()
        });
    });
}
