//! Where memory cannot be had there is an error for whoever asked for much, and the process lives (M05).

mod support;

use oxipipe::{Client, ErrorKind, Outcome};
use support::live_server::LiveServer;
use support::own_process::in_own_process;
use support::{assert_error, promptly, text};

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
