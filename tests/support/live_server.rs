//! A private real server: a free port and a Unix socket in a directory of its own, gone when dropped.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use oxipipe::{Client, Options};

use super::pace::Stopwatch;
use super::{LONG, PATIENCE, tcp};

pub(crate) struct LiveServer {
    child: Option<Child>,
    directory: PathBuf,
    port: u16,
    extra: Vec<String>,
}

impl LiveServer {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With further command line arguments, such as `["--requirepass", "secret"]`.
    pub(crate) fn with(extra: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("oxipipe-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("a directory for the server");
        let extra = extra.iter().map(|arg| (*arg).to_owned()).collect();
        let mut server = Self { child: None, directory, port: 0, extra };
        // Somebody else may take the free port before the server does; then the next one is tried.
        for _ in 0..10 {
            server.port = free_port();
            if server.launch() {
                return server;
            }
        }
        panic!("{} ended at once, ten times:\n{}", program().display(), server.log());
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.join("redis.sock")
    }

    /// Options for its Unix socket, with a deadline that only a hang reaches.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::default();
        options.unix_path = Some(self.socket());
        options.timeout = Some(LONG);
        options.connect_timeout = Some(LONG);
        options
    }

    pub(crate) fn tcp_options(&self) -> Options {
        tcp(self.port)
    }

    /// A client over the Unix socket, connected.
    pub(crate) fn client(&self) -> Client {
        let client = Client::new(self.options());
        client.connect().expect("a connection to the private server");
        client
    }

    /// SIGKILL: it gets no chance to say goodbye.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the server can be killed");
            child.wait().expect("the server can be waited for");
        }
    }

    /// SIGSTOP: it stays connected but does nothing.
    pub(crate) fn stop(&self) {
        self.signal(libc::SIGSTOP);
    }

    /// SIGCONT: it goes on.
    pub(crate) fn cont(&self) {
        self.signal(libc::SIGCONT);
    }

    /// The same server again, at the same addresses, empty.
    pub(crate) fn restart(&mut self) {
        self.kill();
        assert!(self.launch(), "the server did not come back:\n{}", self.log());
    }

    fn signal(&self, signal: i32) {
        let child = self.child.as_ref().expect("the server runs");
        // SAFETY: a signal to a child that has not been waited for yet, so its id is still its own.
        let result = unsafe { libc::kill(child.id() as libc::pid_t, signal) };
        assert_eq!(result, 0);
    }

    /// Starts the process and waits until it answers. False if it ended instead.
    fn launch(&mut self) -> bool {
        let log = fs::File::create(self.directory.join("log")).expect("a log file");
        let _ = fs::remove_file(self.socket());
        let mut command = Command::new(program());
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "-::1"])
            .args(["--unixsocket", &self.socket().display().to_string()])
            .args(["--dir", &self.directory.display().to_string()])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(["--enable-debug-command", "yes"])
            .args(&self.extra)
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a log file"))
            .stdout(log);
        // SAFETY: prctl is a system call and touches no memory of the parent. It ends the server with the test.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program().display()));
        let watch = Stopwatch::start();
        loop {
            if answers(&self.socket()) {
                self.child = Some(child);
                return true;
            }
            if child.try_wait().expect("the server can be asked for").is_some() {
                return false;
            }
            assert!(watch.elapsed() < PATIENCE, "the server does not answer:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for LiveServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Whether the server speaks RESP: any reply will do, one with a password refuses PING. At its socket, which it has once it has
/// its port: at the port it might be somebody else.
fn answers(socket: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket) else { return false };
    let mut first = [0];
    stream.write_all(b"PING\r\n").and_then(|()| stream.read_exact(&mut first)).is_ok()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// `$OXIPIPE_SERVER`, else `valkey-server` or `redis-server` on the path.
fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("OXIPIPE_SERVER") {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    ["redis-server", "valkey-server"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| Path::is_file(file))
        .expect(
            "no redis-server or valkey-server on PATH: apt-get install redis-server, or set OXIPIPE_SERVER",
        )
}
