//! Who leads, who follows, and who is to be woken.

use std::collections::VecDeque;
use std::sync::Arc;

use super::parker::Parker;
use super::thread_mark::ThreadMark;

/// The callers of one link that share its lock: at most one of them leads, which means reading for all, and the others stand
/// in line.
///
/// While somebody stands in line who could lead, somebody leads or has been offered the lead. That is what keeps a request
/// from being forgotten, and every change of the lead in here preserves it.
#[derive(Default)]
pub(super) struct Followers {
    lead: Lead,
    waiting: VecDeque<Waiter>,
    next: u64,
    /// To be woken when the lock is open.
    woken: Vec<Arc<Parker>>,
    /// Beds nobody sleeps in. A late alarm may still ring in one: its next user just wakes once too often.
    spare: Vec<Arc<Parker>>,
}

#[derive(Default, PartialEq, Eq)]
enum Lead {
    #[default]
    Free,
    Taken(ThreadMark),
    /// A waiter has been woken to take it and is on its way.
    Offered(Number),
}

/// Names one wait. Numbers grow, so the line is sorted by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(pub(super) u64);

struct Waiter {
    number: Number,
    parker: Arc<Parker>,
    can_lead: bool,
}

impl Followers {
    /// Takes the lead if it is free; whether the thread leads now.
    pub(super) fn lead(&mut self, me: ThreadMark) -> bool {
        if self.lead == Lead::Free {
            self.lead = Lead::Taken(me);
        }
        self.is_led_by(me)
    }

    pub(super) fn is_led(&self) -> bool {
        self.lead != Lead::Free
    }

    pub(super) fn is_led_by(&self, thread: ThreadMark) -> bool {
        self.lead == Lead::Taken(thread)
    }

    /// Hands the lead, if this thread has it, to the one that has waited longest.
    pub(super) fn resign(&mut self, me: ThreadMark) {
        if self.is_led_by(me) {
            self.offer();
        }
    }

    /// Takes the lead from whoever has it. Who leads must look, when it is back with the lock, whether it still does.
    pub(super) fn depose(&mut self) {
        self.offer();
    }

    fn offer(&mut self) {
        let heir = self.waiting.iter().position(|waiter| waiter.can_lead);
        self.lead = match heir.and_then(|index| self.waiting.remove(index)) {
            Some(waiter) => {
                self.woken.push(waiter.parker);
                Lead::Offered(waiter.number)
            }
            None => Lead::Free,
        };
    }

    /// Puts the thread at the end of the line. One that can lead must find the lead taken.
    pub(super) fn join(&mut self, can_lead: bool) -> (Number, Arc<Parker>) {
        debug_assert!(!can_lead || self.is_led(), "who can lead does not wait for nobody");
        let number = Number(self.next);
        self.next += 1;
        let parker = self.spare.pop().unwrap_or_default();
        self.waiting.push_back(Waiter { number, parker: Arc::clone(&parker), can_lead });
        (number, parker)
    }

    /// Ends a wait, for whatever reason. Who was offered the lead has it now.
    pub(super) fn leave(&mut self, number: Number, parker: Arc<Parker>, me: ThreadMark) {
        self.remove(number);
        if self.lead == Lead::Offered(number) {
            self.lead = Lead::Taken(me);
        }
        self.spare.push(parker);
    }

    /// Wakes a waiter whose request has news; nothing if it is awake already.
    pub(super) fn call(&mut self, number: Number) {
        if let Some(waiter) = self.remove(number) {
            self.woken.push(waiter.parker);
        }
    }

    /// Wakes everybody, and whoever needs the lead may take it.
    pub(super) fn dissolve(&mut self) {
        self.lead = Lead::Free;
        self.call_all();
    }

    pub(super) fn call_all(&mut self) {
        self.woken.extend(self.waiting.drain(..).map(|waiter| waiter.parker));
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn remove(&mut self, number: Number) -> Option<Waiter> {
        let index = self.waiting.binary_search_by_key(&number, |waiter| waiter.number).ok()?;
        self.waiting.remove(index)
    }

    pub(super) fn take_woken(&mut self) -> Vec<Arc<Parker>> {
        std::mem::take(&mut self.woken)
    }
}
