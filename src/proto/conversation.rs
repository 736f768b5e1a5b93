//! What a connection was asked for besides replies: messages, silence, an echo of everything.

use super::event::EventKind;
use super::request::{Form, Request};
use crate::command::{Effect, Replies, Topic};
use crate::error::{Error, ErrorKind, Result};
use crate::resp::{Kind, Reply, Value};

/// How a conversation goes in which not every command has one reply. Leased connections have it from the first command on
/// that asks for such a thing.
///
/// It has two ends. What was asked decides what may be asked next and whether it will have a reply; what was answered decides
/// what the next thing is that the server says. Between them lie the requests in flight.
pub(super) struct Conversation {
    // What was asked.
    replies: Replies,
    asked_to_monitor: bool,
    is_in_transaction: bool,
    // What was answered.
    /// Version of RESP.
    speaks: u8,
    is_monitor: bool,
    /// Subscriptions of each [`Topic`].
    subscriptions: [u32; 3],
}

/// What something that the server said is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Event(EventKind),
    /// One of the replies to the first request.
    Reply,
    /// The only one to it, however many were awaited.
    Refusal,
}

/// How a request will be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// By its replies.
    Replies,
    /// By nothing.
    Silence,
    /// By nothing, if the server carries it out, which it does not say. So [`LOUDLY`] goes before it, which the server carries out
    /// or refuses for the same reasons, and answers.
    Agreement,
}

/// See [`Answer::Agreement`].
pub(super) const LOUDLY: [&str; 3] = ["CLIENT", "REPLY", "ON"];

impl Conversation {
    pub(super) fn new(speaks: u8) -> Self {
        Self {
            replies: Replies::On,
            asked_to_monitor: false,
            is_in_transaction: false,
            speaks,
            is_monitor: false,
            subscriptions: [0; 3],
        }
    }

    /// Takes note of a request that is about to be queued.
    ///
    /// # Errors
    /// `Refused`: it has no place in the conversation as it is.
    pub(super) fn ask(&mut self, form: Form) -> Result<Answer> {
        let effect = form.effect();
        if self.asked_to_monitor && !matches!(effect, Some(Effect::Resets | Effect::Quits)) {
            return Err(refused("MONITOR has the connection: only RESET and QUIT are possible on it"));
        }
        if self.is_in_transaction && form == Form::Transaction {
            return Err(refused(
                "an atomic pipeline has no place between MULTI and EXEC: end that transaction first",
            ));
        }
        if self.is_in_transaction && effect.is_some_and(changes_what_follows) {
            return Err(refused(
                "not between MULTI and EXEC: it changes what results look like, or is one of many",
            ));
        }
        let mut answer = Answer::Replies;
        if self.speaks == 2 && self.listens() && matches!(effect, Some(Effect::Replies(_))) {
            return Err(refused("in RESP2, a connection that is subscribed to something does not take it"));
        }
        let is_heard = matches!(effect, Some(Effect::Resets | Effect::Replies(Replies::On)));
        if self.replies != Replies::On && !is_heard {
            if !form.is_single() || matches!(effect, Some(Effect::Monitors | Effect::Speaks(_))) {
                return Err(refused(
                    "CLIENT REPLY has switched off replies, and those to this matter: switch them on",
                ));
            }
            answer = Answer::Silence;
            if self.replies == Replies::Skip {
                self.replies = Replies::On;
            }
        }
        match effect {
            Some(Effect::Monitors) => self.asked_to_monitor = true,
            Some(Effect::Begins) => self.is_in_transaction = true,
            Some(Effect::Ends) => self.is_in_transaction = false,
            Some(Effect::Resets) => {
                (self.replies, self.asked_to_monitor, self.is_in_transaction) = (Replies::On, false, false);
            }
            Some(Effect::Replies(Replies::On)) => self.replies = Replies::On,
            // Where there are none, none can be skipped.
            Some(Effect::Replies(replies)) if self.replies != Replies::Off => {
                (self.replies, answer) = (replies, Answer::Agreement);
            }
            _ => {}
        }
        Ok(answer)
    }

    /// What the server has just said, given the request that it may be an answer to.
    pub(super) fn hear(&mut self, said: &Reply, is_push: bool, front: Option<&Request>) -> Heard {
        let root = said.root();
        let awaited = front.and_then(|front| front.form.effect()).filter(|effect| effect.is_subscription());
        // Without pushes, what a subscription says looks like a reply.
        let may_be_told = is_push || self.speaks == 2 && (awaited.is_some() || self.listens());
        if may_be_told && let Some(told) = Told::of(root) {
            self.count(&told);
            return match (told, awaited) {
                (Told::Message, _) => Heard::Event(EventKind::Message),
                (Told::Subscribed(topic, _), Some(Effect::Subscribes(wanted))) if topic == wanted => {
                    Heard::Reply
                }
                (Told::Unsubscribed(topic, _), Some(Effect::Unsubscribes(wanted))) if topic == wanted => {
                    Heard::Reply
                }
                _ => Heard::Event(EventKind::Subscription),
            };
        }
        match (is_push, awaited) {
            (true, _) => Heard::Event(EventKind::Push),
            (false, _) if self.is_monitor && is_monitor_line(root) => Heard::Event(EventKind::Monitor),
            (false, Some(_)) => Heard::Refusal,
            (false, None) => Heard::Reply,
        }
    }

    /// Confirmations that come for such a command without names.
    pub(super) fn confirmations(&self, form: Form) -> u32 {
        match form.effect() {
            Some(Effect::Unsubscribes(topic)) => self.subscriptions[topic as usize].max(1),
            _ => 1,
        }
    }

    /// The greeting is over.
    pub(super) fn greeted(&mut self, speaks: u8) {
        self.speaks = speaks;
    }

    /// A request was answered: the server has done what it was asked for, or it refused that or put it off until EXEC.
    pub(super) fn answered(&mut self, form: Form, is_done: bool) {
        match form.effect() {
            // Nothing that it stands in the way of was asked since.
            Some(Effect::Monitors) if !is_done => self.asked_to_monitor = false,
            _ if !is_done => {}
            Some(Effect::Monitors) => self.is_monitor = true,
            Some(Effect::Speaks(version)) => self.speaks = version,
            Some(Effect::Resets) => (self.speaks, self.is_monitor, self.subscriptions) = (2, false, [0; 3]),
            _ => {}
        }
    }

    pub(super) fn speaks(&self) -> u8 {
        self.speaks
    }

    fn listens(&self) -> bool {
        self.subscriptions != [0; 3]
    }

    /// The server counts channels and patterns together.
    fn count(&mut self, told: &Told) {
        let (Told::Subscribed(topic, now) | Told::Unsubscribed(topic, now)) = *told else { return };
        let [channels, patterns, shard_channels] = self.subscriptions;
        let before = if topic == Topic::ShardChannel { shard_channels } else { channels + patterns };
        let own = &mut self.subscriptions[topic as usize];
        *own = match told {
            Told::Subscribed(..) => own.saturating_add(now.saturating_sub(before)),
            _ => own.saturating_sub(before.saturating_sub(now)),
        };
    }
}

/// What subscriptions make a server say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Message,
    /// With the number that there are now.
    Subscribed(Topic, u32),
    Unsubscribed(Topic, u32),
}

impl Told {
    fn of(root: Value<'_>) -> Option<Self> {
        if !matches!(root.kind(), Kind::Array | Kind::Push) {
            return None;
        }
        let number = || root.get(2).and_then(Value::as_int).and_then(|number| u32::try_from(number).ok());
        Some(match (root.get(0)?.bytes()?, root.len()) {
            (b"message" | b"smessage", 3) | (b"pmessage", 4) => Self::Message,
            (b"subscribe", 3) => Self::Subscribed(Topic::Channel, number()?),
            (b"psubscribe", 3) => Self::Subscribed(Topic::Pattern, number()?),
            (b"ssubscribe", 3) => Self::Subscribed(Topic::ShardChannel, number()?),
            (b"unsubscribe", 3) => Self::Unsubscribed(Topic::Channel, number()?),
            (b"punsubscribe", 3) => Self::Unsubscribed(Topic::Pattern, number()?),
            (b"sunsubscribe", 3) => Self::Unsubscribed(Topic::ShardChannel, number()?),
            _ => return None,
        })
    }
}

/// Whether replies after it look different, are not there, or are mixed with what nobody asked for just then.
fn changes_what_follows(effect: Effect) -> bool {
    match effect {
        Effect::Subscribes(_)
        | Effect::Unsubscribes(_)
        | Effect::Monitors
        | Effect::Speaks(_)
        | Effect::Replies(_) => true,
        // The server carries these out at once.
        Effect::Resets | Effect::Quits | Effect::Begins | Effect::Ends => false,
    }
}

/// Whether this is what MONITOR shows: seconds, a dot, microseconds, and the database and client in brackets. No reply to RESET
/// or QUIT begins so.
fn is_monitor_line(root: Value<'_>) -> bool {
    root.kind() == Kind::Status
        && root.bytes().is_some_and(|line| line.first().is_some_and(u8::is_ascii_digit))
}

fn refused(why: &str) -> Error {
    Error::not_applied(ErrorKind::Refused, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;
    use crate::resp::{Limits, Parser, ReplyBuilder};

    fn said(text: &str) -> (Reply, bool) {
        let (mut parser, mut nodes, mut pos) = (Parser::new(Limits::default()), Vec::new(), 0);
        parser.parse(text.as_bytes(), &mut pos, &mut nodes).unwrap();
        assert_eq!(pos, text.len(), "{text:?}");
        let mut builder = ReplyBuilder::new();
        builder.append(&nodes, text.as_bytes());
        (builder.finish(), text.starts_with('>'))
    }

    fn request(effect: Option<Effect>, args: usize) -> Request {
        let (form, replies) = Form::of_single(effect, args);
        Request::new(1, form, replies, Deadline::never())
    }

    fn asked(conversation: &mut Conversation, effect: impl Into<Option<Effect>>) -> Result<Answer> {
        conversation.ask(request(effect.into(), 2).form)
    }

    fn hear(conversation: &mut Conversation, text: &str, front: Option<Effect>) -> Heard {
        let (reply, is_push) = said(text);
        conversation.hear(&reply, is_push, Some(&request(front, 2)))
    }

    const SUBSCRIBE: Effect = Effect::Subscribes(Topic::Channel);
    const UNSUBSCRIBE: Effect = Effect::Unsubscribes(Topic::Channel);

    #[test]
    fn confirmations_are_replies_and_messages_are_events_in_both_versions() {
        for (speaks, mark) in [(2, '*'), (3, '>')] {
            let mut it = Conversation::new(speaks);
            let confirm = |what: &str, left: u32| format!("{mark}3\r\n+{what}\r\n+a\r\n:{left}\r\n");
            let message = format!("{mark}3\r\n+message\r\n+a\r\n+hello\r\n");
            assert_eq!(hear(&mut it, &confirm("subscribe", 1), Some(SUBSCRIBE)), Heard::Reply);
            assert_eq!(hear(&mut it, &message, None), Heard::Event(EventKind::Message));
            assert_eq!(hear(&mut it, &message, Some(SUBSCRIBE)), Heard::Event(EventKind::Message));
            assert_eq!(
                hear(&mut it, &confirm("psubscribe", 2), Some(Effect::Subscribes(Topic::Pattern))),
                Heard::Reply
            );
            assert_eq!(hear(&mut it, &confirm("subscribe", 3), Some(SUBSCRIBE)), Heard::Reply);
            assert_eq!(it.confirmations(Form::Special(UNSUBSCRIBE)), 2);
            let moved = confirm("sunsubscribe", 0);
            assert_eq!(hear(&mut it, &moved, Some(UNSUBSCRIBE)), Heard::Event(EventKind::Subscription));
            assert_eq!(hear(&mut it, &confirm("unsubscribe", 2), Some(UNSUBSCRIBE)), Heard::Reply);
            assert_eq!(hear(&mut it, &confirm("unsubscribe", 1), Some(UNSUBSCRIBE)), Heard::Reply);
            assert_eq!((it.subscriptions, it.confirmations(Form::Special(UNSUBSCRIBE))), ([0, 1, 0], 1));
            assert_eq!(hear(&mut it, "-NOPERM no\r\n", Some(SUBSCRIBE)), Heard::Refusal);
        }
    }

    #[test]
    fn what_looks_like_a_message_is_one_only_where_messages_look_like_that() {
        let message = "*3\r\n+message\r\n+a\r\n+b\r\n";
        let mut it = Conversation::new(2);
        assert_eq!(hear(&mut it, message, None), Heard::Reply);
        hear(&mut it, "*3\r\n+subscribe\r\n+a\r\n:1\r\n", Some(SUBSCRIBE));
        assert_eq!(hear(&mut it, message, None), Heard::Event(EventKind::Message));
        it.answered(Form::Special(Effect::Speaks(3)), true);
        assert_eq!(hear(&mut it, message, None), Heard::Reply);
        it.answered(Form::Special(Effect::Resets), true);
        assert_eq!(hear(&mut it, message, None), Heard::Reply);
    }

    #[test]
    fn after_monitor_its_lines_are_told_from_the_end_of_it() {
        let mut it = Conversation::new(3);
        assert_eq!(asked(&mut it, Effect::Monitors).unwrap(), Answer::Replies);
        assert!(asked(&mut it, None).is_err());
        it.answered(Form::Special(Effect::Monitors), true);
        let line = "+1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\r\n";
        assert_eq!(hear(&mut it, line, None), Heard::Event(EventKind::Monitor));
        assert_eq!(asked(&mut it, Effect::Resets).unwrap(), Answer::Replies);
        assert_eq!(asked(&mut it, None).unwrap(), Answer::Replies);
        assert_eq!(hear(&mut it, line, Some(Effect::Resets)), Heard::Event(EventKind::Monitor));
        assert_eq!(hear(&mut it, "+RESET\r\n", Some(Effect::Resets)), Heard::Reply);
        it.answered(Form::Special(Effect::Resets), true);
        assert_eq!(hear(&mut it, line, None), Heard::Reply);
    }

    #[test]
    fn what_is_asked_while_replies_are_off_awaits_none() {
        let mut it = Conversation::new(3);
        let replies = |replies| Some(Effect::Replies(replies));
        for (effect, answer) in [
            (replies(Replies::Skip), Answer::Agreement),
            (replies(Replies::Skip), Answer::Agreement),
            (None, Answer::Silence),
            (None, Answer::Replies),
            (replies(Replies::Off), Answer::Agreement),
            (None, Answer::Silence),
            (replies(Replies::Skip), Answer::Silence),
            (None, Answer::Silence),
            (None, Answer::Silence),
            (replies(Replies::On), Answer::Replies),
            (None, Answer::Replies),
            (replies(Replies::Off), Answer::Agreement),
            (Some(Effect::Resets), Answer::Replies),
            (None, Answer::Replies),
        ] {
            assert_eq!(asked(&mut it, effect).unwrap(), answer, "{effect:?}");
        }
        asked(&mut it, replies(Replies::Off)).unwrap();
        for effect in [SUBSCRIBE, Effect::Monitors, Effect::Speaks(2)] {
            assert_eq!(asked(&mut it, effect).unwrap_err().kind(), ErrorKind::Refused);
        }
    }

    #[test]
    fn nothing_inside_a_transaction_changes_what_its_results_look_like() {
        let mut it = Conversation::new(3);
        asked(&mut it, Effect::Begins).unwrap();
        let others = [Effect::Monitors, Effect::Speaks(2), Effect::Replies(Replies::Off)];
        for effect in [SUBSCRIBE, UNSUBSCRIBE].into_iter().chain(others) {
            assert_eq!(asked(&mut it, effect).unwrap_err().kind(), ErrorKind::Refused, "{effect:?}");
        }
        assert_eq!(asked(&mut it, None).unwrap(), Answer::Replies);
        asked(&mut it, Effect::Ends).unwrap();
        asked(&mut it, SUBSCRIBE).unwrap();
    }

    #[test]
    fn what_was_queued_is_not_carried_out_yet() {
        let mut it = Conversation::new(3);
        it.answered(Form::Special(Effect::Speaks(2)), false);
        assert_eq!(it.speaks(), 3);
    }
}
