//! How a client connects and behaves. One struct for all languages; the URL syntax is in `url`.

mod named;
#[cfg(test)]
mod named_tests;

use std::ffi::c_int;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroize;

pub(crate) use self::named::{number, set_from_url};
#[cfg(feature = "capi")]
pub(crate) use self::named::{queue_bytes, unless_zero};
use crate::error::{Error, Result};
use crate::resp::Limits;

/// Everything that can be chosen about a client. Start from [`Options::default`] or [`Options::from_url`] and set fields.
///
/// What the system or every server would refuse (a path that is too long, a name with a space) is an `Argument` error of the
/// first connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Host name or IP address. Default `localhost`.
    pub host: String,
    /// TCP port. Default 6379.
    pub port: u16,
    /// Path of a Unix socket; takes the place of host and port.
    pub unix_path: Option<PathBuf>,
    /// Database number, selected on every new connection. Default 0.
    pub db: u32,
    /// ACL user; the server's `default` user if absent.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Secret>,
    /// Name of the connection, as in CLIENT SETNAME: printable ASCII without spaces.
    pub client_name: Option<String>,
    /// Whether the server should rather evict other clients than these connections when clients use too much memory, as CLIENT
    /// NO-EVICT. Default false.
    pub client_no_evict: bool,
    /// Whether commands leave alone when and how often a key was used last, as CLIENT NO-TOUCH (servers since 7.2). Default
    /// false.
    pub client_no_touch: bool,
    /// Whether the server is told the library's name and version. Default true.
    pub client_info: bool,
    /// Library name told to the server with CLIENT SETINFO. Default `oxipipe`.
    pub lib_name: String,
    /// Library version told to the server with CLIENT SETINFO.
    pub lib_version: String,
    /// RESP version to ask for: 3 (falls back to 2 where the server does not know it) or 2. Default 3.
    pub protocol: u8,
    /// Time for one whole call, from queueing to the last reply. `None`: no limit. Default 5 s.
    pub timeout: Option<Duration>,
    /// Time for resolving, connecting and the handshake together, inside `timeout`. `None`: only `timeout` counts.
    /// Default 3 s.
    pub connect_timeout: Option<Duration>,
    /// How long a wait polls the socket before it sleeps, at most; twice that for a pipeline. Zero: sleep at once. Default 50 us.
    pub spin: Duration,
    /// Whether to send TCP keepalive probes. Default true: after 15 s, every 5 s, 3 times.
    pub tcp_keepalive: bool,
    /// How long sent data may stay unacknowledged before the connection counts as dead; less than 2^31 ms. Default 10 s.
    pub tcp_user_timeout: Option<Duration>,
    /// Size of the kernel's send buffer in bytes; `None`: the system's choice.
    pub send_buffer: Option<usize>,
    /// Size of the kernel's receive buffer in bytes; `None`: the system's choice.
    pub receive_buffer: Option<usize>,
    /// Bounds on what a server may send.
    pub limits: Limits,
    /// Bytes that a pipeline gathers before it starts to send; 64 commands are enough, too. Zero: it sends at execute only.
    /// Default 16 KiB.
    pub eager_bytes: usize,
    /// Which commands may be sent again after a failure that leaves their outcome unknown.
    pub retry: Retry,
    /// Whether commands fail at once while a server that was there before cannot be reached. Default false: they wait for its
    /// return until their deadline.
    pub fail_fast: bool,
    /// Bounds on what waits in an event-loop client or a pool.
    pub queue: QueueLimits,
    /// What becomes of events that nobody takes.
    pub events: EventLimits,
    /// Of a pool: whether results come in the order of submission. Default false: as they come.
    pub ordered_results: bool,
    /// Of a pool: whether commands with the same first key go over the same connection and so stay in order. Default false.
    pub key_affinity: bool,
    /// Called while a call waits; ends the wait when it returns true.
    pub interrupt: Option<Interrupt>,
    /// Connections speak in records, and give out so many bytes at a time.
    #[cfg(test)]
    pub(crate) records: Option<usize>,
}

/// How much may wait: in an event-loop client, for its reply; in a pool, from being submitted until the result is taken.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Submissions. Default 1,000,000 in an event-loop client, 10,000 in a pool.
    pub commands: Option<u64>,
    /// Bytes of commands and, in a pool, of results. Default 64 MiB. One submission may go beyond it.
    pub bytes: u64,
}

/// How much may wait of what a connection has to tell besides replies, see [`Event`](crate::Event).
#[derive(Clone, Copy, Debug)]
pub struct EventLimits {
    /// Bytes for each connection, about. Default 1 MiB.
    pub bytes: usize,
    /// What happens to more.
    pub overflow: Overflow,
}

/// What happens to an event for which there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Overflow {
    /// The oldest go, and are counted.
    #[default]
    DropOldest = 0,
    /// The connection is read no further until there is room, replies included. What one read has brought may go beyond the
    /// bound. The server keeps what it has to say for a while, and hangs up if that becomes too much for it.
    StopReading = 1,
}

/// Which commands are sent again although the server may have applied them. What is *proved* not applied is always sent
/// again, until the deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Retry {
    /// None.
    None = 0,
    /// Commands that only read: sending them twice does no harm.
    #[default]
    Reads = 1,
}

/// A hook that a waiting call asks, on its own thread and with no lock held, whether to go on: after each signal (EINTR) and
/// at least ten times a second. This is how Ctrl-C gets through.
#[derive(Clone)]
pub struct Interrupt(Arc<dyn Fn() -> bool + Send + Sync>);

/// A password: erased when dropped, never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Options {
    /// Options from a URL; see the crate documentation of URLs in `docs/urls.md`.
    ///
    /// `redis://[user[:password]@][host][:port][/db][?option=value&...]` or
    /// `unix://[user[:password]@]/path[?db=n&...]`; `valkey` may be written for `redis`.
    ///
    /// # Errors
    /// `Argument` for anything that is not such a URL, an unknown option or a value that does not fit.
    pub fn from_url(url: &str) -> Result<Self> {
        crate::url::parse(url)
    }

    /// Where and as whom to connect, and nothing else: for a connection that must come up although the server is busy with a
    /// script, which lets nobody choose a database or a name.
    pub(crate) fn bare(&self) -> Self {
        Self {
            db: 0,
            client_name: None,
            client_no_evict: false,
            client_no_touch: false,
            client_info: false,
            ..self.clone()
        }
    }

    /// The address for messages: `host:port` or the path of the socket.
    pub fn address(&self) -> String {
        match &self.unix_path {
            Some(path) => path.display().to_string(),
            None if self.host.contains(':') => format!("[{}]:{}", self.host, self.port),
            None => format!("{}:{}", self.host, self.port),
        }
    }
}

/// Bytes of the longest path of a Unix socket: what `sockaddr_un` has room for, but one for the NUL.
const LONGEST_UNIX_PATH: usize = 107;

impl Options {
    /// Refuses what the system or every server would refuse, so that it is an error of whoever set it and not of the
    /// connection that is tried with it.
    ///
    /// # Errors
    /// `Argument`, naming the option but not its value.
    pub(crate) fn check(&self) -> Result<()> {
        if self.host.contains('\0') {
            return Err(Error::argument("a host holds no NUL"));
        }
        if let Some(path) = &self.unix_path {
            let path = path.as_os_str().as_bytes();
            if path.is_empty() || path.contains(&0) {
                return Err(Error::argument("the path of a Unix socket is not empty and holds no NUL"));
            }
            if path.len() > LONGEST_UNIX_PATH {
                return Err(Error::argument(format!(
                    "the path of a Unix socket has at most {LONGEST_UNIX_PATH} bytes"
                )));
            }
        }
        // No server has such a user. A password may hold anything: only its hash is compared.
        if self.username.as_ref().is_some_and(|name| name.contains('\0')) {
            return Err(Error::argument("a user name holds no NUL"));
        }
        let name = self.client_name.as_deref().unwrap_or_default();
        for (what, text) in [
            ("the client name", name),
            ("the library name", &self.lib_name),
            ("the library version", &self.lib_version),
        ] {
            // The server's own rule for them.
            if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Error::argument(format!(
                    "{what} holds no spaces, newlines or special characters"
                )));
            }
        }
        if !(2..=3).contains(&self.protocol) {
            return Err(Error::argument("the protocol is 2 or 3"));
        }
        if self.tcp_user_timeout.is_some_and(|timeout| c_int::try_from(timeout.as_millis()).is_err()) {
            return Err(Error::argument("user_timeout is less than 2^31 milliseconds"));
        }
        for (what, size) in [("send_buffer", self.send_buffer), ("receive_buffer", self.receive_buffer)] {
            if size.is_some_and(|size| c_int::try_from(size).is_err()) {
                return Err(Error::argument(format!("{what} is less than 2^31 bytes")));
            }
        }
        Ok(())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: 6379,
            unix_path: None,
            db: 0,
            username: None,
            password: None,
            client_name: None,
            client_no_evict: false,
            client_no_touch: false,
            client_info: true,
            lib_name: "oxipipe".into(),
            lib_version: env!("CARGO_PKG_VERSION").into(),
            protocol: 3,
            timeout: Some(Duration::from_secs(5)),
            connect_timeout: Some(Duration::from_secs(3)),
            spin: Duration::from_micros(50),
            tcp_keepalive: true,
            tcp_user_timeout: Some(Duration::from_secs(10)),
            send_buffer: None,
            receive_buffer: None,
            limits: Limits::default(),
            eager_bytes: 16 * 1024,
            retry: Retry::default(),
            fail_fast: false,
            queue: QueueLimits { commands: None, bytes: 64 * 1024 * 1024 },
            events: EventLimits { bytes: 1024 * 1024, overflow: Overflow::DropOldest },
            ordered_results: false,
            key_affinity: false,
            interrupt: None,
            #[cfg(test)]
            records: None,
        }
    }
}

impl Interrupt {
    /// A hook from a function that returns true to stop the wait.
    pub fn new(hook: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    pub(crate) fn stops(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupt")
    }
}

impl Secret {
    /// A secret with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, Outcome};

    fn refusal(change: impl FnOnce(&mut Options)) -> String {
        let mut options = Options::default();
        options.check().unwrap();
        change(&mut options);
        let error = options.check().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Argument, Some(Outcome::NotApplied)));
        error.message().to_owned()
    }

    #[test]
    fn what_the_system_or_the_server_would_refuse_is_refused() {
        let long = "/".repeat(LONGEST_UNIX_PATH + 1);
        for (word, message) in [
            ("host", refusal(|o| o.host = "a\0b".into())),
            ("path", refusal(|o| o.unix_path = Some("/a\0b".into()))),
            ("path", refusal(|o| o.unix_path = Some("".into()))),
            ("107", refusal(|o| o.unix_path = Some(long.into()))),
            ("user name", refusal(|o| o.username = Some("a\0b".into()))),
            ("client name", refusal(|o| o.client_name = Some("two words".into()))),
            ("client name", refusal(|o| o.client_name = Some("a\0b".into()))),
            ("client name", refusal(|o| o.client_name = Some("caf\u{e9}".into()))),
            ("library name", refusal(|o| o.lib_name = "a\nb".into())),
            ("library version", refusal(|o| o.lib_version = "1.0 beta".into())),
            ("protocol", refusal(|o| o.protocol = 4)),
            ("user_timeout", refusal(|o| o.tcp_user_timeout = Some(Duration::from_millis(1 << 31)))),
            ("user_timeout", refusal(|o| o.tcp_user_timeout = Some(Duration::MAX))),
            ("send_buffer", refusal(|o| o.send_buffer = Some(1 << 31))),
            ("receive_buffer", refusal(|o| o.receive_buffer = Some(usize::MAX))),
        ] {
            assert!(message.contains(word), "{word}: {message}");
        }
    }

    #[test]
    fn what_they_take_is_taken() {
        let options = Options {
            unix_path: Some("/".repeat(LONGEST_UNIX_PATH).into()),
            username: Some("a user".into()),
            password: Some(Secret::new("any\0thing")),
            client_name: Some("!name~".into()),
            lib_name: "lib(v1)".into(),
            tcp_user_timeout: Some(Duration::from_millis((1 << 31) - 1)),
            send_buffer: Some((1 << 31) - 1),
            ..Options::default()
        };
        options.check().unwrap();
        assert!(!format!("{options:?}").contains("thing"));
    }
}
