//! What the server says.

use super::*;

/// What the server has said and the network has not delivered whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// The reply to a command.
    Reply {
        seq: usize,
        is_refusal: bool,
    },
    Push(u64),
    /// To the greeting.
    Greeting,
    /// What must not be said.
    Wrong,
}

impl World<'_> {
    pub(super) fn say(&mut self, text: &str, said: Said) {
        self.wire.extend_from_slice(text.as_bytes());
        self.said.push_back((self.wire.len(), said));
    }

    /// Replies on the wire to a request.
    pub(super) fn said_to(&self, seq: usize) -> usize {
        self.said.iter().filter(|(_, said)| matches!(said, Said::Reply { seq: to, .. } if *to == seq)).count()
    }

    /// Replies to a request that are counted, and those that could be by now.
    pub(super) fn arrived_replies(&self, seq: usize) -> (usize, usize) {
        let is_it = |said: &Said| matches!(said, Said::Reply { seq: to, .. } if *to == seq);
        let more = self.said.iter().filter(|(end, said)| *end <= self.arrived && is_it(said)).count();
        (self.asked[seq].answered, self.asked[seq].answered + more)
    }

    /// The command whose reply the server owes next: the request and the place in it. `is_early`: it need not have left.
    pub(super) fn owed(&self, is_early: bool) -> Option<(usize, usize)> {
        for &seq in &self.begun {
            let answered = self.asked[seq].answered + self.said_to(seq);
            let left = if is_early { self.asked[seq].ends.len() } else { self.asked[seq].left() };
            if answered < left {
                return Some((seq, answered));
            }
            if answered < self.asked[seq].ends.len() {
                return None;
            }
        }
        None
    }

    pub(super) fn answer(&mut self, all: bool) {
        if self.is_wrong {
            return;
        }
        if !self.connection.is_up() {
            return self.answer_greeting();
        }
        let mut times = if all { usize::MAX } else { 1 + self.script.below(3) };
        while times > 0
            && let Some((seq, index)) = self.owed(false)
        {
            self.reply(seq, index, true);
            times -= 1;
        }
    }

    pub(super) fn reply(&mut self, seq: usize, index: usize, may_be_error: bool) {
        let number = self.asked[seq].first + index as u64;
        let choice = self.script.byte();
        let is_refusal = may_be_error && choice % 16 == 1;
        let text = match choice % 16 {
            1 | 2 if !may_be_error => format!(":{number}\r\n"),
            1 => format!("-{} {number}\r\n", ["LOADING", "TRYAGAIN"][choice / 16 % 2]),
            2 => format!("-ERR {number}\r\n"),
            3..8 => format!(":{number}\r\n"),
            // Sometimes a lie: it goes on.
            8 if may_be_error && choice < 64 => {
                self.asked[seq].last_words.push(index + 1);
                format!("-ERR Protocol error {number}\r\n")
            }
            _ => {
                let attributes = self.attributes();
                format!("{attributes}*2\r\n:{number}\r\n{}", self.value(2))
            }
        };
        self.say(&text, Said::Reply { seq, is_refusal });
    }

    pub(super) fn attributes(&mut self) -> String {
        match self.script.byte() {
            choice @ 0..64 => {
                (0..=choice % 2).map(|_| format!("|1\r\n+k\r\n{}", self.value(2))).collect::<String>()
            }
            64 => "|0\r\n".into(),
            _ => String::new(),
        }
    }

    pub(super) fn value(&mut self, depth: usize) -> String {
        let choice = self.script.byte();
        let leaf = [
            "+s\r\n",
            "-LOADING e\r\n",
            ":7\r\n",
            "$3\r\na\r\n\r\n",
            "_\r\n",
            "$-1\r\n",
            "*0\r\n",
            "$0\r\n\r\n",
        ];
        if depth == 0 || choice < 128 {
            return leaf[choice % 8].into();
        }
        let count = choice / 8 % 4;
        let (marker, count, values) = match choice % 8 {
            0 => ('%', count, 2 * count),
            3 => ('~', count, count),
            4 => return format!("|1\r\n+k\r\n{}{}", self.value(depth - 1), self.value(depth - 1)),
            _ => ('*', count, count),
        };
        let values: String = (0..values).map(|_| self.value(depth - 1)).collect();
        format!("{marker}{count}\r\n{values}")
    }

    pub(super) fn say_push(&mut self) {
        if self.is_wrong || self.connection.wants() != Wants::Traffic {
            return;
        }
        let attributes = self.attributes();
        let value = self.value(2);
        self.pushes += 1;
        let text = format!("{attributes}>3\r\n+kind\r\n:{}\r\n{value}", self.pushes);
        self.say(&text, Said::Push(self.pushes));
    }

    pub(super) fn answer_greeting(&mut self) {
        let greeting = std::mem::take(&mut self.greeting);
        let mut used = 0;
        let (_, whole) = resp::leading_commands(&greeting, greeting.len());
        for args in resp::encoded_commands(&greeting[..whole]) {
            let text = match (args[0], self.script.byte()) {
                (b"HELLO", 0 | 64) => "-NOPROTO no\r\n",
                (b"HELLO", 1) => "-ERR max number of clients reached\r\n",
                (b"HELLO", 2) => "+OK\r\n",
                (b"HELLO", _) => "%1\r\n+proto\r\n:3\r\n",
                (b"PING", _) => "+PONG\r\n",
                (_, 0) => "-ERR unknown\r\n",
                _ => "+OK\r\n",
            };
            self.say(text, Said::Greeting);
            used += 1;
        }
        assert!(used > 0 || whole == 0);
        self.greeting = greeting[whole..].to_vec();
    }

    /// Says what must not be said. What is said after it counts for nothing.
    pub(super) fn misbehave(&mut self) {
        if self.is_wrong || !self.connection.is_up() || !self.said.iter().all(|(end, _)| *end <= self.arrived)
        {
            return;
        }
        if self.owed(true).is_none() && self.script.below(2) == 0 {
            self.send_up_to(5, 0);
        }
        match (self.script.below(4), self.owed(true), self.owed(false)) {
            // A reply to a command that has begun to leave and has not left. If it leaves meanwhile, nobody can tell.
            (0 | 1, Some((seq, index)), None) => {
                if self.script.below(2) == 0 {
                    self.books.direct = Some(self.asked[seq].token);
                }
                let is_error = self.script.below(2) == 0;
                match is_error {
                    true => {
                        let number = self.asked[seq].first + index as u64;
                        self.say(&format!("-ERR {number}\r\n"), Said::Reply { seq, is_refusal: false });
                    }
                    false => {
                        self.asked[seq].ends_wrongly = index + 1 == self.asked[seq].ends.len();
                        self.reply(seq, index, false);
                    }
                }
            }
            // One too many. Its first byte arrives at once, or somebody may ask for something before it does.
            (2, None, _) => {
                let attributes = self.attributes();
                let value = self.value(2);
                if value.starts_with('>') || value.starts_with('|') {
                    return;
                }
                self.say(&format!("{attributes}{value}"), Said::Wrong);
                self.is_wrong = true;
                let count = 1 + self.script.length(self.wire.len());
                self.hear_up_to(count);
            }
            (3, _, _) => {
                let text =
                    ["?\r\n", "*x\r\n", ":\r\n\r\n", "$99999999999999999999\r\n"][self.script.below(4)];
                self.say(text, Said::Wrong);
                self.is_wrong = true;
            }
            _ => {}
        }
    }
}
