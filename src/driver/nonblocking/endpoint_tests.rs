use mio::{Events, Poll};

use super::*;
use crate::driver::refusing_tests as refusing;
use crate::proto::Form;
use crate::resp;

const NODE: Token = Token(0);

#[test]
fn a_rule_takes_a_refusal_out_of_the_stream_before_it_completes_anything() {
    const SCRIPTS: u64 = 100;
    let (options, server) = refusing::start();
    let mut poll = Poll::new().unwrap();
    let mut surroundings = Surroundings {
        registry: poll.registry().try_clone().unwrap(),
        waker: Arc::new(Waker::new(poll.registry(), Token(1)).unwrap()),
        token: NODE,
        now: Instant::now(),
        out: Batch::default(),
        was_up: false,
        gathers: false,
        options: Arc::clone(&options),
    };
    let mut node = Endpoint::new(&options, refusing::rule, surroundings.now);
    for token in 0..SCRIPTS {
        let mut request = Request::new(token, Form::Command, 1, Deadline::never());
        request.seq = token;
        // What nobody wants to hear is sent again all the same.
        request.keeps_reply = token % 2 == 0;
        node.push(request, |out| resp::encode_command(out, &["EVALSHA", &token.to_string(), "0"])).unwrap();
    }
    let mut events = Events::with_capacity(8);
    loop {
        surroundings.now = Instant::now();
        let more = node.advance(&mut surroundings);
        if surroundings.out.len() == SCRIPTS as usize {
            break;
        }
        let rest = node.next_step().remaining(surroundings.now);
        poll.poll(&mut events, if more { Some(Duration::ZERO) } else { rest }).unwrap();
        for event in events.iter().filter(|event| event.token() == NODE) {
            node.on_event(event.is_readable(), event.is_writable(), event.is_read_closed());
        }
    }
    let mut completed: Vec<_> = surroundings.out.iter().map(|completion| completion.token).collect();
    completed.sort_unstable();
    assert!(completed.into_iter().eq(0..SCRIPTS));
    for completion in surroundings.out.iter() {
        assert!(completion.error.is_none());
        if completion.token % 2 == 0 {
            let reply = completion.reply().unwrap();
            assert_eq!(reply.root().as_str(), Some(&*completion.token.to_string()));
        }
    }
    assert!(node.is_empty());
    node.close(&Error::new(ErrorKind::Closed, "closed"), &mut surroundings);
    assert_eq!(server.join().unwrap().len() as u64, 2 * SCRIPTS);
}
