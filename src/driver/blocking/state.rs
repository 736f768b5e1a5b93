//! What the callers of one link share under its lock.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::calls::{CallId, Calls, Delivery};
use super::reader::Reader;
use super::terms::Terms;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::proto::{Connection, Received};
use crate::transport::{Channel, Dialer, Socket, Written};

pub(super) struct State {
    pub(super) connection: Connection,
    pub(super) calls: Calls,
    /// A connection was up before, this or another of the client: losing it is worth waiting for its return.
    was_up: Arc<AtomicBool>,
    /// The socket in the making; `None` while the leader is at it.
    pub(super) dialer: Option<Dialer>,
    pub(super) channel: Option<Channel>,
    /// `None` while the leader has it.
    pub(super) reader: Option<Reader>,
    /// Counts sockets, so that who waits for one notices that it is gone.
    pub(super) epoch: u64,
    /// Whoever leads will soon write what others queue: it is awake and in no callback, or the server is near.
    pub(super) is_at_hand: bool,
    /// Replies come so soon that waiting for them awake pays.
    pub(super) is_lively: bool,
    /// Waiters to be called when there are events.
    pub(super) listeners: Vec<u64>,
    /// How many other callers there have been lately. Between two calls they are nowhere to be seen, so it is forgotten slowly.
    pub(super) company: usize,
}

/// Reads at most so often before a command without looking at a clock.
const READS: usize = 4;

impl State {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            connection: Connection::new(Arc::clone(&terms.options), terms.rule),
            calls: Calls::default(),
            was_up: Arc::clone(&terms.was_up),
            dialer: None,
            channel: None,
            reader: None,
            epoch: 0,
            is_at_hand: false,
            is_lively: false,
            listeners: Vec::new(),
            company: 0,
        }
    }

    /// The connection and its owner.
    pub(super) fn parts(&mut self, direct: Option<CallId>) -> (&mut Connection, Delivery<'_>) {
        let Self { connection, calls, was_up, .. } = self;
        (connection, Delivery { calls, was_up, direct })
    }

    /// The socket is connected.
    pub(super) fn carry(&mut self, socket: Socket, options: &Options) {
        let mut channel = Channel::new(socket, options);
        self.reader = channel.take_receiver().map(|receiver| Reader::new(receiver, options.spin));
        self.channel = Some(channel);
        self.connection.on_dialed();
    }

    /// Writes what the kernel takes, the channel's own included. A failure shows when reading reaches the end.
    pub(super) fn flush(&mut self) {
        let Some(channel) = &mut self.channel else { return };
        loop {
            let unsent = self.connection.unsent();
            if !channel.wants_write(!unsent.is_empty()) {
                break;
            }
            let Written { left, committed } = channel.write(unsent);
            self.connection.advance(left, committed);
            if left == 0 {
                break;
            }
        }
        if self.connection.is_conversing() {
            let (connection, mut owner) = self.parts(None);
            connection.settle(&mut owner);
        }
    }

    /// Reads what is there without waiting and keeps the replies for their callers.
    pub(super) fn drain(&mut self) -> Result<()> {
        let Self { connection, calls, was_up, reader: Some(reader), .. } = self else { return Ok(()) };
        for _ in 0..READS {
            if connection.is_full() || !reader.fill()? {
                break;
            }
            let mut pos = 0;
            let received = connection.receive(
                reader.window(),
                &mut pos,
                &mut Delivery { calls, was_up, direct: None },
            )?;
            debug_assert_eq!(received, Received::Starved);
            reader.consume(pos);
        }
        Ok(())
    }

    /// The socket is closed because of `error`, or will not be made.
    pub(super) fn lose(&mut self, error: Error) {
        let error = self.let_go(error);
        let (connection, mut owner) = self.parts(None);
        connection.lost(error, &mut owner);
    }

    /// Ends everything for good.
    pub(super) fn close(&mut self, error: Error) {
        let error = self.let_go(error);
        let (connection, mut owner) = self.parts(None);
        connection.close(&error, &mut owner);
    }

    /// Begins anew, where nothing can be relied on any more. Nobody may wait for a call.
    pub(super) fn renew(&mut self, terms: &Terms) {
        self.connection = Connection::new(Arc::clone(&terms.options), terms.rule);
        if let Some(error) = terms.end() {
            self.close(error);
        }
    }

    /// Wakes up whoever waits for the socket.
    fn let_go(&mut self, error: Error) -> Error {
        self.epoch += 1;
        (self.dialer, self.reader) = (None, None);
        match self.channel.take() {
            Some(channel) => {
                channel.shut_down();
                channel.cause(error)
            }
            None => error,
        }
    }

    /// Gives up connecting if nobody waits for it any more.
    pub(super) fn abort_idle_attempt(&mut self) {
        if self.connection.abort_idle_attempt() {
            self.epoch += 1;
            (self.dialer, self.reader, self.channel) = (None, None, None);
        }
    }
}
