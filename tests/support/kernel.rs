//! What this machine's kernel knows of TCP connections to a port on it.
//!
//! What a server sends or ends is usually with the client at once, but on a busy machine the kernel may deliver it a little
//! later. A test that is about what the client finds has to wait until it is there.

use std::fs;

use super::eventually;

/// Waits until every connection to this port has been ended by the server.
#[track_caller]
pub(crate) fn wait_until_ended(port: u16) {
    eventually("the end of all connections", || connections(port).all(|(state, _)| state != ESTABLISHED));
}

/// Waits until a client of this port has something to read.
#[track_caller]
pub(crate) fn wait_until_readable(port: u16) {
    eventually("something to read", || connections(port).any(|(_, unread)| unread > 0));
}

/// Waits until the clients of this port have read everything that was sent to them.
#[track_caller]
pub(crate) fn wait_until_read(port: u16) {
    eventually("somebody to read", || connections(port).all(|(_, unread)| unread == 0));
}

const ESTABLISHED: u32 = 1;

/// State and number of unread bytes of the clients' ends.
fn connections(port: u16) -> impl Iterator<Item = (u32, u32)> {
    let table = fs::read_to_string("/proc/net/tcp").expect("the kernel's table");
    let rows: Vec<_> = table.lines().skip(1).filter_map(|row| parse(row, port)).collect();
    rows.into_iter()
}

/// `sl: local:port remote:port state tx_queue:rx_queue ...`, in hexadecimal digits.
fn parse(row: &str, port: u16) -> Option<(u32, u32)> {
    let number = |digits: &str| u32::from_str_radix(digits, 16).ok();
    let mut fields = row.split_whitespace().skip(2);
    let (_, remote) = fields.next()?.split_once(':')?;
    if number(remote)? != u32::from(port) {
        return None;
    }
    let state = number(fields.next()?)?;
    let (_, unread) = fields.next()?.split_once(':')?;
    Some((state, number(unread)?))
}
