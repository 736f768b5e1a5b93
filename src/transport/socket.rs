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

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Other,
    /// There is none: both ends are the same socket.
    Itself,
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
            // The kernel counts in milliseconds, and 0 would be its own choice.
            socket.set_tcp_user_timeout(
                options.tcp_user_timeout.map(|timeout| timeout.max(Duration::from_millis(1))),
            )?;
        }
        match socket.connect(address) {
            Ok(()) => {}
            // A Unix socket whose backlog is full says WouldBlock and does not connect later: the caller tries again.
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(error) => return Err(error),
        }
        Ok(Self { _registered: registered, socket })
    }

    /// Ends the connection at once and for good: no side keeps its port occupied for the time that late packets may take.
    pub(super) fn abort(self) {
        // If that is not to be had, closing takes its usual course.
        let _ = self.socket.set_linger(Some(Duration::ZERO));
    }

    /// Whom connecting has led to; `None` as long as it is not decided.
    ///
    /// Where nobody listens on a port of the range for outgoing connections, the kernel may choose that port for this end as
    /// well; then both sides open at once, and all that is sent comes back.
    pub(super) fn connected(&self) -> io::Result<Option<Peer>> {
        match (self.socket.take_error()?, self.socket.peer_addr()) {
            (Some(error), _) => Err(error),
            // Unix sockets without a name are all called the same.
            (None, Ok(peer)) if peer.domain() != Domain::UNIX && peer == self.socket.local_addr()? => {
                Ok(Some(Peer::Itself))
            }
            (None, Ok(_)) => Ok(Some(Peer::Other)),
            (None, Err(error)) if error.kind() == io::ErrorKind::NotConnected => Ok(None),
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
impl Socket {
    /// A socket as it is when nobody listens and the kernel chooses the port that it connects to.
    pub(super) fn connected_to_itself() -> (Self, std::net::SocketAddr) {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap();
        socket.connect(&address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let registered = Registered::new(socket.as_raw_fd());
        (Self { _registered: registered, socket }, address.as_socket().unwrap())
    }

    /// A connected one and its other end.
    pub(super) fn pair() -> (Self, std::os::unix::net::UnixStream) {
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        (Self { _registered: Registered::new(near.as_raw_fd()), socket: near.into() }, far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_knows_whether_it_is_its_own_peer() {
        let (socket, address) = Socket::connected_to_itself();
        assert_eq!(socket.connected().unwrap(), Some(Peer::Itself));
        socket.abort();
        // Without SO_REUSEADDR, which std sets: the port is as free as it was.
        let server = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        server.bind(&address.into()).unwrap();
        server.listen(1).unwrap();
        let other = Socket::start(&address.into(), &Options::default()).unwrap();
        server.accept().unwrap();
        assert_eq!(other.connected().unwrap(), Some(Peer::Other));

        let (near, _far) = Socket::pair();
        assert_eq!(near.connected().unwrap(), Some(Peer::Other), "neither end has a name");
    }

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
