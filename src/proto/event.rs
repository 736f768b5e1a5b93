//! What happens on a connection without anybody having asked for it just then.

use std::collections::VecDeque;

use super::server::Server;
use crate::error::Error;
use crate::options::{EventLimits, Overflow};
use crate::resp::{Reply, Value};

/// Something that a connection has to tell besides the replies to commands.
#[derive(Debug)]
pub struct Event {
    /// What it is.
    pub kind: EventKind,
    /// The number by which the server knows the connection, as CLIENT ID gives it; 0 where it did not say.
    pub connection: u64,
    /// Events of this connection that were dropped between the one before and this one, because nobody had taken them.
    pub dropped: u64,
    /// What the server said; `None` for a connection that was made or lost.
    pub message: Option<Reply>,
    /// Why the connection was lost.
    pub reason: Option<Error>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[non_exhaustive]
pub enum EventKind {
    /// A push message of RESP3 that is none of the following, such as an invalidation: its kind and what it says.
    Push = 1,
    /// A message of a subscription: `message`, channel, payload; `pmessage`, pattern, channel, payload; or `smessage`, channel,
    /// payload.
    Message = 2,
    /// The server has changed a subscription by itself, as when a slot leaves it: `sunsubscribe`, channel, number of those left.
    Subscription = 3,
    /// A line of MONITOR.
    Monitor = 4,
    /// The connection was made.
    Up = 5,
    /// The connection was lost, or that of an event-loop client's lease could not be made.
    Down = 6,
}

/// Events that nobody has taken yet, within bounds.
pub(super) struct Events {
    kept: VecDeque<Event>,
    bytes: usize,
    /// Of these, how many the server has said.
    messages: usize,
    limits: EventLimits,
}

impl Events {
    pub(super) fn new(limits: EventLimits) -> Self {
        Self { kept: VecDeque::new(), bytes: 0, messages: 0, limits }
    }

    pub(super) fn add(&mut self, event: Event) {
        self.bytes += event.size();
        self.messages += usize::from(event.message.is_some());
        self.kept.push_back(event);
        // The newest stays, however long it is: somebody may be waiting for it.
        while self.bytes > self.limits.bytes && self.kept.len() > 1 && self.may_drop() {
            let oldest = self.next().expect("invariant: there are several");
            // Whoever comes next tells of it.
            self.kept[0].dropped += oldest.dropped + 1;
        }
    }

    /// Whether the oldest may go: what no reading can put off always may.
    fn may_drop(&self) -> bool {
        self.limits.overflow == Overflow::DropOldest
            || self.kept.front().is_some_and(|oldest| oldest.message.is_none())
    }

    /// The oldest.
    pub(super) fn next(&mut self) -> Option<Event> {
        let event = self.kept.pop_front()?;
        self.bytes -= event.size();
        self.messages -= usize::from(event.message.is_some());
        Some(event)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether reading has to stop until some are taken.
    pub(super) fn is_full(&self) -> bool {
        self.limits.overflow == Overflow::StopReading && self.messages > 0 && self.bytes >= self.limits.bytes
    }
}

impl Event {
    pub(super) fn new(
        kind: EventKind,
        server: Option<&Server>,
        message: Option<Reply>,
        reason: Option<Error>,
    ) -> Self {
        let connection = server.and_then(|server| server.connection_id).unwrap_or(0);
        Self { kind, connection, dropped: 0, message, reason }
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let message = self.message.as_ref();
        size_of::<Self>() + message.map_or(0, |reply| size_of_val(reply.nodes()) + reply.bytes().len())
    }
}

impl EventKind {
    /// Of a push message, by its first word.
    pub(super) fn of_push(push: &Reply) -> Self {
        match push.root().children().next().and_then(Value::bytes) {
            Some(b"message" | b"pmessage" | b"smessage") => Self::Message,
            Some(
                b"subscribe" | b"psubscribe" | b"ssubscribe" | b"unsubscribe" | b"punsubscribe"
                | b"sunsubscribe",
            ) => Self::Subscription,
            _ => Self::Push,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Kind, Node, ReplyBuilder};

    fn event(len: usize) -> Event {
        let mut builder = ReplyBuilder::new();
        let text = vec![b'x'; len];
        builder.append(&[Node { kind: Kind::Status as u8, len: len as u32, ..Node::default() }], &text);
        let message = Some(builder.finish());
        Event { kind: EventKind::Push, connection: 1, dropped: 0, message, reason: None }
    }

    fn events(bytes: usize, overflow: Overflow) -> Events {
        Events::new(EventLimits { bytes, overflow })
    }

    #[test]
    fn the_oldest_are_dropped_and_the_next_one_tells_how_many() {
        let size = event(100).size();
        let mut events = events(3 * size, Overflow::DropOldest);
        (0..5).for_each(|_| events.add(event(100)));
        assert_eq!((events.kept.len(), events.bytes), (3, 3 * size));
        assert_eq!(events.next().unwrap().dropped, 2);
        (0..2).for_each(|_| events.add(event(100)));
        assert_eq!(events.next().unwrap().dropped, 1);
        // Nothing has room beside this one.
        events.add(event(10 * size));
        let next = events.next().unwrap();
        assert_eq!((next.dropped, next.message.unwrap().bytes().len()), (2, 10 * size));
        assert!(events.is_empty() && events.bytes == 0 && events.next().is_none());
        events.add(event(5));
        assert_eq!(events.next().unwrap().dropped, 0);
    }

    #[test]
    fn who_wants_all_is_told_to_read_no_further() {
        let size = event(100).size();
        let mut events = events(2 * size, Overflow::StopReading);
        events.add(event(100));
        assert!(!events.is_full());
        (0..3).for_each(|_| events.add(event(100)));
        assert!(events.is_full());
        (0..3).for_each(|_| assert_eq!(events.next().unwrap().dropped, 0));
        assert!(!events.is_full());
    }
}
