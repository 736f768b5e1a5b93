//! Which failures are worth another try: pure rules, the same for every driver.
//!
//! Two facts decide. What is *proved* not applied may always be sent again, and so may what only reads. And no try is endless:
//! besides the deadline there is a bound in numbers, because a command that kills its server or its connection would
//! otherwise do so for as long as anybody waits.

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::request::{Form, Request};
use crate::error::{Error, ErrorKind, Progress};

/// A connection that was lost, as one of the requests on it sees it.
pub(super) struct Loss {
    pub(super) kind: ErrorKind,
    /// Commands that only read may be sent twice.
    pub(super) repeats_reads: bool,
    /// The connection is not made again.
    pub(super) is_final: bool,
}

/// So many connections may be lost with a request under way before it is given up ...
const LOSSES: u8 = 5;
/// ... and so many in a row if nothing else was under way: then it is the likely reason.
const LONELY_LOSSES: u8 = 3;
/// So often is a command sent again that the server asked patience for. Together the pauses take 17 s on average, 35 s at most.
const REFUSALS: u8 = 24;

/// Whether a request goes out again over the next connection, given what became of its commands on the one that was lost.
pub(super) fn resends_after_loss(
    loss: &Loss,
    request: &Request,
    fate: Progress,
    only_reads: impl FnOnce() -> bool,
) -> bool {
    if loss.is_final || request.abandoned || request.delivered || request.is_condemned() {
        return false;
    }
    if request.form == Form::Portion || request.losses >= LOSSES || request.lonely_losses >= LONELY_LOSSES {
        return false;
    }
    let is_broken = matches!(loss.kind, ErrorKind::Io | ErrorKind::Disconnected);
    fate.is_untouched() || is_broken && loss.repeats_reads && fate.replied == 0 && only_reads()
}

/// Whether another try at connecting may go better, so that what waits is kept: there was a connection before, and the
/// reason may pass.
pub(super) fn may_connect_later(error: &Error, was_up: bool, fail_fast: bool) -> bool {
    was_up
        && !fail_fast
        && match error.kind() {
            ErrorKind::Connect
            | ErrorKind::Resolve
            | ErrorKind::Timeout
            | ErrorKind::Io
            | ErrorKind::Disconnected => true,
            ErrorKind::Handshake => error.message().starts_with("ERR max number of clients"),
            _ => false,
        }
}

/// What is to be done with a server's error reply to a single command, before its submitter sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the reply.
    Deliver,
    /// The command was not carried out: it is sent again after this time.
    Resend { after: Duration },
}

/// A rule that judges error replies. The next delay for the request in question comes with it.
pub(crate) type ReplyRule = fn(text: &[u8], next_delay: &mut dyn FnMut() -> Duration) -> Verdict;

/// The rule for a single server: one that is not ready yet gets the time that it asks for.
pub(crate) fn on_reply_error(text: &[u8], next_delay: &mut dyn FnMut() -> Duration) -> Verdict {
    let asks_for_patience = [&b"LOADING "[..], b"MASTERDOWN ", b"TRYAGAIN ", b"CLUSTERDOWN "]
        .iter()
        .any(|prefix| text.starts_with(prefix));
    match asks_for_patience {
        true => Verdict::Resend { after: next_delay() },
        false => Verdict::Deliver,
    }
}

/// When a refused request is to leave again by `rule`; `None` if the refusal is its reply.
pub(super) fn resend_at(
    rule: ReplyRule,
    text: &[u8],
    request: &Request,
    is_final: bool,
    now: impl FnOnce() -> Instant,
    chance: impl Fn() -> f64,
) -> Option<Instant> {
    if is_final || request.abandoned || request.refusals >= REFUSALS {
        return None;
    }
    // A server that asks for patience gets it: not even the first try comes at once.
    let mut next_delay = || Backoff::after(u32::from(request.refusals) + 1).delay(chance());
    match rule(text, &mut next_delay) {
        Verdict::Deliver => None,
        Verdict::Resend { after } => {
            let due = now().checked_add(after)?;
            // What would come too late is not tried: the server's own words say more than a deadline.
            (!request.deadline.has_passed(due)).then_some(due)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;

    fn request(form: Form) -> Request {
        Request::new(1, form, 1, Deadline::never())
    }

    const LOSS: Loss = Loss { kind: ErrorKind::Disconnected, repeats_reads: true, is_final: false };
    const NOT_APPLIED: Progress = Progress { replied: 0, unknown: 0, not_applied: 1 };
    const UNKNOWN: Progress = Progress { replied: 0, unknown: 1, not_applied: 0 };

    #[test]
    fn what_is_proved_not_applied_and_what_only_reads_goes_out_again() {
        let command = request(Form::Command);
        assert!(resends_after_loss(&LOSS, &command, NOT_APPLIED, || false));
        assert!(resends_after_loss(&LOSS, &command, UNKNOWN, || true));
        assert!(!resends_after_loss(&LOSS, &command, UNKNOWN, || false));
        assert!(!resends_after_loss(&Loss { repeats_reads: false, ..LOSS }, &command, UNKNOWN, || true));
        assert!(!resends_after_loss(&Loss { kind: ErrorKind::Protocol, ..LOSS }, &command, UNKNOWN, || true));
        let replied = Progress { replied: 1, ..NOT_APPLIED };
        assert!(!resends_after_loss(&LOSS, &command, replied, || true));
    }

    #[test]
    fn nothing_is_sent_again_without_end_or_over_a_connection_that_is_not_made_again() {
        let mut command = request(Form::Command);
        assert!(!resends_after_loss(&Loss { is_final: true, ..LOSS }, &command, NOT_APPLIED, || true));
        command.losses = LOSSES;
        assert!(!resends_after_loss(&LOSS, &command, NOT_APPLIED, || true));
        command.losses = LONELY_LOSSES;
        assert!(resends_after_loss(&LOSS, &command, NOT_APPLIED, || true));
        command.lonely_losses = LONELY_LOSSES;
        assert!(!resends_after_loss(&LOSS, &command, NOT_APPLIED, || true));
        assert!(!resends_after_loss(&LOSS, &request(Form::Portion), NOT_APPLIED, || true));
    }

    #[test]
    fn connecting_is_tried_again_only_where_there_was_a_server_and_the_reason_may_pass() {
        let refused = Error::new(ErrorKind::Connect, "refused");
        assert!(may_connect_later(&refused, true, false));
        assert!(!may_connect_later(&refused, false, false));
        assert!(!may_connect_later(&refused, true, true));
        let full = Error::new(ErrorKind::Handshake, "ERR max number of clients reached");
        assert!(may_connect_later(&full, true, false));
        for kind in [ErrorKind::Auth, ErrorKind::Handshake, ErrorKind::Argument, ErrorKind::Protocol] {
            assert!(!may_connect_later(&Error::new(kind, "no"), true, false), "{kind:?}");
        }
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_it_within_the_deadline_and_in_number() {
        let now = Instant::now();
        let due = |text: &str, request: &Request| {
            resend_at(on_reply_error, text.as_bytes(), request, false, || now, || 1.0)
        };
        let mut command = request(Form::Command);
        assert_eq!(due("LOADING the dataset", &command), Some(now + Duration::from_millis(10)));
        for text in ["ERR no", "MOVED 1 a:1", "NOSCRIPT no", "READONLY no", "LOADINGX"] {
            assert_eq!(due(text, &command), None, "{text}");
        }
        command.refusals = 3;
        assert_eq!(due("TRYAGAIN x", &command), Some(now + Duration::from_millis(80)));
        command.deadline = Deadline::at(now + Duration::from_millis(80));
        assert_eq!(due("TRYAGAIN x", &command), None);
        command = request(Form::Command);
        command.refusals = REFUSALS;
        assert_eq!(due("CLUSTERDOWN x", &command), None);
    }
}
