//! What is asked for and given up, what leaves, and what is lost.

use std::time::Duration;

use super::*;

impl World<'_> {
    pub(super) fn push(&mut self) {
        let shape = self.script.byte();
        let form = match shape % 8 {
            0..4 => Form::Command,
            4 | 5 => Form::Pipeline,
            6 => Form::Portion,
            _ => Form::Transaction,
        };
        let is_read = shape & 8 == 0;
        let commands = match form {
            Form::Command => 1,
            _ => 1 + self.script.below(4),
        };
        let time = self.script.byte();
        let deadline = (form != Form::Portion && !time.is_multiple_of(4))
            .then(|| self.books.now + Duration::from_millis(time as u64 * 25));
        let blocking = match shape >> 4 {
            0 => Some(Blocking::Forever),
            1 => Some(Blocking::For(Duration::from_millis(500))),
            _ => None,
        };
        // Portions of one pipeline share their token while it is open.
        let last = self.asked.last().filter(|last| {
            form == Form::Portion && last.form == Form::Portion && last.is_open && shape & 128 == 0
        });
        let token = last.map_or(self.next_token, |last| last.token);
        self.next_token = self.next_token.max(token + 1);

        let first = self.next_number;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        let mut add = |args: &[&str]| {
            resp::encode_command(&mut bytes, args);
            ends.push(bytes.len());
        };
        let is_framed = form == Form::Transaction;
        let padding = "x".repeat(if shape & 64 != 0 { self.script.byte() } else { 0 });
        if is_framed {
            add(&["MULTI"]);
        }
        for index in 0..commands {
            let number = (first + u64::from(is_framed) + index as u64).to_string();
            match is_read {
                true => add(&["GET", &number]),
                false => add(&["SET", &number, &padding]),
            }
        }
        if is_framed {
            add(&["EXEC"]);
        }
        self.next_number += ends.len() as u64;
        let at = deadline.map_or(Deadline::never(), Deadline::at);
        let mut request = Request::new(token, form, ends.len() as u32, at);
        (request.seq, request.blocking) = (self.asked.len() as u64, blocking);
        request.keeps_reply = shape & 32 == 0;
        let result = match time & 1 {
            0 => self.connection.push(request, |out| out.extend_from_slice(&bytes)),
            _ => self.connection.push_buffer(request, &mut bytes.clone()),
        };
        if let Err(error) = result {
            assert!(self.is_closed, "only a connection that is not made again refuses");
            assert_eq!(error.outcome(), Some(Outcome::NotApplied));
            return;
        }
        self.waiting.push(self.asked.len());
        self.asked.push(Asked {
            token,
            form,
            bytes,
            ends,
            first,
            is_read,
            deadline,
            blocking,
            has_begun_once: false,
            place: Place::Waiting,
            sent: 0,
            answered: 0,
            last_words: Vec::new(),
            is_early: false,
            ends_wrongly: false,
            is_open: true,
        });
    }

    pub(super) fn some_token(&mut self) -> Option<u64> {
        let open: Vec<_> = self.asked.iter().filter(|asked| asked.is_open).map(|asked| asked.token).collect();
        let choice = self.script.byte();
        open.get(choice % open.len().max(1)).copied()
    }

    pub(super) fn give_up(&mut self) {
        let Some(token) = self.some_token() else { return };
        let is_late = self.script.below(2) == 1;
        self.absorb(End::Received);
        let open: Vec<_> = (0..self.asked.len())
            .filter(|&seq| self.asked[seq].is_open && self.asked[seq].token == token)
            .collect();
        if let [only] = open[..] {
            let is_waiting = self.asked[only].place != Place::Begun;
            assert_eq!(self.connection.is_waiting(token), Some(is_waiting));
        }
        let Some(gave_up) = self.connection.give_up(token, is_late, &mut self.books) else {
            assert!(open.is_empty(), "{token} was still there");
            return;
        };
        assert!(!open.is_empty());
        let (mut least, mut most) = (Progress::default(), Progress::default());
        for seq in open {
            let (counted, arrived) = self.arrived_replies(seq);
            least = least + self.asked[seq].given_up(counted);
            most = most + self.asked[seq].given_up(arrived);
        }
        let progress = gave_up.progress;
        assert_eq!((sum(progress), progress.not_applied), (sum(most), most.not_applied));
        assert!(
            (least.replied..=most.replied).contains(&progress.replied),
            "{progress:?} {least:?} {most:?}"
        );
        let mut blocks = false;
        for (seq, asked) in self.asked.iter_mut().enumerate() {
            if asked.is_open && asked.token == token {
                asked.is_open = false;
                self.books.replies.remove(&(seq as u64));
                match asked.place {
                    Place::Begun => blocks |= asked.blocking.is_some(),
                    _ => {
                        asked.place = Place::Gone;
                        self.waiting.retain(|&waiting| waiting != seq);
                    }
                }
            }
        }
        assert!(gave_up.ends.is_some() || !blocks, "what blocks takes its connection along");
        if let Some(error) = gave_up.ends {
            self.lose(error);
        }
    }

    pub(super) fn later(&mut self, time: Duration) {
        self.books.now += time;
        self.time_out();
    }

    pub(super) fn time_out(&mut self) {
        self.absorb(End::Received);
        let result = self.connection.on_timeout(&mut self.books);
        self.absorb(End::Late);
        let now = self.books.now;
        for (seq, asked) in self.asked.iter().enumerate() {
            assert!(
                !asked.is_open || !asked.has_passed(now),
                "{seq} outlives its deadline: {:?} {:?} {:?}",
                asked.place,
                asked.blocking,
                asked.form
            );
        }
        self.find_released();
        if let Err(error) = result {
            self.lose(error);
        }
    }

    /// What was deferred and is due stands behind what waits.
    pub(super) fn find_released(&mut self) {
        let mut deferred: Vec<_> = (0..self.asked.len())
            .filter(|&seq| self.asked[seq].place == Place::Deferred && self.asked[seq].is_open)
            .collect();
        if deferred.is_empty() || self.connection.is_up() && self.connection.fault.is_some() {
            return;
        }
        let unsent = self.connection.queue.unsent().to_vec();
        let mut at = self.expected_unsent().len();
        while at < unsent.len() {
            let index = deferred.iter().position(|&seq| unsent[at..].starts_with(&self.asked[seq].bytes));
            let seq = deferred.remove(index.expect("nothing else comes back"));
            at += self.asked[seq].bytes.len();
            let asked = &mut self.asked[seq];
            asked.place = Place::Waiting;
            asked.start_over();
            self.waiting.push(seq);
        }
    }

    // The connection and what leaves.

    pub(super) fn connect(&mut self) {
        match self.connection.wants() {
            Wants::Dial => {
                self.connection.on_dial(self.books.now);
            }
            Wants::Dialed => match self.script.below(8) {
                0 => self.lose(Error::new(ErrorKind::Connect, "refused")),
                _ => {
                    self.connection.on_dialed();
                    self.new_wire();
                }
            },
            Wants::Traffic if !self.connection.is_up() => {
                self.send_up_to(usize::MAX, 0);
                self.answer(true);
                self.hear_up_to(usize::MAX);
            }
            Wants::Pause => self.later(Duration::from_millis(1100)),
            _ => {}
        }
    }

    pub(super) fn send(&mut self) {
        let all = self.connection.unsent().len();
        let count = self.script.length(all);
        let committed = match self.script.below(4) {
            0 => self.script.length(all - count),
            _ => 0,
        };
        self.send_up_to(count, committed);
    }

    /// The rest of what has begun to leave, and all that waits.
    pub(super) fn expected_unsent(&self) -> Vec<u8> {
        let begun = self.begun.iter().flat_map(|&seq| &self.asked[seq].bytes[self.asked[seq].sent..]);
        let waiting = self.waiting.iter().flat_map(|&seq| &self.asked[seq].bytes);
        begun.chain(waiting).copied().collect()
    }

    /// So much leaves, and so much more is committed to.
    pub(super) fn send_up_to(&mut self, count: usize, committed: usize) {
        let unsent = self.connection.unsent().to_vec();
        let count = count.min(unsent.len());
        if !self.connection.is_up() {
            self.greeting.extend_from_slice(&unsent[..count]);
            self.connection.advance(count, committed);
            return;
        }
        if self.connection.fault.is_some() {
            // Whatever it is, nothing may follow.
            assert!(unsent.is_empty(), "something leaves after a fault");
            return;
        }
        self.find_released();
        assert_eq!(text(&unsent), text(&self.expected_unsent()));
        self.connection.advance(count, committed);
        let (mut left, mut bound) = (count, count + committed);
        for &seq in &self.begun {
            bound = bound.saturating_sub(self.asked[seq].bytes.len() - self.asked[seq].sent);
            left -= self.asked[seq].send(left);
        }
        while bound > 0 {
            let seq = self.waiting.remove(0);
            self.begun.push_back(seq);
            let asked = &mut self.asked[seq];
            (asked.place, asked.has_begun_once) = (Place::Begun, true);
            bound = bound.saturating_sub(asked.bytes.len());
            left -= asked.send(left);
        }
        assert_eq!(left, 0);
    }

    pub(super) fn lose(&mut self, error: Error) {
        self.absorb(End::Received);
        let (was_up, wanted) = (self.connection.is_up(), self.connection.wants());
        self.connection.lost(error, &mut self.books);
        if matches!(wanted, Wants::Nothing | Wants::Pause) {
            return;
        }
        self.absorb(End::Lost);
        self.go_back(was_up);
        self.new_wire();
        if was_up && self.is_pinned {
            self.is_closed = true;
        }
        if self.connection.wants() == Wants::Nothing {
            assert!(self.connection.is_empty() && self.asked.iter().all(|asked| !asked.is_open));
        }
    }

    /// After a loss: what is still open waits, what had begun first.
    pub(super) fn go_back(&mut self, was_up: bool) {
        let begun = std::mem::take(&mut self.begun);
        let waiting = std::mem::take(&mut self.waiting);
        for seq in begun.into_iter().chain(waiting) {
            let (counted, arrived) = self.arrived_replies(seq);
            let asked = &mut self.asked[seq];
            if !asked.is_open {
                asked.place = Place::Gone;
                continue;
            }
            assert!(asked.is_read || !asked.may_be_applied(), "{seq} may be carried out twice");
            let is_void = asked.answered == 0 || asked.form == Form::Transaction;
            assert!(is_void && !(was_up && asked.form == Form::Portion), "{seq} is sent again");
            let is_condemned = (counted..=arrived).all(|replied| asked.is_condemned(replied));
            assert!(!is_condemned && !asked.is_early, "{seq} is sent again though the server refused it");
            assert!(!self.books.replies.contains_key(&(seq as u64)), "{seq} keeps what is void");
            asked.place = Place::Waiting;
            asked.start_over();
            self.waiting.push(seq);
        }
    }

    pub(super) fn new_wire(&mut self) {
        self.greeting.clear();
        self.wire.clear();
        self.said.clear();
        (self.arrived, self.is_wrong) = (0, false);
        while self.connection.next_message().is_some() {}
    }

    pub(super) fn close(&mut self) {
        let error = Error::new(ErrorKind::Closed, "closed");
        self.connection.close(&error, &mut self.books);
        self.is_closed = true;
        self.absorb(End::Lost);
        assert!(self.asked.iter().all(|asked| !asked.is_open), "closing ends everything");
        self.go_back(true);
        self.new_wire();
    }
}
