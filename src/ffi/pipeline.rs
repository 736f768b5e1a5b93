//! Pipelines: many commands, one wait.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use crate::error::{Error, Outcome, Result};
use crate::pipeline::Pipeline;

use super::boundary::{boundary, boundary_with_state, contain, contain_or};
use super::client::{oxp_client, oxp_part_fn, sink};
use super::error::oxp_error;
use super::exclusive::{Entered, Exclusive};
use super::handle::{self, Alive, Handle};
use super::pointer::{self, put};
use super::reply::oxp_reply;
use super::slice::{PackedLists, arguments, oxp_slice, packed};
use super::status::{OXP_DUE, OXP_OK, oxp_status};

/// A batch of commands. Add commands, execute, add more, execute again; free it at the end. Adding
/// may already send (see oxp_options_set_eager_bytes); an atomic pipeline sends nothing before it
/// is executed.
///
/// Lifetime: keeps what it needs of its client; the order of freeing does not matter. Threads: any,
/// one at a time. A call that meets another one on the same pipeline does nothing and answers
/// OXP_ERR_BUSY.
pub struct oxp_pipeline {
    alive: Alive,
    pipeline: Exclusive<Pipeline>,
}

/// Makes an empty pipeline.
///
/// client   borrowed for the call.
/// out      own: the pipeline, for oxp_pipeline_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_new(
    client: *mut oxp_client,
    out: *mut *mut oxp_pipeline,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { open(client, false, out, err) }
}

/// Makes an empty pipeline whose commands the server executes as one transaction (MULTI, EXEC): all
/// of them or, if one of them is not a valid command, none; and no command of anybody else in
/// between.
///
/// client   borrowed for the call.
/// out      own: the pipeline, for oxp_pipeline_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_new_atomic(
    client: *mut oxp_client,
    out: *mut *mut oxp_pipeline,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { open(client, true, out, err) }
}

/// Makes an empty pipeline of no client, which only gathers commands: for
/// oxp_async_submit_pipeline and oxp_pool_submit_pipeline. Executing it is OXP_ERR_ARG.
///
/// atomic   whether the server executes the commands as one transaction.
/// out      own: the pipeline, for oxp_pipeline_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_new_detached(
    atomic: bool,
    out: *mut *mut oxp_pipeline,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            *out = handle::give(oxp_pipeline::new(Pipeline::detached(atomic)));
            Ok(())
        })
    }
}

/// Makes an empty pipeline for oxp_async_submit_pipeline to a lease (oxp_async_lease): as
/// oxp_pipeline_new_detached, but it takes what only a lease takes (SELECT, WATCH, ...). To
/// others, a pipeline with such a command is OXP_ERR_REFUSED.
///
/// atomic   whether the server executes the commands as one transaction.
/// out      own: the pipeline, for oxp_pipeline_free; NULL if the call fails.
/// err      may be NULL.
///
/// Returns OXP_OK, or OXP_ERR_ARG for a NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_new_for_lease(
    atomic: bool,
    out: *mut *mut oxp_pipeline,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            *out = handle::give(oxp_pipeline::new(Pipeline::for_lease(atomic)));
            Ok(())
        })
    }
}

/// Adds one command. The arguments are copied.
///
/// args, argc   the command's name and arguments, any bytes; borrowed for the call.
/// err          may be NULL.
///
/// Returns OXP_OK, or OXP_DUE (see oxp_pipeline_set_manual): it was added. OXP_ERR_ARG for an empty or
/// impossible command, OXP_ERR_REFUSED for one that does not belong in a pipeline, OXP_ERR_BUSY: then
/// nothing was added. A connection that fails while commands are sent early is reported by execute,
/// not here. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_add_command(
    pipeline: *mut oxp_pipeline,
    args: *const oxp_slice,
    argc: usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary_with_state(err, || {
            let args = arguments(args, argc)?;
            let mut pipeline = enter(pipeline)?;
            pipeline.command(args)?;
            Ok(due(&pipeline))
        })
    }
}

/// Adds many commands in one call; for language bindings, and for whoever has the commands in this
/// form already.
///
/// bytes, len          all arguments of all commands without anything in between; borrowed for the
///                     call.
/// lens, lens_count    the length of each argument; their sum is len.
/// argcs, commands     the number of arguments of each command, name included; their sum is
///                     lens_count.
/// err                 may be NULL.
///
/// Returns as oxp_pipeline_add_command; after OXP_ERR_ARG and OXP_ERR_REFUSED none of the commands
/// was added. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_add_packed(
    pipeline: *mut oxp_pipeline,
    bytes: *const u8,
    len: usize,
    lens: *const u32,
    lens_count: usize,
    argcs: *const u32,
    commands: usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary_with_state(err, || {
            let PackedLists { bytes, lens, argcs } =
                packed((bytes, len), (lens, lens_count), (argcs, commands))?;
            let mut pipeline = enter(pipeline)?;
            pipeline.add_packed(bytes, lens, argcs)?;
            Ok(due(&pipeline))
        })
    }
}

/// Lets adding a command never send by itself. Where it would have, oxp_pipeline_add_command and
/// oxp_pipeline_add_packed return OXP_DUE instead: the command was added, and oxp_pipeline_send is to
/// be called when that is convenient. For bindings that hold a lock of their language while they add.
///
/// is_manual   false is the default.
/// err         may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_set_manual(
    pipeline: *mut oxp_pipeline,
    is_manual: bool,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            enter(pipeline)?.set_manual(is_manual);
            Ok(())
        })
    }
}

/// Sends what has been added, if that may leave before oxp_pipeline_execute: nothing of an atomic
/// pipeline may, and nothing from a command on that makes the server wait. It waits for nothing but a
/// connection; one that fails is reported by oxp_pipeline_execute.
///
/// err   may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_send(pipeline: *mut oxp_pipeline, err: *mut oxp_error) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            enter(pipeline)?.send();
            Ok(())
        })
    }
}

/// The number of commands added since the last execute or reset; 0 for NULL and while another call
/// is running. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_len(pipeline: *const oxp_pipeline) -> usize {
    contain_or(0, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe { enter(pipeline) }.map_or(0, |pipeline| pipeline.len())
    })
}

/// Sends what has not been sent and waits for all replies. The pipeline is empty afterwards,
/// whatever happened, and can be used again.
///
/// out   own: an ARRAY with one reply per command, in order, for oxp_reply_free; NULL if the call
///       fails. A command that the server refuses has an ERROR in its place. If the server discards
///       the transaction of an atomic pipeline, every place has an ERROR and nothing was applied.
/// err   may be NULL.
///
/// Returns OXP_OK, also for no commands at all (an empty ARRAY, and nothing is sent); otherwise as
/// oxp_client_command, and then oxp_error_progress says how many commands were answered, may have
/// been applied, and were not applied. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_execute(
    pipeline: *mut oxp_pipeline,
    out: *mut *mut oxp_reply,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            let reply = enter(pipeline)?.execute()?;
            *out = handle::give(oxp_reply::new(reply));
            Ok(())
        })
    }
}

/// As oxp_pipeline_execute, but hands over the replies in parts, as they arrive, one reply after
/// the other without the ARRAY around them. After a failure, the replies handed over are those that
/// arrived.
///
/// part        called for each part, in order.
/// user_data   passed to it; may be NULL.
/// err         may be NULL.
///
/// Returns as oxp_pipeline_execute, and OXP_ERR_CANCELLED if part said stop. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_execute_stream(
    pipeline: *mut oxp_pipeline,
    part: oxp_part_fn,
    user_data: *mut c_void,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let mut sink = sink(part, user_data)?;
            enter(pipeline)?.execute_stream(&mut sink)
        })
    }
}

/// The name of a command that was added, or of one that the last execute sent, to say which reply
/// is an error.
///
/// index       which one, counted from 0.
/// name, len   receive the borrowed name as it was given, valid until the next call that adds,
///             executes or resets; NULL and 0 if the call fails. len may be NULL.
///
/// Returns OXP_OK; OXP_ERR_ARG if there is no such command; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_command_name(
    pipeline: *mut oxp_pipeline,
    index: usize,
    name: *mut *const u8,
    len: *mut usize,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        put(len, 0);
        boundary(null_mut(), || {
            let name = pointer::out(name, null())?;
            let pipeline = enter(pipeline)?;
            let text =
                pipeline.command_name(index).ok_or_else(|| Error::argument("there is no such command"))?;
            *name = text.as_ptr();
            put(len, text.len());
            Ok(())
        })
    }
}

/// Forgets all commands that were added. What was already sent early cannot be called back: the
/// server applies it, its replies are thrown away.
///
/// Returns OXP_OK; OXP_ERR_ARG for a NULL; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_reset(pipeline: *mut oxp_pipeline) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(null_mut(), || {
            enter(pipeline)?.reset();
            Ok(())
        })
    }
}

/// Frees a pipeline and what was added but not executed, as oxp_pipeline_reset. pipeline may be
/// NULL.
///
/// Must not be called while another call uses the pipeline, such as from inside its own callback;
/// where that is noticed, the pipeline is left alone and its memory is lost. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_pipeline_free(pipeline: *mut oxp_pipeline) {
    contain(|| {
        // SAFETY: pointers come from C under the contract of this module.
        let idle = unsafe { pointer::borrow(pipeline) }.is_ok_and(|handle| !handle.pipeline.is_in_use());
        if idle {
            // SAFETY: as above.
            drop(unsafe { handle::take_back(pipeline) });
        }
    });
}

fn due(pipeline: &Pipeline) -> oxp_status {
    if pipeline.is_manual() && pipeline.is_due() { OXP_DUE } else { OXP_OK }
}

impl oxp_pipeline {
    fn new(pipeline: Pipeline) -> Self {
        Self { alive: Alive::new(), pipeline: Exclusive::new(pipeline) }
    }
}

impl Handle for oxp_pipeline {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

unsafe fn open(
    client: *mut oxp_client,
    atomic: bool,
    out: *mut *mut oxp_pipeline,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            let pipeline = Pipeline::new(pointer::borrow(client)?.get(), atomic);
            *out = handle::give(oxp_pipeline::new(pipeline));
            Ok(())
        })
    }
}

#[inline]
pub(super) unsafe fn enter<'a>(pipeline: *const oxp_pipeline) -> Result<Entered<'a, Pipeline>> {
    // SAFETY: pointers come from C under the contract of this module.
    let entered = unsafe { pointer::borrow(pipeline)? }.pipeline.enter();
    entered.map_err(|error| error.with_outcome(Outcome::NotApplied))
}
