//! What arrives, and what has ended with it.

use std::time::Duration;

use super::*;

impl World<'_> {
    pub(super) fn hear(&mut self) {
        let rest = self.wire.len() - self.arrived;
        let count = self.script.length(rest);
        self.hear_up_to(count);
    }

    pub(super) fn hear_up_to(&mut self, count: usize) {
        if self.connection.wants() != Wants::Traffic {
            return;
        }
        self.arrived += count.min(self.wire.len() - self.arrived);
        let window = self.wire[..self.arrived].to_vec();
        let was_greeting = !self.connection.is_up();
        // What is refused at the latest now.
        let (mut must_fail, mut may_fail) = (false, was_greeting);
        for &(end, said) in self.said.iter().filter(|(end, _)| *end <= self.arrived) {
            must_fail |= said == Said::Wrong || self.is_early(end);
        }
        may_fail |= must_fail || self.is_wrong;
        let mut pos = 0;
        let result = loop {
            match self.connection.receive(&window, &mut pos, &mut self.books) {
                Ok(Received::Starved) => break Ok(()),
                Err(error) => break Err(error),
                Ok(Received::Part) => {
                    let nodes = std::mem::take(self.connection.part());
                    let seq = self.books.in_place.get().expect("somebody wanted it");
                    self.books.append(seq, &nodes, &window);
                    self.absorb(End::Received);
                    self.count(pos);
                    // Meanwhile others go on.
                    match self.script.below(12) {
                        0 => self.push(),
                        1 | 2 => {
                            self.push();
                            self.send_up_to(usize::MAX, 0);
                            must_fail = false;
                        }
                        3 => self.give_up(),
                        4 => self.later(Duration::from_millis(100)),
                        5 => self.lose(Error::new(ErrorKind::Panic, "panicked")),
                        _ => {}
                    }
                    if !self.connection.is_up() {
                        return;
                    }
                }
            }
        };
        self.absorb(End::Received);
        match result {
            Ok(()) => {
                assert!(!must_fail, "what the server must not say passed: {}", text(&window));
                self.count(pos);
                self.wire.drain(..pos);
                self.arrived -= pos;
                self.said.iter_mut().for_each(|(end, _)| *end = end.saturating_sub(pos));
                assert!(self.connection.fault.is_none());
            }
            Err(error) => {
                assert!(may_fail, "{error} about {}", text(&window));
                self.count_refused(pos);
                self.lose(error);
            }
        }
    }

    /// Whether the saying that ends there is a reply to what has not left.
    pub(super) fn is_early(&self, at: usize) -> bool {
        let Some(&(_, Said::Reply { seq, .. })) = self.said.iter().find(|(end, _)| *end == at) else {
            return false;
        };
        let before = self
            .said
            .iter()
            .filter(|(end, said)| *end < at && matches!(said, Said::Reply { seq: to, .. } if *to == seq));
        self.asked[seq].answered + before.count() >= self.asked[seq].left()
    }

    /// What has been read is done with.
    pub(super) fn count(&mut self, read: usize) {
        while let Some(&(end, said)) = self.said.front()
            && end <= read
        {
            if self.connection.fault.is_some() && self.is_early(end) {
                // It counts for nothing, or for the last.
                return;
            }
            self.said.pop_front();
            match said {
                Said::Greeting | Said::Wrong => {}
                Said::Push(number) => {
                    let push = self.connection.next_message().expect("a push was heard");
                    assert_eq!(push.root().get(1).and_then(|value| value.as_int()), Some(number as i64));
                }
                Said::Reply { seq, is_refusal } => {
                    assert_eq!(self.begun.front(), Some(&seq));
                    let asked = &mut self.asked[seq];
                    asked.answered += 1;
                    if asked.answered == asked.ends.len() {
                        self.begun.pop_front();
                        asked.place = Place::Gone;
                        if asked.is_open {
                            assert!(is_refusal && asked.form == Form::Command, "{seq} has its replies");
                            asked.place = Place::Deferred;
                            asked.start_over();
                        }
                    }
                }
            }
        }
        assert!(self.connection.next_message().is_none(), "a push that nobody sent");
    }

    /// What was read before a fault and refused is out of the way when the connection is lost.
    pub(super) fn count_refused(&mut self, read: usize) {
        let early = self.said.iter().find(|(end, _)| *end <= read && self.is_early(*end));
        if let Some(&(_, Said::Reply { seq, .. })) = early {
            self.asked[seq].is_early = true;
        }
        for &(end, said) in &self.said {
            if let Said::Reply { seq, is_refusal: true } = said
                && end <= read
                && self.asked[seq].is_open
                && self.asked[seq].form == Form::Command
            {
                self.begun.retain(|&begun| begun != seq);
                self.asked[seq].place = Place::Deferred;
                self.asked[seq].start_over();
            }
        }
    }

    /// What has ended.
    pub(super) fn absorb(&mut self, why: End) {
        for (seq, error) in std::mem::take(&mut self.books.ended) {
            let seq = seq as usize;
            assert!(self.asked[seq].is_open, "{seq} ends twice, or after it was given up");
            let (counted, arrived) = self.arrived_replies(seq);
            let replies = self.books.replies.remove(&(seq as u64));
            match error {
                None => {
                    let asked = &self.asked[seq];
                    assert_eq!(arrived, asked.ends.len(), "{seq} is complete without all its replies");
                    let has_left = asked.sent == asked.bytes.len();
                    assert!(has_left || !asked.ends_wrongly, "{seq} succeeds without having left");
                    match replies {
                        Some(replies) => check_numbers(asked, replies, asked.ends.len()),
                        None => unreachable!("{seq} is complete without replies"),
                    }
                }
                Some(error) => {
                    assert!(why != End::Received, "receiving makes nothing fail");
                    let asked = &self.asked[seq];
                    let progress = error.progress().expect("a failure has the fate of its commands");
                    assert_eq!(sum(progress), asked.own(), "{progress:?}");
                    let expected = |replied| match why {
                        End::Late => asked.given_up(replied),
                        _ => asked.cut_off(replied),
                    };
                    let fits = (counted..=arrived).any(|replied| {
                        progress == expected(replied)
                            && (why == End::Late || asked.is_told_why(&error, replied))
                    });
                    assert!(fits, "{seq}: {error:?} {progress:?} and not {:?}", expected(arrived));
                    if asked.place != Place::Begun {
                        self.waiting.retain(|&waiting| waiting != seq);
                    }
                }
            }
            let asked = &mut self.asked[seq];
            asked.is_open = false;
            if asked.place != Place::Begun {
                asked.place = Place::Gone;
            }
        }
    }
}
