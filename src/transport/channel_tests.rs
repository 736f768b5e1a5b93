use std::io::Read;
use std::os::unix::net::UnixStream;
use std::thread;

use super::super::records_tests::Peer;
use super::*;

const LONG: Option<Duration> = Some(Duration::from_secs(10));
/// More than the kernel takes at once.
const MUCH: usize = 4 * 1024 * 1024;

/// A channel that gives out so many bytes at a time if it speaks in records, and the other end.
fn pair(records: Option<usize>) -> (Channel, UnixStream) {
    let (socket, far) = Socket::pair();
    (Channel::new(socket, &Options { records, ..Options::default() }), far)
}

/// One that speaks in records and has been greeted.
fn met(portion: usize) -> (Channel, Peer<UnixStream>) {
    let (mut channel, far) = pair(Some(portion));
    assert_eq!(channel.write(&[]), Written::default());
    let peer = Peer::meet(far);
    assert!(!channel.read().unwrap(), "a greeting is nothing for the user");
    (channel, peer)
}

fn far_reads(far: &mut UnixStream, mut count: usize) {
    let mut buffer = vec![0; 64 * 1024];
    while count > 0 {
        let most = count.min(buffer.len());
        count -= far.read(&mut buffer[..most]).unwrap();
    }
}

#[test]
fn what_a_plain_socket_takes_has_left_and_the_rest_is_not_committed() {
    let (mut channel, mut far) = pair(None);
    let bytes = vec![7; MUCH];
    let Written { left, committed } = channel.write(&bytes);
    assert!(left > 0 && left < MUCH && committed == 0);
    assert_eq!(channel.write(&bytes[left..]), Written::default());
    assert!(!channel.is_writable(true) && !channel.wants_write(false));
    assert_eq!((channel.interest(true), channel.interest(false)), (Interest::ReadWrite, Interest::Read));
    far_reads(&mut far, left);
    channel.on_event(false, true, false);
    assert!(channel.is_writable(true) && channel.write(&bytes[left..]).left > 0);
}

#[test]
fn a_record_is_committed_until_it_has_left_whole() {
    let (mut channel, mut peer) = met(100);
    let bytes = vec![7; MUCH];
    let (first, rest) = bytes.split_at(MUCH - 10);
    assert_eq!(channel.write(first), Written { left: 0, committed: first.len() });
    // Whatever comes behind it is not.
    assert_eq!(channel.write(&bytes), Written { left: 0, committed: first.len() });
    assert!(channel.wants_write(true) && !channel.is_writable(true), "the kernel is full");
    let server = thread::spawn(move || {
        while peer.heard.len() < MUCH {
            assert!(peer.hear());
        }
        peer
    });
    let (mut receiver, mut left) = (channel.take_receiver().unwrap(), 0);
    while left < first.len() {
        receiver.sleep(channel.interest(true), LONG).unwrap();
        let written = channel.write(&bytes[left..]);
        left += written.left;
        assert!(
            [(0, first.len()), (first.len(), rest.len()), (MUCH, 0)].contains(&(left, written.committed))
        );
    }
    while left < MUCH {
        left += channel.write(&bytes[left..]).left;
    }
    assert_eq!(server.join().unwrap().heard, bytes);
}

#[test]
fn a_record_stays_as_long_as_its_bytes_are_not_offered() {
    let (mut channel, mut peer) = met(100);
    let bytes = vec![7; MUCH];
    assert_eq!(channel.write(&bytes), Written { left: 0, committed: MUCH });
    assert!(!channel.wants_write(false));
    assert_eq!(channel.interest(false), Interest::Read);
    let server = thread::spawn(move || {
        assert!(!peer.hear(), "a part of a record is nothing");
        peer.heard
    });
    for _ in 0..100 {
        assert_eq!(channel.write(&[]), Written { left: 0, committed: MUCH });
        thread::yield_now();
    }
    channel.shut_down();
    assert_eq!(server.join().unwrap(), []);
}

#[test]
fn what_waits_inside_is_read_without_another_event() {
    let (mut channel, mut peer) = met(7);
    peer.say(&["twelve bytes", "and seven"]);
    assert!(!channel.read().unwrap(), "no event has told of it");
    channel.on_event(true, false, false);
    for expected in ["twelve ", "bytesan", "d seven"] {
        assert!(channel.read().unwrap());
        assert_eq!(channel.window(), expected.as_bytes());
        channel.consume(7);
    }
    assert!(!channel.read().unwrap());
}

#[test]
fn nobody_sleeps_while_something_waits_inside() {
    let (mut channel, mut peer) = met(7);
    let mut receiver = channel.take_receiver().unwrap();
    peer.say(&["twelve bytes"]);
    for expected in ["twelve ", "bytes"] {
        assert_eq!(receiver.sleep(Interest::Read, LONG).unwrap(), Fill::Data);
        assert_eq!(receiver.window(), expected.as_bytes());
        receiver.consume(expected.len());
    }
    let short = Some(Duration::from_millis(1));
    let first = receiver.sleep(Interest::Read, short).unwrap();
    // It may look once more whether the socket has anything.
    let wakes = [Wake::Ready, Wake::Elapsed].map(Fill::Nothing);
    assert!(wakes.contains(&first));
    assert_eq!(receiver.sleep(Interest::Read, short).unwrap(), Fill::Nothing(Wake::Elapsed));
}

#[test]
fn a_plain_socket_that_filled_the_room_is_read_again() {
    use std::io::Write;
    let (mut channel, mut far) = pair(None);
    assert!(!channel.read().unwrap());
    far.set_nonblocking(true).unwrap();
    let bytes = vec![7; 192 * 1024];
    let mut total = far.write(&bytes).unwrap();
    channel.on_event(true, false, false);
    while total > 0 {
        assert!(channel.read().unwrap(), "{total} are left");
        let count = channel.window().len();
        channel.consume(count);
        total -= count;
    }
}

#[test]
fn a_greeting_is_written_before_anything_can_be_read_and_read_before_anything_can_leave() {
    let (mut channel, far) = pair(Some(7));
    assert!(channel.is_writable(false), "it begins by itself");
    assert_eq!(channel.interest(false), Interest::ReadWrite);
    assert!(!channel.read().unwrap());
    assert_eq!(channel.write(b"PING"), Written::default());
    assert!(!channel.is_writable(true), "nothing may leave yet");
    assert_eq!(channel.interest(true), Interest::Read);
    let mut peer = Peer::meet(far);
    channel.on_event(true, false, false);
    assert!(!channel.read().unwrap());
    assert!(channel.is_writable(true) && !channel.is_writable(false));
    assert_eq!(channel.interest(true), Interest::ReadWrite);
    assert_eq!(channel.write(b"PING"), Written { left: 4, committed: 0 });
    assert!(peer.hear());
    assert_eq!(peer.heard, b"PING");
}

#[test]
fn what_the_channel_has_to_say_by_itself_is_asked_for_by_reading_and_leaves_by_writing() {
    let (mut channel, mut peer) = met(7);
    assert!(!channel.is_writable(false));
    let server = thread::spawn(move || peer.ask());
    let mut receiver = channel.take_receiver().unwrap();
    while !channel.wants_write(false) {
        assert_eq!(receiver.sleep(channel.interest(false), LONG).unwrap(), Fill::Nothing(Wake::Ready));
    }
    assert!(channel.is_writable(false));
    assert_eq!(channel.interest(false), Interest::ReadWrite);
    assert_eq!(channel.write(&[]), Written::default());
    assert!(!channel.is_writable(false));
    server.join().unwrap();
}

#[test]
fn what_has_left_before_writing_fails_has_left() {
    let (mut channel, mut peer) = met(7);
    assert_eq!(channel.write(b"PING"), Written { left: 4, committed: 0 });
    assert!(peer.hear());
    drop(peer);
    assert_eq!(channel.write(b"PING"), Written { left: 0, committed: 4 });
    assert!(channel.has_failed() && !channel.is_writable(true));
    assert_eq!(channel.interest(true), Interest::Read);
    channel.on_event(true, false, true);
    assert_eq!(channel.read().unwrap_err().kind(), ErrorKind::Disconnected);
}
