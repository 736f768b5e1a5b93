//! The examples do what they say, against a private server.

mod support;

use std::process::Command;

use support::live_server::LiveServer;

/// What an example prints. `cargo test` builds the examples too, into the folder next to the tests'; `--test examples` alone
/// does not.
fn run(name: &str) -> String {
    let server = LiveServer::start();
    let tests = std::env::current_exe().expect("the path of this test");
    let program =
        tests.parent().and_then(|deps| deps.parent()).expect("a build folder").join("examples").join(name);
    let url = format!("redis://127.0.0.1:{}", server.port());
    let output = Command::new(program).arg(url).output().expect("the example runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn hello() {
    assert_eq!(
        run("hello"),
        "greeting = hello\nthe server said: ERR value is not an integer or out of range\n"
    );
}

#[test]
fn pipeline() {
    let expected = "added 100000 fields\ntheir sum is 4999950000\ndeleted 1 hash, 0 left\n";
    assert_eq!(run("pipeline"), expected);
}
