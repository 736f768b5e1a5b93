//! For tests of what is decided about error replies: a server that refuses a script when it sees it for the first time.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::options::Options;
use crate::proto::Verdict;
use crate::resp;

/// Serves one connection to its end, and then says which scripts it was asked for, in order.
pub(super) fn start() -> (Arc<Options>, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let options = Options {
        host: "127.0.0.1".into(),
        port,
        timeout: Some(Duration::from_secs(60)),
        client_info: false,
        ..Options::default()
    };
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut input, mut buffer) = (Vec::new(), [0; 4096]);
        let (mut asked, mut known) = (Vec::new(), HashSet::new());
        loop {
            let count = stream.read(&mut buffer).unwrap_or(0);
            if count == 0 {
                return asked;
            }
            input.extend_from_slice(&buffer[..count]);
            let (_, whole) = resp::leading_commands(&input, input.len());
            let mut replies = String::new();
            for args in resp::encoded_commands(&input[..whole]) {
                if args[0] == b"HELLO" {
                    replies += "%1\r\n+proto\r\n:3\r\n";
                    continue;
                }
                let script = String::from_utf8(args[1].to_vec()).unwrap();
                replies += &match known.insert(script.clone()) {
                    true => "-NOSCRIPT No matching script.\r\n".to_owned(),
                    false => format!("+{script}\r\n"),
                };
                asked.push(script);
            }
            input.drain(..whole);
            stream.write_all(replies.as_bytes()).unwrap();
        }
    });
    (Arc::new(options), server)
}

/// The rule that such a server wants.
pub(super) fn rule(text: &[u8], _: &mut dyn FnMut() -> Duration) -> Verdict {
    match text.starts_with(b"NOSCRIPT") {
        true => Verdict::Resend { after: Duration::ZERO },
        false => Verdict::Deliver,
    }
}
