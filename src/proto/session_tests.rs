use super::*;
use crate::error::Outcome;
use crate::resp;

/// A session with its requests, spoken to in text.
struct Talk {
    session: Session,
    requests: Requests,
}

impl Talk {
    fn new() -> Self {
        Self { session: Session::new(Limits::default()), requests: Requests::default() }
    }

    fn send(&mut self, id: RequestId, name: &str) {
        self.session.enqueue(&mut self.requests, id, 1, 64, |out| resp::encode_command(out, &[name]));
    }

    fn flush(&mut self) {
        while !self.session.pending().is_empty() {
            let count = self.session.pending().len();
            self.session.written(count);
        }
    }

    /// Feeds text in one window; what belongs to `direct` is counted in nodes.
    fn hear(&mut self, text: &str, direct: Option<RequestId>) -> Result<usize, Error> {
        let (mut pos, mut direct_nodes) = (0, 0);
        loop {
            match self.session.receive(text.as_bytes(), &mut pos, &mut self.requests, direct)? {
                Received::Part => {
                    direct_nodes += self.session.part().len();
                    self.session.part().clear();
                }
                Received::Starved => {
                    assert_eq!(pos, text.len(), "these tests feed what can be consumed whole");
                    return Ok(direct_nodes);
                }
            }
        }
    }

    fn kept(&mut self, id: RequestId) -> usize {
        self.requests.get_mut(id).take_kept().map_or(0, |(nodes, _)| nodes.len())
    }

    fn fail(self) -> Requests {
        let Self { session, mut requests } = self;
        session.fail(&mut requests, &Error::new(ErrorKind::Disconnected, "gone"));
        requests
    }
}

fn fate(requests: &mut Requests, id: RequestId) -> (u64, u64, u64) {
    let progress = requests.close(id).into_result().unwrap_err().progress().unwrap();
    (progress.replied, progress.unknown, progress.not_applied)
}

#[test]
fn replies_go_to_requests_in_the_order_of_their_commands() {
    let mut talk = Talk::new();
    let (a, b) = (talk.requests.open(false), talk.requests.open(false));
    for id in [a, a, b, a] {
        talk.send(id, "PING");
    }
    talk.flush();
    assert_eq!(talk.hear("+1\r\n+2\r\n*2\r\n:1\r\n:2\r\n", None).unwrap(), 0);
    assert_eq!(talk.kept(a), 2);
    assert_eq!(talk.kept(b), 3);
    assert!(talk.requests.get(b).is_settled());
    assert!(!talk.requests.get(a).is_settled());
    assert_eq!(talk.hear("+3\r\n", Some(a)).unwrap(), 1);
    assert!(talk.requests.get(a).is_settled());
}

#[test]
fn an_aggregate_cut_in_the_middle_arrives_in_parts() {
    let mut talk = Talk::new();
    let a = talk.requests.open(false);
    talk.send(a, "KEYS");
    talk.flush();
    assert_eq!(talk.hear("*3\r\n:1\r\n", Some(a)).unwrap(), 2);
    assert!(!talk.requests.get(a).is_settled());
    assert_eq!(talk.hear(":2\r\n:3\r\n", Some(a)).unwrap(), 2);
    assert!(talk.requests.get(a).is_settled());
}

#[test]
fn pushes_between_replies_and_in_pieces_shift_nothing() {
    let mut talk = Talk::new();
    let a = talk.requests.open(false);
    talk.send(a, "PING");
    talk.send(a, "PING");
    talk.flush();
    assert_eq!(talk.hear(">2\r\n+invalidate\r\n_\r\n+1\r\n>2\r\n+x\r\n", Some(a)).unwrap(), 1);
    assert_eq!(talk.hear(":7\r\n+2\r\n", Some(a)).unwrap(), 1);
    assert!(talk.requests.get(a).is_settled());
    assert_eq!(talk.hear(">1\r\n+idle\r\n", None).unwrap(), 0);
}

#[test]
fn a_reply_that_nothing_asked_for_is_an_error() {
    let mut talk = Talk::new();
    assert_eq!(talk.hear("+OK\r\n", None).unwrap_err().kind(), ErrorKind::Protocol);
    let mut talk = Talk::new();
    assert_eq!(talk.hear("*2\r\n:1\r\n", None).unwrap_err().kind(), ErrorKind::Protocol);
}

#[test]
fn an_abandoned_request_keeps_its_place_and_its_replies_are_swallowed() {
    let mut talk = Talk::new();
    let (a, b) = (talk.requests.open(false), talk.requests.open(false));
    talk.send(a, "GET");
    talk.send(b, "GET");
    talk.flush();
    let progress = talk.session.abandon(&mut talk.requests, a);
    assert_eq!(progress.outcome(), Some(Outcome::Unknown));
    assert_eq!(talk.hear("$5\r\nlate!\r\n$4\r\nmine\r\n", Some(b)).unwrap(), 1);
    assert!(talk.requests.get(b).is_settled());
    assert_eq!(talk.session.in_flight(), 0);
}

#[test]
fn commands_that_have_not_left_are_taken_back() {
    let mut talk = Talk::new();
    let (a, b) = (talk.requests.open(false), talk.requests.open(false));
    talk.send(a, "GET");
    talk.flush();
    talk.send(b, "SET");
    let progress = talk.session.abandon(&mut talk.requests, b);
    assert_eq!(progress.outcome(), Some(Outcome::NotApplied));
    assert!(talk.session.pending().is_empty());
    let c = talk.requests.open(false);
    talk.send(c, "GET");
    talk.flush();
    assert_eq!(talk.hear("+a\r\n+c\r\n", Some(c)).unwrap(), 1);
    assert_eq!(talk.kept(a), 1);
}

#[test]
fn a_lost_connection_tells_each_request_the_fate_of_its_own_commands() {
    let mut talk = Talk::new();
    let (a, b, c) = (talk.requests.open(false), talk.requests.open(false), talk.requests.open(false));
    for id in [a, a, b] {
        talk.send(id, "PING");
    }
    talk.flush();
    talk.hear("+1\r\n", None).unwrap();
    talk.send(a, "PING");
    talk.send(c, "PING");
    // One byte of a's third command left: as good as none.
    talk.session.written(1);
    let mut requests = talk.fail();
    assert_eq!(fate(&mut requests, a), (1, 1, 1));
    assert_eq!(fate(&mut requests, b), (0, 1, 0));
    assert_eq!(fate(&mut requests, c), (0, 0, 1));
}

#[test]
fn every_cut_of_one_command_short_of_its_end_is_not_applied() {
    let mut encoded = Vec::new();
    resp::encode_command(&mut encoded, &["INCR"]);
    for cut in 0..=encoded.len() {
        let mut talk = Talk::new();
        let a = talk.requests.open(false);
        talk.send(a, "INCR");
        if cut > 0 {
            talk.session.written(cut);
        }
        let expected = if cut == encoded.len() { (0, 1, 0) } else { (0, 0, 1) };
        assert_eq!(fate(&mut talk.fail(), a), expected, "cut at {cut}");
    }
}

#[test]
fn an_answered_request_survives_the_loss_of_its_connection() {
    let mut talk = Talk::new();
    let a = talk.requests.open(false);
    talk.send(a, "PING");
    talk.flush();
    talk.hear("+PONG\r\n", None).unwrap();
    let mut requests = talk.fail();
    assert!(requests.get(a).is_settled());
    assert!(requests.close(a).into_result().is_ok());
}

#[test]
fn replies_before_a_fault_in_the_same_window_are_delivered() {
    for direct in [true, false] {
        let mut talk = Talk::new();
        let a = talk.requests.open(false);
        for _ in 0..3 {
            talk.send(a, "PING");
        }
        talk.flush();
        let text = b"+1\r\n+2\r\n!nonsense\r\n";
        let mut pos = 0;
        let mut direct_nodes = 0;
        let error = loop {
            match talk.session.receive(text, &mut pos, &mut talk.requests, direct.then_some(a)) {
                Ok(Received::Part) => {
                    direct_nodes += talk.session.part().len();
                    talk.session.part().clear();
                }
                Ok(Received::Starved) => panic!("a fault must be reported"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(direct_nodes + talk.kept(a), 2);
        assert_eq!(fate(&mut talk.fail(), a), (2, 1, 0));
    }
}
