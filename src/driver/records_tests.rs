//! For tests of what drivers owe an encrypted connection: a server that speaks in records and does what a test tells it.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::options::Options;
use crate::resp;
use crate::transport::records_tests::Peer;

pub(super) struct Server(Peer<TcpStream>);

/// So long that the kernel does not take it at once.
pub(super) const MUCH: usize = 1024 * 1024;

/// Serves one connection, which is greeted before `script` begins.
pub(super) fn start<R: Send + 'static>(
    script: impl FnOnce(&mut Server) -> R + Send + 'static,
) -> (Arc<Options>, JoinHandle<R>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = Options {
        host: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
        timeout: Some(Duration::from_secs(20)),
        client_info: false,
        // Whoever waits sleeps.
        spin: Duration::ZERO,
        send_buffer: Some(16 * 1024),
        records: Some(5),
        ..Options::default()
    };
    let server = thread::spawn(move || {
        let mut server = Server(Peer::meet(listener.accept().unwrap().0));
        assert_eq!(server.hear(1), ["3"]);
        server.0.say(&["%1\r\n+proto\r\n:3\r\n"]);
        script(&mut server)
    });
    (Arc::new(options), server)
}

impl Server {
    /// Waits for so many commands; the first argument of each.
    pub(super) fn hear(&mut self, count: usize) -> Vec<String> {
        while resp::whole_commands(&self.0.heard, usize::MAX) < count {
            assert!(self.0.hear(), "there are more commands");
        }
        let name = |args: Vec<&[u8]>| String::from_utf8(args[1].to_vec()).unwrap();
        let names: Vec<_> = resp::encoded_commands(&self.0.heard).map(name).collect();
        assert_eq!(names.len(), count);
        self.0.heard.clear();
        names
    }

    /// Answers each with its name, in one record for all.
    pub(super) fn answer(&mut self, names: &[String]) {
        self.0.say(&[&names.iter().map(|name| format!("+{name}\r\n")).collect::<String>()]);
    }

    /// Wants to hear what only the channel knows to say.
    pub(super) fn ask(&mut self) {
        self.0.ask();
    }
}
