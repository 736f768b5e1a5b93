//! What can go wrong, and what the server did or did not do before it went wrong.

use std::fmt;

use crate::resp::OutOfMemory;

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A call that failed.
///
/// A server's error *reply* is not an `Error`: it is a [`Reply`](crate::Reply) of kind `Error`, because the call itself
/// worked. Messages never contain passwords, keys or values.
#[derive(Clone)]
pub struct Error(Box<Detail>);

#[derive(Clone)]
struct Detail {
    kind: ErrorKind,
    outcome: Option<Outcome>,
    message: String,
    os_error: Option<i32>,
    address: Option<String>,
    progress: Option<Progress>,
}

/// The class of a failure. The number is the status code of the C ABI and never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorKind {
    /// An argument of the call itself is wrong; nothing was sent.
    Argument = -1,
    /// The handle is in use by another thread, or the call came from inside a callback of the same client.
    Busy = -2,
    /// The client was closed.
    Closed = -3,
    /// An earlier panic left the handle in an unknown state.
    Poisoned = -4,
    /// The command would change the state of a shared connection; the message names the way to do it.
    Refused = -5,
    /// The caller's buffer is too small.
    Short = -6,
    /// The handle belongs to the parent process, from which this one was forked, and cannot go on here.
    Forked = -7,
    /// The operating system reported an error on an established connection.
    Io = -100,
    /// No connection could be made.
    Connect = -101,
    /// The host name could not be resolved.
    Resolve = -102,
    /// The server closed the connection.
    Disconnected = -103,
    /// The system has no memory for what the server sent; the connection is given up.
    NoMemory = -104,
    /// The peer sent something that is not RESP, or a reply that nothing asked for.
    Protocol = -200,
    /// A reply exceeds one of the configured limits.
    Limit = -201,
    /// The server did not accept the credentials, or wants some.
    Auth = -300,
    /// The server refused the connection in another way, such as too many clients or an unknown database.
    Handshake = -301,
    /// The server answered with an error, where an answer was not asked for: reported by the flush of a pool.
    Reply = -302,
    /// The deadline of the call passed.
    Timeout = -500,
    /// The caller's stream callback asked to stop.
    Cancelled = -501,
    /// The interrupt hook asked to stop waiting.
    Interrupted = -502,
    /// The bound on commands that wait was reached.
    QueueFull = -503,
    /// A bug in this library: it panicked, and the panic was contained.
    Panic = -900,
}

/// What the server did with commands whose call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Outcome {
    /// Proved not applied: the server cannot have seen the whole command. Safe to send again.
    NotApplied = 1,
    /// The command left, its reply did not arrive: the server may or may not have applied it.
    Unknown = 2,
    /// The server said no.
    Rejected = 3,
}

/// How far a failed pipeline came, in commands; the three numbers add up to its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Commands whose reply arrived.
    pub replied: u64,
    /// Commands that left without their reply having arrived: [`Outcome::Unknown`].
    pub unknown: u64,
    /// Commands that the server cannot have applied: [`Outcome::NotApplied`].
    pub not_applied: u64,
}

impl Progress {
    /// What can be said of the commands without a reply, all together.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self { unknown: 0, not_applied: 0, .. } => None,
            Self { unknown: 0, .. } => Some(Outcome::NotApplied),
            _ => Some(Outcome::Unknown),
        }
    }
}

impl Progress {
    /// Whether nothing has been answered or may have been applied.
    pub(crate) fn is_untouched(self) -> bool {
        self.replied == 0 && self.unknown == 0
    }
}

impl std::ops::Add for Progress {
    type Output = Self;

    /// That of both together.
    fn add(self, other: Self) -> Self {
        Self {
            replied: self.replied + other.replied,
            unknown: self.unknown + other.unknown,
            not_applied: self.not_applied + other.not_applied,
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Detail {
            kind,
            outcome: None,
            message: message.into(),
            os_error: None,
            address: None,
            progress: None,
        }))
    }

    /// An error found before anything was sent.
    pub(crate) fn not_applied(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, message).with_outcome(Outcome::NotApplied)
    }

    /// With what became of the commands, unless that is known already.
    #[must_use]
    pub(crate) fn or_progress(self, progress: Progress) -> Self {
        if self.0.outcome.is_some() || self.0.progress.is_some() {
            self
        } else {
            self.with_progress(progress)
        }
    }

    /// The same failure, of a pipeline that had got so many replies before.
    #[must_use]
    pub(crate) fn after(self, replied: u64) -> Self {
        let progress = self.0.progress.unwrap_or_default();
        self.with_progress(Progress { replied: progress.replied + replied, ..progress })
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::not_applied(ErrorKind::Argument, message)
    }

    /// An I/O error that is reported as `kind`. On an established connection, a lack of memory is a kind of its own.
    pub(crate) fn from_io(kind: ErrorKind, context: &str, io: &std::io::Error) -> Self {
        let kind = match (kind, io.kind()) {
            (ErrorKind::Io, std::io::ErrorKind::OutOfMemory) => ErrorKind::NoMemory,
            _ => kind,
        };
        let mut error = Self::new(kind, format!("{context}: {io}"));
        error.0.os_error = io.raw_os_error();
        error
    }

    #[must_use]
    pub(crate) fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = Some(outcome);
        self
    }

    /// The same failure where no command was involved: waiting for one that goes on, looking at what has completed.
    #[must_use]
    pub(crate) fn without_outcome(mut self) -> Self {
        self.0.outcome = None;
        self
    }

    #[must_use]
    pub(crate) fn with_address(mut self, address: &str) -> Self {
        self.0.address.get_or_insert_with(|| address.to_owned());
        self
    }

    /// Records the fate of every command of the call; the outcome follows from it.
    #[must_use]
    pub(crate) fn with_progress(mut self, progress: Progress) -> Self {
        self.0.outcome = progress.outcome();
        self.0.progress = Some(progress);
        self
    }

    /// The class of the failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What became of the commands that have no reply; `None` where no command was involved.
    pub fn outcome(&self) -> Option<Outcome> {
        self.0.outcome
    }

    /// What happened, in words.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operating system's error number, where one caused this.
    pub fn os_error(&self) -> Option<i32> {
        self.0.os_error
    }

    /// The server's address: `host:port` or the path of its socket.
    pub fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// How far the call came, in commands.
    pub fn progress(&self) -> Option<Progress> {
        self.0.progress
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(address) = &self.0.address {
            write!(f, " ({address})")?;
        }
        match self.0.progress {
            Some(Progress { replied, unknown, not_applied }) if replied + unknown + not_applied > 1 => {
                write!(f, " [{replied} replied, {unknown} unknown, {not_applied} not applied]")
            }
            _ => match self.0.outcome {
                Some(outcome) => write!(f, " [{}]", outcome.name()),
                None => Ok(()),
            },
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {}

impl From<OutOfMemory> for Error {
    fn from(error: OutOfMemory) -> Self {
        Self::new(ErrorKind::NoMemory, error.to_string())
    }
}

impl Outcome {
    /// The name that all languages use: `NOT_APPLIED`, `UNKNOWN` or `REJECTED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotApplied => "NOT_APPLIED",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_follows_from_the_progress() {
        let progress = |replied, unknown, not_applied| Progress { replied, unknown, not_applied };
        assert_eq!(progress(3, 0, 0).outcome(), None);
        assert_eq!(progress(3, 0, 1).outcome(), Some(Outcome::NotApplied));
        assert_eq!(progress(0, 1, 9).outcome(), Some(Outcome::Unknown));
    }

    #[test]
    fn the_text_names_the_address_and_the_fate_of_the_commands() {
        let error = Error::new(ErrorKind::Disconnected, "the server closed the connection")
            .with_address("localhost:6379")
            .with_progress(Progress { replied: 5, unknown: 2, not_applied: 3 });
        assert_eq!(
            error.to_string(),
            "the server closed the connection (localhost:6379) [5 replied, 2 unknown, 3 not applied]"
        );
        assert_eq!(error.outcome(), Some(Outcome::Unknown));
    }
}
