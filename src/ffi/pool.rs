//! Pools: many connections and a thread that keeps them busy.

use std::ptr::null_mut;
use std::time::Duration;

use crate::error::Error;
use crate::pool::{Lost, Pool, Pulled};

use super::aio::report_cancelled;
use super::boundary::{boundary, boundary_with_state, contain};
use super::client::oxp_client;
use super::completions::{self, oxp_completions};
use super::error::oxp_error;
use super::handle::{self, Alive, Handle};
use super::options::oxp_options;
use super::pipeline::{self, oxp_pipeline};
use super::pointer::{self, of_wait, put};
use super::slice::{PackedLists, arguments, oxp_slice, packed};
use super::status::{OXP_AGAIN, OXP_DONE, OXP_FULL, OXP_OK, OXP_OUTCOME_NONE, oxp_status};

/// The token of a submission of which nobody wants to hear: no completion comes of it. That it
/// failed is still counted by oxp_pool_flush.
pub const OXP_TOKEN_NONE: u64 = 0xFFFF_FFFF_FFFF_FFFF;

/// Several connections to one server, fed from a bounded queue by a thread of the pool's own, which
/// starts with the first submission.
///
/// Submit and go on; pull results many at a time with oxp_pool_next, or wait for all of them with
/// oxp_pool_flush. Completions come as they come, and commands spread over the connections, so
/// nothing is promised about their order, unless oxp_options_set_ordered_results or
/// oxp_options_set_key_affinity say otherwise. Commands that make the server wait, such as BLPOP,
/// get connections of their own.
///
/// The queue holds what was submitted until its completion is pulled. A program that submits and
/// pulls in one thread therefore pulls when oxp_pool_try_submit says OXP_FULL, or uses
/// OXP_TOKEN_NONE.
///
/// A child made by fork() may go on using the pool: it gets a thread and connections of its own, and
/// nothing of what the parent submitted.
///
/// Lifetime: until freed. Threads: any, concurrently; but freeing a pool that another thread is
/// using is undefined: close first, which ends the other calls.
pub struct oxp_pool {
    alive: Alive,
    pool: Pool,
}

/// Makes a pool without connecting; that happens when it is first used.
///
/// options       borrowed for the call; the pool keeps a copy.
/// connections   number of shared connections, 1 to 10,000.
/// out           own: the pool, for oxp_pool_free; NULL if the call fails.
/// err           may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG; OXP_ERR_BUSY while a setter uses the options. Threads: any,
/// concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_open(
    options: *const oxp_options,
    connections: u32,
    out: *mut *mut oxp_pool,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            let pool = Pool::new(pointer::borrow(options)?.get()?, connections as usize)?;
            *out = handle::give(oxp_pool { alive: Alive::new(), pool });
            Ok(())
        })
    }
}

/// Waits until every connection has been up, at most for the options' timeout.
///
/// err   may be NULL.
///
/// Returns as oxp_connect, and OXP_ERR_CLOSED after oxp_pool_close; OXP_ERR_IO or OXP_ERR_NO_MEMORY if
/// the system has nothing left for the pool's thread or its descriptors. Threads: any, concurrently.
/// Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_connect(pool: *mut oxp_pool, err: *mut oxp_error) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { boundary(err, || pointer::borrow(pool)?.pool.connect()) }
}

/// Submits a command; its sending starts at once. Waits while the queue is full, at most for the
/// options' timeout.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// token        comes back with the completion; any number but OXP_TOKEN_NONE, which means that
///              there is none.
/// err          may be NULL.
///
/// Returns OXP_OK: there will be exactly one completion. Otherwise nothing was submitted:
/// OXP_ERR_ARG, OXP_ERR_REFUSED, OXP_ERR_CLOSED, OXP_ERR_TIMEOUT if the queue stayed full,
/// OXP_ERR_INTERRUPTED, OXP_ERR_IO or OXP_ERR_NO_MEMORY if the system has nothing left for the pool's
/// thread or its descriptors. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_submit(
    pool: *mut oxp_pool,
    args: *const oxp_slice,
    argc: usize,
    token: u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let args = arguments(args, argc)?;
            pointer::borrow(pool)?.pool.submit(args, wanted(token))
        })
    }
}

/// Submits many commands in one call, one after the other; for language bindings. Waits as
/// oxp_pool_submit.
///
/// bytes, len         all arguments of all commands without anything in between; borrowed for the call.
/// lens, lens_count   the length of each argument; their sum is len.
/// argcs, commands    the number of arguments of each command, name included; their sum is lens_count.
/// tokens             the token of each command, as for oxp_pool_submit: as many.
/// submitted          receives how many were submitted: all of them, or those before the first that was
///                    not. May be NULL.
/// err                may be NULL.
///
/// Returns as oxp_pool_submit, of the first command that was not submitted; the later ones were not
/// looked at. OXP_ERR_ARG also if the numbers do not add up, and then none was.
/// Threads: any, concurrently; what several submit at once may alternate. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_submit_packed(
    pool: *mut oxp_pool,
    bytes: *const u8,
    len: usize,
    lens: *const u32,
    lens_count: usize,
    argcs: *const u32,
    commands: usize,
    tokens: *const u64,
    submitted: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(submitted, 0);
        boundary(err, || {
            let PackedLists { bytes, lens, argcs } =
                packed((bytes, len), (lens, lens_count), (argcs, commands))?;
            let tokens = pointer::slice(tokens, commands)?;
            let pool = &pointer::borrow(pool)?.pool;
            let (count, result) = pool.submit_packed(bytes, lens, argcs, tokens);
            put(submitted, count);
            result
        })
    }
}

/// Submits a command unless the queue is full; never waits.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// token        as for oxp_pool_submit.
/// err          may be NULL.
///
/// Returns OXP_FULL if the queue is full, and nothing was submitted; otherwise as oxp_pool_submit.
/// Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_try_submit(
    pool: *mut oxp_pool,
    args: *const oxp_slice,
    argc: usize,
    token: u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary_with_state(err, || {
            let args = arguments(args, argc)?;
            let submitted = pointer::borrow(pool)?.pool.try_submit(args, wanted(token))?;
            Ok(if submitted { OXP_OK } else { OXP_FULL })
        })
    }
}

/// Submits many commands in one call, one after the other, as far as there is room for them in the
/// queue; never waits.
///
/// bytes, len         all arguments of all commands without anything in between; borrowed for the call.
/// lens, lens_count   the length of each argument; their sum is len.
/// argcs, commands    the number of arguments of each command, name included; their sum is lens_count.
/// tokens             the token of each command, as for oxp_pool_submit: as many.
/// submitted          receives how many were submitted: all of them, or those before the first that was
///                    not. May be NULL.
/// err                may be NULL.
///
/// Returns OXP_FULL if there was no room for all of them; otherwise as oxp_pool_submit_packed.
/// Threads: any, concurrently; what several submit at once may alternate. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_try_submit_packed(
    pool: *mut oxp_pool,
    bytes: *const u8,
    len: usize,
    lens: *const u32,
    lens_count: usize,
    argcs: *const u32,
    commands: usize,
    tokens: *const u64,
    submitted: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(submitted, 0);
        boundary_with_state(err, || {
            let PackedLists { bytes, lens, argcs } =
                packed((bytes, len), (lens, lens_count), (argcs, commands))?;
            let tokens = pointer::slice(tokens, commands)?;
            let pool = &pointer::borrow(pool)?.pool;
            let (count, result) = pool.try_submit_packed(bytes, lens, argcs, tokens);
            put(submitted, count);
            Ok(if result? { OXP_OK } else { OXP_FULL })
        })
    }
}

/// Submits all commands of a pipeline, which go over one connection and complete together, and
/// leaves the pipeline empty, its command names still readable. Waits as oxp_pool_submit. It counts
/// as one in the queue.
///
/// pipeline   one that has not begun to send: best from oxp_pipeline_new_detached.
/// token      as for oxp_pool_submit.
/// err        may be NULL.
///
/// Returns as oxp_pool_submit; OXP_ERR_ARG also for an empty pipeline or one that has begun to send,
/// OXP_ERR_BUSY if the pipeline is in use. The pipeline is unchanged if the call fails. Threads: any,
/// concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_submit_pipeline(
    pool: *mut oxp_pool,
    pipeline: *mut oxp_pipeline,
    token: u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let mut pipeline = pipeline::enter(pipeline)?;
            pointer::borrow(pool)?.pool.submit_pipeline(&mut pipeline, wanted(token))
        })
    }
}

/// Submits all commands of a pipeline unless the queue is full; never waits.
///
/// pipeline   as for oxp_pool_submit_pipeline.
/// token      as for oxp_pool_submit.
/// err        may be NULL.
///
/// Returns OXP_FULL if the queue is full, and nothing was submitted; otherwise as
/// oxp_pool_submit_pipeline. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_try_submit_pipeline(
    pool: *mut oxp_pool,
    pipeline: *mut oxp_pipeline,
    token: u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary_with_state(err, || {
            let mut pipeline = pipeline::enter(pipeline)?;
            let submitted = pointer::borrow(pool)?.pool.try_submit_pipeline(&mut pipeline, wanted(token))?;
            Ok(if submitted { OXP_OK } else { OXP_FULL })
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
/// Returns OXP_OK; OXP_DONE if there is no such submission or it has completed; OXP_ERR_ARG for
/// OXP_TOKEN_NONE. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_cancel(
    pool: *mut oxp_pool,
    token: u64,
    outcome: *mut i32,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(outcome, OXP_OUTCOME_NONE);
        boundary_with_state(err, || {
            let pool = pointer::borrow(pool)?;
            let token = wanted(token).ok_or_else(|| Error::argument("OXP_TOKEN_NONE names no submission"))?;
            Ok(report_cancelled(pool.pool.cancel(token), outcome))
        })
    }
}

/// Takes back a submission of which nothing has left: there will be no completion, and it is not
/// applied. What is under way is left alone. If several have this token, one of them.
///
/// err   may be NULL.
///
/// Returns OXP_OK; OXP_AGAIN if it is under way and will complete; OXP_DONE if there is no such
/// submission or it has completed; OXP_ERR_ARG for OXP_TOKEN_NONE. Threads: any, concurrently.
/// Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_retract(
    pool: *mut oxp_pool,
    token: u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary_with_state(err, || {
            let pool = pointer::borrow(pool)?;
            let token = wanted(token).ok_or_else(|| Error::argument("OXP_TOKEN_NONE names no submission"))?;
            Ok(match pool.pool.retract(token) {
                Some(true) => OXP_OK,
                Some(false) => OXP_AGAIN,
                None => OXP_DONE,
            })
        })
    }
}

/// Waits until something has completed, and takes all of it. Several threads may pull; each
/// completion goes to one of them.
///
/// completions   filled anew; what it held is forgotten.
/// timeout_ms    how long to wait, in milliseconds; 0 not at all, UINT64_MAX for ever.
/// count         receives the number of completions; may be NULL.
/// err           may be NULL.
///
/// Returns OXP_OK with at least one completion; OXP_AGAIN if time ran out; OXP_DONE if nothing is
/// outstanding for which a completion could come; OXP_ERR_ARG for a NULL; OXP_ERR_INTERRUPTED;
/// OXP_ERR_BUSY if completions is in use. Threads: any, concurrently, each with its own completions.
/// Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_next(
    pool: *mut oxp_pool,
    completions: *mut oxp_completions,
    timeout_ms: u64,
    count: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(count, 0);
        boundary_with_state(err, || {
            let pool = of_wait(pointer::borrow(pool))?;
            let mut completions = of_wait(completions::enter(completions))?;
            let (filled, pulled) =
                completions.fill(|completions| pool.pool.next(completions, duration(timeout_ms)));
            put(count, filled);
            Ok(match pulled? {
                Pulled::Some => OXP_OK,
                Pulled::TimedOut => OXP_AGAIN,
                Pulled::Nothing => OXP_DONE,
            })
        })
    }
}

/// Waits until everything submitted so far has completed, and takes all completions.
///
/// completions   filled anew; what it held is forgotten.
/// timeout_ms    how long to wait, in milliseconds; UINT64_MAX for ever.
/// count         receives the number of completions; may be NULL.
/// err           may be NULL.
///
/// Returns OXP_OK; OXP_ERR_TIMEOUT or OXP_ERR_INTERRUPTED, and then nothing was taken; OXP_ERR_ARG
/// for a NULL; OXP_ERR_BUSY if completions is in use. Threads: any, concurrently, each with its own
/// completions. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_drain(
    pool: *mut oxp_pool,
    completions: *mut oxp_completions,
    timeout_ms: u64,
    count: *mut usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(count, 0);
        boundary(err, || {
            let pool = of_wait(pointer::borrow(pool))?;
            let mut completions = of_wait(completions::enter(completions))?;
            let (filled, drained) =
                completions.fill(|completions| pool.pool.drain(completions, duration(timeout_ms)));
            put(count, filled);
            drained
        })
    }
}

/// A client of a connection of its own, for commands that the pool's connections refuse: see
/// oxp_client_lease.
///
/// pool   borrowed for the call.
/// out    own: the lease, for oxp_client_free; NULL if the call fails.
/// err    may be NULL.
///
/// Returns as oxp_connect; OXP_ERR_CLOSED after oxp_pool_close, which closes its leases, too;
/// OXP_ERR_QUEUE_FULL if the pool has 1,024 of them. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_lease(
    pool: *mut oxp_pool,
    out: *mut *mut oxp_client,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            *out = handle::give(oxp_client::new(pointer::borrow(pool)?.pool.lease()?));
            Ok(())
        })
    }
}

/// A barrier: waits until everything submitted so far has completed, and says whether it worked.
/// Completions stay for oxp_pool_next.
///
/// timeout_ms   how long to wait, in milliseconds; UINT64_MAX for ever.
/// failed       receives how many submissions have failed since the last flush, server errors
///              included; may be NULL.
/// err          may be NULL; the failure of the one submitted first.
///
/// Returns OXP_OK if none failed; otherwise the status of the first failure, which is as
/// oxp_client_command, or OXP_ERR_REPLY if the server answered with an error, whose text is the
/// message. OXP_ERR_TIMEOUT or OXP_ERR_INTERRUPTED with *failed 0 if the wait itself ended; the
/// failures are then reported by the next flush. OXP_ERR_ARG for a NULL. Threads: any, concurrently.
/// Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_flush(
    pool: *mut oxp_pool,
    timeout_ms: u64,
    failed: *mut u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(failed, 0);
        boundary(err, || {
            let (count, first) = of_wait(pointer::borrow(pool))?.pool.flush(duration(timeout_ms))?;
            put(failed, count);
            first.map_or(Ok(()), Err)
        })
    }
}

/// Closes the pool for good. Submissions are refused from now on; what is outstanding may complete
/// within the grace; what is left then completes with OXP_ERR_CLOSED and its outcome. Whoever waits
/// wakes up. Completions can still be pulled. Closing again with less grace ends a close that still
/// waits; otherwise it does nothing.
///
/// grace_ms               in milliseconds; 0 ends everything at once, UINT64_MAX waits for ever.
/// unknown, not_applied   receive how many submissions were cut short: which may have been applied,
///                        and which were not. May be NULL.
/// err                    may be NULL.
///
/// Returns OXP_OK; OXP_ERR_INTERRUPTED if the interrupt function ended the grace: closed all the
/// same; OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_close(
    pool: *mut oxp_pool,
    grace_ms: u64,
    unknown: *mut u64,
    not_applied: *mut u64,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(unknown, 0);
        put(not_applied, 0);
        boundary(err, || {
            let lost: Lost = of_wait(pointer::borrow(pool))?.pool.close(duration(grace_ms))?;
            put(unknown, lost.unknown);
            put(not_applied, lost.not_applied);
            Ok(())
        })
    }
}

/// Frees a pool, closing it at once if it is open. pool may be NULL.
///
/// Threads: any, but no other call may be using this handle. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pool_free(pool: *mut oxp_pool) {
    if !pool.is_null() {
        // SAFETY: pointers come from C under the contract of this module.
        contain(|| drop(unsafe { handle::take_back(pool) }));
    }
}

impl oxp_pool {
    pub(super) fn get(&self) -> &Pool {
        &self.pool
    }
}

impl Handle for oxp_pool {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

fn wanted(token: u64) -> Option<u64> {
    (token != OXP_TOKEN_NONE).then_some(token)
}

pub(super) fn duration(millis: u64) -> Option<Duration> {
    (millis != u64::MAX).then(|| Duration::from_millis(millis))
}
