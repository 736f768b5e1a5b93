//! What connections have to tell besides replies, many events at a time.

use std::ptr::{null, null_mut};

use crate::error::{Error, Result};
use crate::proto::{Event, EventKind};
use crate::resp::ReplyBuilder;

use super::aio::{self, oxp_async};
use super::boundary::{boundary, boundary_with_state, contain, contain_or};
use super::client::oxp_client;
use super::error::oxp_error;
use super::exclusive::{Entered, Exclusive};
use super::handle::{self, Alive, Handle};
use super::pointer::{self, of_wait, put};
use super::pool::{duration, oxp_pool};
use super::reply::{as_c, oxp_node, oxp_reply};
use super::status::{OXP_AGAIN, OXP_OK, oxp_status};

/// A push message of RESP3 that is none of the following, such as an invalidation.
pub const OXP_EVENT_PUSH: i32 = 1;
/// A message of a subscription: an array or push of message, channel, payload; of pmessage, pattern,
/// channel, payload; or of smessage, channel, payload.
pub const OXP_EVENT_MESSAGE: i32 = 2;
/// The server has ended a subscription by itself: sunsubscribe, channel, number of those left.
pub const OXP_EVENT_SUBSCRIPTION: i32 = 3;
/// A line of MONITOR.
pub const OXP_EVENT_MONITOR: i32 = 4;
/// The connection was made. A lease whose connection was kept from an earlier one may get none.
pub const OXP_EVENT_UP: i32 = 5;
/// The connection was lost, or that of an event-loop client's lease could not be made;
/// oxp_events_error says why.
pub const OXP_EVENT_DOWN: i32 = 6;

/// Something that a connection has to tell besides replies.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oxp_event {
    /// The number by which the server knows the connection, as CLIENT ID gives it; 0 where it did not
    /// say.
    pub connection: u64,
    /// How many events of this connection were dropped between the one before and this one, because
    /// more waited than oxp_options_set_event_limits allows.
    pub dropped: u64,
    /// What the server said, as oxp_reply_nodes gives it; NULL for a connection that was made or
    /// lost. Borrowed, as is bytes, until the events are filled again or freed.
    pub nodes: *const oxp_node,
    /// Number of nodes.
    pub node_count: usize,
    /// What the offsets in nodes refer to.
    pub bytes: *const u8,
    /// An OXP_EVENT_* number.
    pub kind: i32,
    /// Of OXP_EVENT_DOWN the reason; otherwise OXP_OK.
    pub status: i32,
}

/// Events in the order in which they came; of a pool, those of one connection are in order. Make one,
/// have it filled by oxp_client_next_events, oxp_async_next_events or oxp_pool_next_events again and
/// again, free it at the end.
///
/// Lifetime: independent of all other handles. Threads: any, one at a time.
pub struct oxp_events {
    alive: Alive,
    filled: Exclusive<Filled>,
}

pub(super) struct Filled {
    events: Vec<Event>,
    /// The same for C.
    list: Vec<oxp_event>,
}

// SAFETY: the pointers in `list` are into `events` beside it, which nobody changes without
// replacing them.
unsafe impl Send for Filled {}

/// Makes an empty batch.
///
/// out   own: the batch, for oxp_events_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if out is NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_events_new(out: *mut *mut oxp_events) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(null_mut(), || {
            let out = pointer::out(out, null_mut())?;
            let filled = Filled { events: Vec::new(), list: Vec::new() };
            *out = handle::give(oxp_events { alive: Alive::new(), filled: Exclusive::new(filled) });
            Ok(())
        })
    }
}

/// All events in the batch.
///
/// out   receives the borrowed first one, valid until the batch is filled again or freed; NULL if
///       there is none.
///
/// Returns their number; 0 for a NULL and while another call uses the batch. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_events_list(events: *const oxp_events, out: *mut *const oxp_event) -> usize {
    contain_or(0, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe {
            let Ok(out) = pointer::out(out, null()) else { return 0 };
            let Ok(filled) = enter(events) else { return 0 };
            if !filled.list.is_empty() {
                *out = filled.list.as_ptr();
            }
            filled.list.len()
        }
    })
}

/// Why a connection was lost.
///
/// index   which event, counted from 0.
/// err     receives the detail; cleared if that event is another one. May be NULL.
///
/// Returns the event's status, OXP_OK or a failure as oxp_client_command; OXP_ERR_ARG if there is no
/// such event; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_events_error(
    events: *const oxp_events,
    index: usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        super::error::oxp_error_clear(err);
        boundary_with_state(err, || {
            let filled = of_wait(enter(events))?;
            match &of_wait(at(&filled, index))?.reason {
                Some(error) => Err(error.clone()),
                None => Ok(OXP_OK),
            }
        })
    }
}

/// A copy of what the server said in an event that stands on its own.
///
/// index   which event, counted from 0.
/// out     own: what it said, for oxp_reply_free; NULL if the call fails.
/// err     may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG if there is no such event or the server said nothing in it;
/// OXP_ERR_BUSY; OXP_ERR_NO_MEMORY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_events_reply(
    events: *const oxp_events,
    index: usize,
    out: *mut *mut oxp_reply,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = of_wait(pointer::out(out, null_mut()))?;
            let filled = of_wait(enter(events))?;
            let message = of_wait(at(&filled, index))?.message.as_ref();
            let message =
                of_wait(message.ok_or_else(|| Error::argument("the server said nothing in this event")))?;
            let mut copy = ReplyBuilder::new();
            of_wait(copy.try_append(message.nodes(), message.bytes()).map_err(Error::from))?;
            *out = handle::give(oxp_reply::new(copy.finish()));
            Ok(())
        })
    }
}

/// Frees a batch and everything borrowed from it. events may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_events_free(events: *mut oxp_events) {
    if !events.is_null() {
        // SAFETY: pointers come from C under the contract of this module.
        contain(|| drop(unsafe { handle::take_back(events) }));
    }
}

/// Waits until a client's connection has something to tell besides replies, and takes all of it: that
/// it was made or lost; of a lease also messages of subscriptions and lines of MONITOR; pushes of
/// RESP3. Nothing is connected for it. Calls of other threads go on meanwhile; of several threads
/// that wait here, one gets the events.
///
/// events       filled anew; what it held is forgotten.
/// timeout_ms   how long to wait, in milliseconds; 0 not at all, UINT64_MAX for ever.
/// count        receives the number of events; may be NULL.
/// err          may be NULL.
///
/// Returns OXP_OK with at least one event; OXP_AGAIN if time ran out; OXP_ERR_CLOSED, or
/// OXP_ERR_DISCONNECTED for a lease that is lost, when no event is left; OXP_ERR_INTERRUPTED;
/// OXP_ERR_ARG for a NULL; OXP_ERR_BUSY if events is in use, or from inside a callback of this client.
/// Threads: any, concurrently, each with its own events. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_client_next_events(
    client: *mut oxp_client,
    events: *mut oxp_events,
    timeout_ms: u64,
    count: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        next_events(events, count, err, |into| {
            pointer::borrow(client)?.get().next_events(into, duration(timeout_ms)).map(drop)
        })
    }
}

/// Takes everything that the connection of an event-loop client has told besides replies since this
/// was last asked, as far as oxp_async_process has read it. See oxp_client_next_events.
///
/// events   filled anew; what it held is forgotten.
/// count    receives the number of events; may be NULL.
/// err      may be NULL.
///
/// Returns OXP_OK with at least one event; OXP_AGAIN if there is none; OXP_ERR_CLOSED, or
/// OXP_ERR_DISCONNECTED for a lease that is lost, when no event is left; OXP_ERR_ARG for a NULL;
/// OXP_ERR_FORKED; OXP_ERR_BUSY if either is in use. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_next_events(
    client: *mut oxp_async,
    events: *mut oxp_events,
    count: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { next_events(events, count, err, |into| aio::enter(client)?.next_events(into)) }
}

/// Waits until one of the pool's shared connections has something to tell besides replies, and takes
/// everything that there is. See oxp_client_next_events.
///
/// events       filled anew; what it held is forgotten.
/// timeout_ms   how long to wait, in milliseconds; 0 not at all, UINT64_MAX for ever.
/// count        receives the number of events; may be NULL.
/// err          may be NULL.
///
/// Returns OXP_OK with at least one event; OXP_AGAIN if time ran out; OXP_ERR_CLOSED if there is none
/// and the pool is closed; OXP_ERR_INTERRUPTED; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY if events is in
/// use. Threads: any, concurrently, each with its own events. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_next_events(
    pool: *mut oxp_pool,
    events: *mut oxp_events,
    timeout_ms: u64,
    count: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        next_events(events, count, err, |into| {
            pointer::borrow(pool)?.get().next_events(into, duration(timeout_ms)).map(drop)
        })
    }
}

unsafe fn next_events(
    events: *mut oxp_events,
    count: *mut usize,
    err: *mut oxp_error,
    take: impl FnOnce(&mut Vec<Event>) -> Result<()>,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(count, 0);
        boundary_with_state(err, || {
            let mut filled = of_wait(enter(events))?;
            let filled = &mut *filled;
            filled.list.clear();
            filled.events.clear();
            let result = of_wait(take(&mut filled.events));
            filled.list.extend(filled.events.iter().map(for_c));
            put(count, filled.list.len());
            result?;
            Ok(if filled.list.is_empty() { OXP_AGAIN } else { OXP_OK })
        })
    }
}

impl Handle for oxp_events {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

unsafe fn enter<'a>(events: *const oxp_events) -> Result<Entered<'a, Filled>> {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { pointer::borrow(events)? }.filled.enter()
}

fn at(filled: &Filled, index: usize) -> Result<&Event> {
    filled.events.get(index).ok_or_else(|| Error::argument("there is no such event"))
}

fn for_c(event: &Event) -> oxp_event {
    let message = event.message.as_ref();
    oxp_event {
        connection: event.connection,
        dropped: event.dropped,
        nodes: message.map_or(null(), |message| as_c(message.nodes()).as_ptr()),
        node_count: message.map_or(0, |message| message.nodes().len()),
        bytes: message.map_or(null(), |message| message.bytes().as_ptr()),
        kind: event.kind as i32,
        status: event.reason.as_ref().map_or(OXP_OK, |error| error.kind() as i32),
    }
}

// The same numbers on both sides.
const _: () = {
    assert!(OXP_EVENT_PUSH == EventKind::Push as i32 && OXP_EVENT_MESSAGE == EventKind::Message as i32);
    assert!(OXP_EVENT_SUBSCRIPTION == EventKind::Subscription as i32);
    assert!(OXP_EVENT_MONITOR == EventKind::Monitor as i32);
    assert!(OXP_EVENT_UP == EventKind::Up as i32 && OXP_EVENT_DOWN == EventKind::Down as i32);
};
