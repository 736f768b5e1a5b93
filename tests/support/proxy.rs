//! A faulty network in front of a real server: passes bytes on and cuts at a chosen one.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use oxipipe::Options;

use super::tcp;

pub(crate) struct Proxy {
    port: u16,
    control: Arc<Mutex<Control>>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Control {
    stop: bool,
    /// Refuse new connections by resetting them.
    down: bool,
    connections: usize,
    /// Of the connection that is open: bytes still to pass in either direction. `None`: all.
    budget: [Option<usize>; 2],
    cut: Option<Cut>,
    /// Bytes passed since the last fault was set.
    passed: [usize; 2],
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Both sides see an orderly end.
    Fin,
    /// Both sides see a reset.
    Rst,
    /// Neither sees anything any more.
    Silence,
}

/// Which way bytes flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer = 0,
    ToClient = 1,
}

impl Proxy {
    /// In front of a TCP server on this machine. One connection at a time is enough for a client.
    pub(crate) fn to(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let control = Arc::new(Mutex::new(Control::default()));
        let accepting = thread::spawn({
            let control = Arc::clone(&control);
            move || {
                for client in listener.incoming() {
                    let down = {
                        let mut control = control.lock().unwrap();
                        if control.stop {
                            return;
                        }
                        control.connections += 1;
                        control.down
                    };
                    let Ok(client) = client else { continue };
                    if down {
                        reset(&client);
                        continue;
                    }
                    let server = TcpStream::connect(("127.0.0.1", server_port)).expect("the server listens");
                    pump(client, server, &control);
                }
            }
        });
        Self { port, control, accepting: Some(accepting) }
    }

    pub(crate) fn options(&self) -> Options {
        tcp(self.port)
    }

    /// Cuts the present connection after `bytes` more bytes that way. Connections to come are not harmed.
    pub(crate) fn cut_after(&self, way: Way, bytes: usize, cut: Cut) {
        let mut control = self.control.lock().unwrap();
        control.budget = [None, None];
        control.budget[way as usize] = Some(bytes);
        control.cut = Some(cut);
        control.passed = [0, 0];
    }

    /// Resets whoever connects from now on.
    pub(crate) fn take_down(&self) {
        self.control.lock().unwrap().down = true;
    }

    pub(crate) fn bring_up(&self) {
        self.control.lock().unwrap().down = false;
    }

    pub(crate) fn connections(&self) -> usize {
        self.control.lock().unwrap().connections
    }

    /// Bytes that went that way since the last fault was set.
    pub(crate) fn passed(&self, way: Way) -> usize {
        self.control.lock().unwrap().passed[way as usize]
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.control.lock().unwrap().stop = true;
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// Passes bytes both ways until one side ends or the fault strikes.
fn pump(client: TcpStream, server: TcpStream, control: &Mutex<Control>) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
    }
    let mut buffer = vec![0; 64 * 1024];
    loop {
        wait_readable(&client, &server);
        if control.lock().unwrap().stop {
            return;
        }
        for (way, mut from, mut to) in [(0, &client, &server), (1, &server, &client)] {
            // The lock is held, so that a fault set by the test counts from an exact byte.
            let mut control = control.lock().unwrap();
            let allowed = control.budget[way].unwrap_or(usize::MAX).min(buffer.len());
            let count = if allowed == 0 {
                0
            } else {
                match from.read(&mut buffer[..allowed]) {
                    Ok(0) => return,
                    Ok(count) => count,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                    Err(_) => return reset(&client),
                }
            };
            if write_all(&mut to, &buffer[..count], &control).is_err() {
                return;
            }
            control.passed[way] += count;
            let Some(budget) = &mut control.budget[way] else { continue };
            *budget -= count;
            if *budget == 0 {
                let cut = control.cut.take().expect("a budget has a cut");
                control.budget = [None, None];
                drop(control);
                return strike(cut, &client, &server);
            }
        }
    }
}

fn strike(cut: Cut, client: &TcpStream, server: &TcpStream) {
    match cut {
        Cut::Fin => {
            let _ = client.shutdown(Shutdown::Write);
            let _ = server.shutdown(Shutdown::Write);
            // Closing with unread bytes would reset.
            let mut rest = [0; 4096];
            client.set_nonblocking(false).unwrap();
            client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            while matches!((&*client).read(&mut rest), Ok(1..)) {}
        }
        Cut::Rst => {
            reset(client);
            reset(server);
        }
        Cut::Silence => {
            // Nobody reads or writes; it ends when the client ends it.
            client.set_nonblocking(false).unwrap();
            let mut rest = [0; 4096];
            while matches!((&*client).read(&mut rest), Ok(1..)) {}
        }
    }
}

/// The socket will be closed with a reset.
fn reset(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

fn write_all(to: &mut &TcpStream, mut bytes: &[u8], control: &Control) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && !control.stop => thread::yield_now(),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn wait_readable(client: &TcpStream, server: &TcpStream) {
    let entry =
        |stream: &TcpStream| libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let mut entries = [entry(client), entry(server)];
    // Wakes now and then to see whether the test is over or has set a fault.
    // SAFETY: two valid entries, and the count says two.
    unsafe { libc::poll(entries.as_mut_ptr(), 2, 5) };
}
