//! Running a test in a process of its own, where it may fork, count file descriptors or lower its limits.

use std::env;
use std::process::Command;

use super::pace;

const MARK: &str = "OXIPIPE_TEST_OWN_PROCESS";

/// Runs `work` in a fresh process that runs nothing but the test called `name`.
#[track_caller]
pub(crate) fn in_own_process(name: &str, work: impl FnOnce()) {
    if env::var(MARK).as_deref() == Ok(name) {
        // Now, so that whoever counts threads counts this one always.
        pace::start();
        return work();
    }
    let output = Command::new(env::current_exe().expect("the path of this test"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(MARK, name)
        .output()
        .expect("this test can be started again");
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && out.contains("1 passed"), "{}\n{out}\n{err}", output.status);
}
