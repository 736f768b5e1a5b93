//! What this machine's kernel knows of TCP connections to a port on it.
//!
//! What a server sends or ends is usually with the client at once, but on a busy machine the kernel may deliver it a little
//! later. A test that is about what the client finds has to wait until it is there.

use std::fs;

use super::eventually;

/// Waits until every connection to this port has been ended by the server.
#[track_caller]
pub(crate) fn wait_until_ended(port: u16) {
    eventually("the end of all connections", || is_ended(port));
}

/// Whether every connection to this port has been ended by the server, for all that the clients' ends know.
pub(crate) fn is_ended(port: u16) -> bool {
    connections(port).all(|(state, _)| state != ESTABLISHED)
}

/// Whether the clients of this port have read everything that was sent to them.
pub(crate) fn is_read(port: u16) -> bool {
    is_delivered(port) && connections(port).all(|(_, unread)| unread == 0)
}

/// Whether everything that was sent from this port has arrived at the clients' ends, read or not.
pub(crate) fn is_delivered(port: u16) -> bool {
    rows(port).filter(|row| row.local == u32::from(port)).all(|row| row.unacknowledged == 0)
}

/// Whether something has come to this port that the server has not read.
pub(crate) fn has_arrived(port: u16) -> bool {
    rows(port).any(|row| row.local == u32::from(port) && row.state == ESTABLISHED && row.unread > 0)
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
    rows(port).filter(move |row| row.remote == u32::from(port)).map(|row| (row.state, row.unread))
}

/// One end of a connection.
struct Row {
    local: u32,
    remote: u32,
    state: u32,
    unacknowledged: u32,
    unread: u32,
}

/// Those with the port at either end.
fn rows(port: u16) -> impl Iterator<Item = Row> {
    let table = fs::read_to_string("/proc/net/tcp").expect("the kernel's table");
    let port = format!("{port:04X}");
    // Tests ask thousands of times, and thousands of connections that have ended are in it, too: those are not taken apart.
    let has_port = |row: &&str| {
        let ends = row.find(':').map_or("", |colon| &row[colon + 1..]);
        ends.get(10..14) == Some(&port) || ends.get(24..28) == Some(&port)
    };
    let rows: Vec<_> = table.lines().skip(1).filter(has_port).filter_map(parse).collect();
    rows.into_iter()
}

/// `sl: local:port remote:port state tx_queue:rx_queue ...`, in hexadecimal digits.
fn parse(row: &str) -> Option<Row> {
    let number = |digits: &str| u32::from_str_radix(digits, 16).ok();
    let mut fields = row.split_whitespace().skip(1);
    let (_, local) = fields.next()?.split_once(':')?;
    let (_, remote) = fields.next()?.split_once(':')?;
    let state = fields.next()?;
    let (unacknowledged, unread) = fields.next()?.split_once(':')?;
    Some(Row {
        local: number(local)?,
        remote: number(remote)?,
        state: number(state)?,
        unacknowledged: number(unacknowledged)?,
        unread: number(unread)?,
    })
}
