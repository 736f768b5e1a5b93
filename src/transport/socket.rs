//! A connected stream socket, TCP or Unix, that never blocks.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use socket2::{Domain, SockAddr, TcpKeepalive, Type};

use super::fork::Registered;
use crate::options::Options;

/// One stream socket. Reading and writing return `WouldBlock` instead of waiting; `wait` waits.
pub(crate) struct Socket {
    /// Before the socket, because fields are dropped in this order.
    _registered: Registered,
    socket: socket2::Socket,
}

/// Keepalive as in docs/semantics.md: a silent peer is noticed after about half a minute.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;

impl Socket {
    /// Starts to connect. The socket becomes writable when it is done; [`connected`](Self::connected) tells how it went.
    pub(super) fn start(address: &SockAddr, options: &Options) -> io::Result<Self> {
        let socket = socket2::Socket::new(address.domain(), Type::STREAM, None)?;
        let registered = Registered::new(socket.as_raw_fd());
        socket.set_nonblocking(true)?;
        if let Some(size) = options.send_buffer {
            socket.set_send_buffer_size(size)?;
        }
        if let Some(size) = options.receive_buffer {
            socket.set_recv_buffer_size(size)?;
        }
        if address.domain() != Domain::UNIX {
            socket.set_tcp_nodelay(true)?;
            if options.tcp_keepalive {
                let keepalive = TcpKeepalive::new()
                    .with_time(KEEPALIVE_IDLE)
                    .with_interval(KEEPALIVE_INTERVAL)
                    .with_retries(KEEPALIVE_PROBES);
                socket.set_tcp_keepalive(&keepalive)?;
            }
            #[cfg(any(target_os = "linux", target_os = "android"))]
            socket.set_tcp_user_timeout(options.tcp_user_timeout)?;
        }
        match socket.connect(address) {
            Ok(()) => {}
            // A Unix socket whose backlog is full says WouldBlock and does not connect later: the caller tries again.
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(error) => return Err(error),
        }
        Ok(Self { _registered: registered, socket })
    }

    /// Whether connecting has worked; false as long as it is not decided.
    pub(super) fn connected(&self) -> io::Result<bool> {
        match (self.socket.take_error()?, self.socket.peer_addr()) {
            (Some(error), _) => Err(error),
            (None, Ok(_)) => Ok(true),
            (None, Err(error)) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            (None, Err(error)) => Err(error),
        }
    }

    /// Writes what the kernel takes now. Never raises SIGPIPE.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.socket.send_with_flags(bytes, libc::MSG_NOSIGNAL) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Ends both directions, which wakes whoever waits for this socket.
    pub(crate) fn shut_down(&self) {
        // A socket that is not connected any more has nothing to end.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl Read for &Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (&self.socket).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_reach_the_socket() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = SockAddr::from(listener.local_addr().unwrap());
        let mut options = Options::default();
        let Socket { socket, .. } = Socket::start(&address, &options).unwrap();
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE_IDLE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), KEEPALIVE_INTERVAL);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), KEEPALIVE_PROBES);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(10)));

        options.tcp_keepalive = false;
        options.tcp_user_timeout = None;
        options.receive_buffer = Some(16 * 1024);
        let Socket { socket, .. } = Socket::start(&address, &options).unwrap();
        assert!(!socket.keepalive().unwrap());
        assert_eq!(socket.tcp_user_timeout().unwrap(), None);
        // The kernel doubles what it is given, for its own book-keeping.
        assert_eq!(socket.recv_buffer_size().unwrap(), 32 * 1024);
    }
}
