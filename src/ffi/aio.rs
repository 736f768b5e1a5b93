//! Clients for somebody else's event loop.

use std::os::fd::AsRawFd;
use std::ptr::null_mut;

use crate::aio::Async;
use crate::error::{Outcome, Result};

use super::boundary::{boundary, boundary_with_state, contain, contain_or};
use super::completions::{self, oxp_completions};
use super::error::oxp_error;
use super::exclusive::{Entered, Exclusive};
use super::handle::{self, Alive, Handle};
use super::options::oxp_options;
use super::pipeline::{self, oxp_pipeline};
use super::pointer::{self, of_wait, put};
use super::slice::{PackedLists, arguments, oxp_slice, packed};
use super::status::{OXP_AGAIN, OXP_DONE, OXP_OK, OXP_OUTCOME_NONE, oxp_status};

/// The descriptor is to be watched for reading.
pub const OXP_WANT_READ: u32 = 1;
/// The descriptor is to be watched for writing.
pub const OXP_WANT_WRITE: u32 = 2;

/// A client of one server that never waits. An event loop watches its one descriptor and calls
/// oxp_async_process when that is readable, or when oxp_async_timeout_ns has run out;
/// oxipipe/adapters has this for common loops.
///
/// Commands are submitted with a token, leave together at the next process, and come back as
/// completions, pulled many at a time with oxp_async_next: nothing is ever called back. It connects
/// when something is submitted, and again after a failure. Commands that make the server wait, such
/// as BLPOP, get a connection of their own.
///
/// In a child made by fork() its calls return OXP_ERR_FORKED, and free leaves the parent's
/// connection alone.
///
/// Lifetime: until freed. Threads: any, one at a time. A call that meets another one does nothing
/// and answers OXP_ERR_BUSY.
pub struct oxp_async {
    alive: Alive,
    fd: i32,
    client: Exclusive<Async>,
}

/// Makes a client; it connects when something is submitted.
///
/// options   borrowed for the call. The interrupt function and the polling time are not used.
/// out       own: the client, for oxp_async_free; NULL if the call fails.
/// err       may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_IO if the system has no descriptor left, or
/// OXP_ERR_NO_MEMORY; OXP_ERR_BUSY while a setter uses the options. Threads: any, concurrently. Since
/// 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_open(
    options: *const oxp_options,
    out: *mut *mut oxp_async,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            let client = Async::new(pointer::borrow(options)?.get()?)?;
            *out = handle::give(oxp_async::new(client));
            Ok(())
        })
    }
}

/// A client of a connection of its own, with the same options and a descriptor of its own, for
/// commands that a shared connection refuses because they would change it for everybody, or because
/// more or fewer replies come than one: WATCH, MULTI, SELECT, SUBSCRIBE, MONITOR, CLIENT REPLY and the
/// like. It is an event-loop client like any other: watch its descriptor, too.
///
/// It connects at once. SUBSCRIBE and its kin complete with their confirmations, one after the other in
/// the completion's nodes (the copy that oxp_completions_reply makes has an ARRAY around them);
/// messages come with oxp_async_next_events. What has no reply, as CLIENT REPLY OFF and what follows
/// it, completes without one when it has left: OXP_OK, and nodes is NULL.
///
/// If the connection is lost, it is not made again, because what was set on it would be lost
/// silently: what is submitted then is answered with OXP_ERR_DISCONNECTED. Freeing it closes the
/// connection. Closing the client it came from closes it as well; closing it closes nothing else.
///
/// client   borrowed for the call.
/// out      own: the lease, for oxp_async_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG; OXP_ERR_CLOSED; OXP_ERR_QUEUE_FULL if there are 1,024 of them;
/// OXP_ERR_IO if the system has no descriptor left, or OXP_ERR_NO_MEMORY; OXP_ERR_FORKED;
/// OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_lease(
    client: *mut oxp_async,
    out: *mut *mut oxp_async,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            let lease = enter_to_submit(client)?.lease()?;
            *out = handle::give(oxp_async::new(lease));
            Ok(())
        })
    }
}

/// The descriptor to watch, however many connections are behind it. It is readable when
/// oxp_async_process has something to do, also after a submission; it never changes and is not to
/// be read, written or closed. -1 for NULL. Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_fd(client: *const oxp_async) -> i32 {
    contain_or(-1, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { pointer::borrow(client) }.map_or(-1, |client| client.fd)
    })
}

/// What to watch the descriptor for: a mask of OXP_WANT_READ and OXP_WANT_WRITE. On systems with
/// epoll or kqueue it is always OXP_WANT_READ. Threads: any, concurrently. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_want(client: *const oxp_async) -> u32 {
    contain_or(0, || {
        // SAFETY: pointers come from C under the contract of this module.
        if unsafe { pointer::borrow(client) }.is_ok() { OXP_WANT_READ } else { 0 }
    })
}

/// Nanoseconds until oxp_async_process must be called even if the descriptor is silent, from now on;
/// UINT64_MAX for never, also for NULL and while another call runs. May change with every other
/// call. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_timeout_ns(client: *const oxp_async) -> u64 {
    contain_or(u64::MAX, || {
        // SAFETY: pointers come from C under the contract of this module.
        let timeout = unsafe { enter(client) }.map_or(None, |client| client.timeout());
        timeout.map_or(u64::MAX, |timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
    })
}

/// Does everything that can be done without waiting: connects, writes what was submitted, reads
/// replies, ends what is overdue. What completed is then there for oxp_async_next.
///
/// err   may be NULL.
///
/// Returns OXP_OK, also when a connection failed: the submissions that it cost complete with the
/// reason. OXP_ERR_IO if polling itself failed; OXP_ERR_ARG for a NULL; OXP_ERR_FORKED; OXP_ERR_BUSY.
/// Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_process(client: *mut oxp_async, err: *mut oxp_error) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { boundary(err, || of_wait(enter(client))?.process()) }
}

/// Queues a command. It leaves at the next oxp_async_process, with all others queued by then.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// token        comes back with the completion; any number.
/// err          may be NULL.
///
/// Returns OXP_OK: there will be exactly one completion. Otherwise nothing was queued: OXP_ERR_ARG,
/// OXP_ERR_REFUSED, OXP_ERR_QUEUE_FULL (see oxp_options_set_queue_limits; also for a command that needs
/// a connection of its own, such as BLPOP, if 1,024 have one), OXP_ERR_CLOSED, OXP_ERR_DISCONNECTED
/// for a lease that is lost, OXP_ERR_FORKED, OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_submit(
    client: *mut oxp_async,
    args: *const oxp_slice,
    argc: usize,
    token: u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let args = arguments(args, argc)?;
            enter_to_submit(client)?.submit(args, token)
        })
    }
}

/// Queues many commands in one call, one after the other; for language bindings.
///
/// bytes, len         all arguments of all commands without anything in between; borrowed for the call.
/// lens, lens_count   the length of each argument; their sum is len.
/// argcs, commands    the number of arguments of each command, name included; their sum is lens_count.
/// tokens             the token of each command: as many.
/// queued             receives how many were queued: all of them, or those before the first that was
///                    not. May be NULL.
/// err                may be NULL.
///
/// Returns as oxp_async_submit, of the first command that was not queued; the later ones were not
/// looked at. OXP_ERR_ARG also if the numbers do not add up, and then none was. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_submit_packed(
    client: *mut oxp_async,
    bytes: *const u8,
    len: usize,
    lens: *const u32,
    lens_count: usize,
    argcs: *const u32,
    commands: usize,
    tokens: *const u64,
    queued: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(queued, 0);
        boundary(err, || {
            let PackedLists { bytes, lens, argcs } =
                packed((bytes, len), (lens, lens_count), (argcs, commands))?;
            let tokens = pointer::slice(tokens, commands)?;
            let (count, result) = enter_to_submit(client)?.submit_packed(bytes, lens, argcs, tokens);
            put(queued, count);
            result
        })
    }
}

/// Queues all commands of a pipeline, which complete together, and leaves the pipeline empty, its
/// command names still readable.
///
/// pipeline   one that has not begun to send: best from oxp_pipeline_new_detached.
/// token      comes back with the completion; any number.
/// err        may be NULL.
///
/// Returns as oxp_async_submit; OXP_ERR_ARG also for an empty pipeline or one that has begun to send.
/// The pipeline is unchanged if the call fails. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_submit_pipeline(
    client: *mut oxp_async,
    pipeline: *mut oxp_pipeline,
    token: u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let mut pipeline = pipeline::enter(pipeline)?;
            enter_to_submit(client)?.submit_pipeline(&mut pipeline, token)
        })
    }
}

/// Gives up on a submission: there will be no completion. If several have this token, on one of
/// them.
///
/// outcome   receives OXP_OUTCOME_NOT_APPLIED if nothing of it has left, so that it was removed;
///           OXP_OUTCOME_UNKNOWN if it may have been applied (its reply will be swallowed, nobody
///           else's is affected); OXP_OUTCOME_NONE otherwise. May be NULL.
/// err       may be NULL.
///
/// Returns OXP_OK; OXP_DONE if there is no such submission or it has completed; OXP_ERR_ARG for a
/// NULL; OXP_ERR_FORKED; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_cancel(
    client: *mut oxp_async,
    token: u64,
    outcome: *mut i32,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(outcome, OXP_OUTCOME_NONE);
        boundary_with_state(err, || {
            let cancelled = of_wait(enter(client))?.cancel(token)?;
            Ok(report_cancelled(cancelled, outcome))
        })
    }
}

/// Takes back a submission of which nothing has left: there will be no completion, and it is not
/// applied. What is under way is left alone. If several have this token, one of them.
///
/// err   may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if it is under way and will complete; OXP_DONE if there is no such
/// submission or it has completed; OXP_ERR_ARG for a NULL; OXP_ERR_FORKED; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_retract(
    client: *mut oxp_async,
    token: u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary_with_state(err, || {
            Ok(match of_wait(enter(client))?.retract(token)? {
                Some(true) => OXP_OK,
                Some(false) => OXP_AGAIN,
                None => OXP_DONE,
            })
        })
    }
}

/// Takes all completions there are.
///
/// completions   filled anew; what it held is forgotten.
/// count         receives their number; may be NULL.
/// err           may be NULL.
///
/// Returns OXP_OK, also if there are none; OXP_ERR_ARG; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_next(
    client: *mut oxp_async,
    completions: *mut oxp_completions,
    count: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(count, 0);
        boundary(err, || {
            let mut completions = of_wait(completions::enter(completions))?;
            let mut client = of_wait(enter(client))?;
            let (filled, ()) = completions.fill(|completions| client.next(completions));
            put(count, filled);
            Ok(())
        })
    }
}

/// Closes the connections for good. Everything outstanding completes with OXP_ERR_CLOSED and its
/// outcome, to be pulled with oxp_async_next; later submissions are refused. Closing again does
/// nothing. client may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_close(client: *mut oxp_async) {
    contain(|| {
        // SAFETY: pointers come from C under the contract of this module.
        if let Ok(mut client) = unsafe { enter(client) } {
            client.close();
        }
    });
}

/// Frees a client. What was outstanding ends without a completion. Stop watching the descriptor
/// first. client may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_async_free(client: *mut oxp_async) {
    if !client.is_null() {
        // SAFETY: pointers come from C under the contract of this module.
        contain(|| drop(unsafe { handle::take_back(client) }));
    }
}

impl oxp_async {
    fn new(client: Async) -> Self {
        Self { alive: Alive::new(), fd: client.as_raw_fd(), client: Exclusive::new(client) }
    }
}

impl Handle for oxp_async {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

/// The status of a cancel, whose outcome goes where C wants it.
///
/// # Safety
/// `outcome` is NULL or may be written.
pub(super) unsafe fn report_cancelled(cancelled: Option<Outcome>, outcome: *mut i32) -> oxp_status {
    match cancelled {
        Some(known) => {
            // SAFETY: the caller's contract.
            unsafe { put(outcome, known as i32) };
            OXP_OK
        }
        None => OXP_DONE,
    }
}

#[inline]
pub(super) unsafe fn enter<'a>(client: *const oxp_async) -> Result<Entered<'a, Async>> {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { pointer::borrow(client)? }.client.enter()
}

#[inline]
unsafe fn enter_to_submit<'a>(client: *const oxp_async) -> Result<Entered<'a, Async>> {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { enter(client) }.map_err(|error| error.with_outcome(Outcome::NotApplied))
}
