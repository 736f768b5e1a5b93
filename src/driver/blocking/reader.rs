//! The receiving half of a connection, and how to wait for it.

use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::spin::Spin;
use crate::error::Result;
use crate::transport::{Fill, Interest, Receiver};

/// What the leader takes along, so that it waits for the socket and uses what arrives without keeping others from queueing and
/// sending.
pub(super) struct Reader {
    receiver: Receiver,
    spin: Spin,
    /// The server has answered without delay lately.
    pub(super) is_near: bool,
}

impl Reader {
    /// `spin`: for how long a wait may poll.
    pub(super) fn new(receiver: Receiver, spin: Duration) -> Self {
        Self { receiver, spin: Spin::new(spin), is_near: true }
    }

    /// Reads once without waiting; whether there was anything.
    pub(super) fn fill(&mut self) -> Result<bool> {
        self.receiver.fill()
    }

    /// Sleeps until the socket is ready, for up to `timeout`, and reads once.
    pub(super) fn sleep(&mut self, interest: Interest, timeout: Option<Duration>) -> Result<Fill> {
        self.receiver.sleep(interest, timeout)
    }

    /// Reads, and does so again and again for as long as that is worth it according to how many commands are in flight; whether
    /// there was anything. With company, others get the processor in between, if there is no `crowd`.
    pub(super) fn poll(&mut self, in_flight: u64, company: Option<&Crowd>) -> Result<bool> {
        if self.fill()? {
            return Ok(true);
        }
        let budget = self.spin.budget(in_flight);
        if budget.is_zero() {
            return Ok(false);
        }
        let start = Instant::now();
        let mut data_came = false;
        while !data_came && start.elapsed() < budget {
            match company {
                Some(crowd) if crowd.is_dense() => break,
                Some(crowd) => crowd.give_way(),
                // Reading takes the socket's lock, which the arriving data needs as well: leave it alone in between.
                None => (0..20).for_each(|_| std::hint::spin_loop()),
            }
            data_came = self.fill()?;
        }
        self.spin.record(data_came);
        Ok(data_came)
    }

    /// Whether polling has been worth it lately.
    pub(super) fn is_lively(&self) -> bool {
        self.spin.is_lively()
    }

    pub(super) fn window(&self) -> &[u8] {
        self.receiver.window()
    }

    /// Drops the first `count` bytes of the window.
    pub(super) fn consume(&mut self, count: usize) {
        self.receiver.consume(count);
    }
}
