//! What became of the commands of a request: the only place where that is decided.

use super::request::{Form, Request};
use crate::error::Progress;
use crate::resp;

/// Nothing of it has left.
pub(super) fn untouched(request: &Request) -> Progress {
    Progress { not_applied: request.own_commands(), ..Progress::default() }
}

/// It has begun to leave, the rest will follow, and nobody waits for it any more.
pub(super) fn given_up(request: &Request) -> Progress {
    let all = request.own_commands();
    match request.form {
        form if form == Form::Transaction || !has_reply_each(form) => {
            Progress { unknown: all, ..Progress::default() }
        }
        _ => {
            let replied = u64::from(request.replied).min(all);
            Progress { replied, unknown: all - replied, not_applied: 0 }
        }
    }
}

/// No further reply comes, and of its `bytes` the first `sent` have left: the server may have applied the commands among
/// them that are whole, and cannot have applied the others.
pub(super) fn cut_off(request: &Request, bytes: &[u8], sent: usize) -> Progress {
    let left = commands_left(request, bytes, sent);
    let commands = request.own_commands();
    if request.form == Form::Transaction {
        // Without its EXEC none of it is applied, nor if the server has refused what is before that and reads no further.
        return match left == u64::from(request.commands) && !request.is_condemned() {
            true => Progress { unknown: commands, ..Progress::default() },
            false => Progress { not_applied: commands, ..Progress::default() },
        };
    }
    if !has_reply_each(request.form) {
        let has_left = sent >= bytes.len();
        let (unknown, not_applied) = if has_left { (1, 0) } else { (0, 1) };
        return Progress { replied: 0, unknown, not_applied };
    }
    // The same words in reply to another command prove nothing: a script may say them, and the server go on.
    let replied = u64::from(request.replied);
    // A server that answers what it has not seen is out of its mind, but no reason to be, too.
    let left = left.max(replied);
    Progress { replied, unknown: left - replied, not_applied: commands - left }
}

fn has_reply_each(form: Form) -> bool {
    form != Form::Silent && !form.is_subscription()
}

/// How many of its commands have left whole.
fn commands_left(request: &Request, bytes: &[u8], sent: usize) -> u64 {
    match sent {
        0 => 0,
        _ if sent >= bytes.len() => u64::from(request.commands),
        _ => resp::whole_commands(bytes, sent) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;

    fn fate(
        form: Form,
        replied: u32,
        commands: &[&[&str]],
        sent: impl Fn(usize) -> usize,
    ) -> (u64, u64, u64) {
        let mut bytes = Vec::new();
        commands.iter().for_each(|args| resp::encode_command(&mut bytes, args));
        let mut request = Request::new(0, form, commands.len() as u32, Deadline::never());
        request.replied = replied;
        let Progress { replied, unknown, not_applied } = cut_off(&request, &bytes, sent(bytes.len()));
        (replied, unknown, not_applied)
    }

    const THREE: &[&[&str]] = &[&["SET", "a", "1"], &["GET", "a"], &["PING"]];

    #[test]
    fn commands_count_as_sent_only_when_their_last_byte_left() {
        assert_eq!(fate(Form::Pipeline, 0, THREE, |_| 0), (0, 0, 3));
        assert_eq!(fate(Form::Pipeline, 0, THREE, |all| all - 1), (0, 2, 1));
        assert_eq!(fate(Form::Pipeline, 1, THREE, |all| all), (1, 2, 0));
        assert_eq!(fate(Form::Command, 0, &[&["PING"]], |all| all - 1), (0, 0, 1));
    }

    #[test]
    fn a_transaction_is_applied_by_its_exec_or_not_at_all() {
        let transaction: &[&[&str]] = &[&["MULTI"], &["SET", "a", "1"], &["SET", "b", "1"], &["EXEC"]];
        assert_eq!(fate(Form::Transaction, 3, transaction, |all| all - 1), (0, 0, 2));
        assert_eq!(fate(Form::Transaction, 3, transaction, |all| all), (0, 2, 0));
    }

    #[test]
    fn more_replies_than_commands_that_left_give_no_negative_numbers() {
        assert_eq!(fate(Form::Pipeline, 3, THREE, |_| 5), (3, 0, 0));
    }
}
