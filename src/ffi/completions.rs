//! Results of event-loop clients and pools, many at a time.

use std::ptr::{null, null_mut};

use crate::driver::nonblocking::{Completion, Completions};
use crate::error::{Error, Result};

use super::boundary::{boundary, boundary_with_state, contain, contain_or};
use super::error::oxp_error;
use super::exclusive::{Entered, Exclusive};
use super::handle::{self, Alive, Handle};
use super::pointer::{self, of_wait};
use super::reply::{as_c, oxp_node, oxp_reply};
use super::status::{OXP_OK, OXP_OUTCOME_NONE, OXP_OUTCOME_UNKNOWN, oxp_status};

/// What became of one submission.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oxp_completion {
    /// As it was given with the submission.
    pub token: u64,
    /// Number of top-level replies in nodes: 1 for a command, one per command for a pipeline; fewer
    /// after a failure. Where it succeeded, only over a lease are there others: as many as there are
    /// confirmations of SUBSCRIBE and its kin; 0 for CLIENT REPLY OFF and SKIP, for what these
    /// silence, and for a transaction that a watched key stopped.
    pub replies: u64,
    /// The replies one after the other, in preorder, with no ARRAY around several; what value says of
    /// an aggregate means nothing. NULL, as is bytes, if there is none, whatever status says. Borrowed,
    /// as is bytes, until the completions are filled again or freed.
    pub nodes: *const oxp_node,
    /// Number of nodes.
    pub node_count: usize,
    /// What the offsets in nodes refer to.
    pub bytes: *const u8,
    /// OXP_OK (also if the server answered with an error, which is a reply), or why it failed.
    pub status: i32,
    /// If it failed, an OXP_OUTCOME_* number; otherwise OXP_OUTCOME_NONE.
    pub outcome: i32,
}

/// Completions in the order in which they came. Make one, have it filled by oxp_async_next or
/// oxp_pool_next again and again, free it at the end: it keeps its memory, so that results cost no
/// allocation of their own.
///
/// Lifetime: independent of all other handles. Threads: any, one at a time.
pub struct oxp_completions {
    alive: Alive,
    filled: Exclusive<Filled>,
}

pub(super) struct Filled {
    completions: Completions,
    /// The same for C.
    list: Vec<oxp_completion>,
}

// SAFETY: the pointers in `list` are into `completions` beside it, which nobody changes without
// replacing them.
unsafe impl Send for Filled {}

/// Makes an empty batch.
///
/// out   own: the batch, for oxp_completions_free; NULL if the call fails.
///
/// Returns OXP_OK, or OXP_ERR_ARG if out is NULL. Threads: any, concurrently. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_completions_new(out: *mut *mut oxp_completions) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(null_mut(), || {
            let out = pointer::out(out, null_mut())?;
            let filled = Filled { completions: Completions::new(), list: Vec::new() };
            *out = handle::give(oxp_completions { alive: Alive::new(), filled: Exclusive::new(filled) });
            Ok(())
        })
    }
}

/// All completions in the batch.
///
/// out   receives the borrowed first one, valid until the batch is filled again or freed; NULL if
///       there is none.
///
/// Returns their number; 0 for a NULL and while another call uses the batch. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_completions_list(
    completions: *const oxp_completions,
    out: *mut *const oxp_completion,
) -> usize {
    contain_or(0, || {
        // SAFETY: pointers come from C under the contract of this module.
        unsafe {
            let Ok(out) = pointer::out(out, null()) else { return 0 };
            let Ok(filled) = enter(completions) else { return 0 };
            if !filled.list.is_empty() {
                *out = filled.list.as_ptr();
            }
            filled.list.len()
        }
    })
}

/// The detail of a failed completion.
///
/// index   which one, counted from 0.
/// err     receives the detail; cleared if that one did not fail. May be NULL.
///
/// Returns the completion's status, OXP_OK or a failure as oxp_client_command; OXP_ERR_ARG if there is
/// no such completion; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_completions_error(
    completions: *const oxp_completions,
    index: usize,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        super::error::oxp_error_clear(err);
        boundary_with_state(err, || {
            let filled = of_wait(enter(completions))?;
            match of_wait(at(&filled, index))?.error {
                Some(error) => Err(error.clone()),
                None => Ok(OXP_OK),
            }
        })
    }
}

/// A copy of a completion's reply that stands on its own. A pipeline's is an ARRAY of its replies, that
/// of SUBSCRIBE and its kin an ARRAY of their confirmations; where there is no reply, the copy has the
/// type OXP_TYPE_NULL.
///
/// index   which one, counted from 0.
/// out     own: the reply, for oxp_reply_free; NULL if the call fails.
/// err     may be NULL.
///
/// Returns OXP_OK; the completion's status if that failed, which is as oxp_completions_error;
/// OXP_ERR_ARG if there is no such completion; OXP_ERR_NO_MEMORY; OXP_ERR_BUSY. Since 0.1.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_completions_reply(
    completions: *const oxp_completions,
    index: usize,
    out: *mut *mut oxp_reply,
    err: *mut oxp_error,
) -> oxp_status {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe {
        boundary(err, || {
            let out = pointer::out(out, null_mut())?;
            let filled = of_wait(enter(completions))?;
            *out = handle::give(oxp_reply::new(of_wait(at(&filled, index))?.reply()?));
            Ok(())
        })
    }
}

/// Frees a batch and everything borrowed from it. completions may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxp_completions_free(completions: *mut oxp_completions) {
    if !completions.is_null() {
        // SAFETY: pointers come from C under the contract of this module.
        contain(|| drop(unsafe { handle::take_back(completions) }));
    }
}

impl Handle for oxp_completions {
    fn alive(&self) -> &Alive {
        &self.alive
    }
}

impl Filled {
    /// Has the batch filled by `fill` and returns the number of completions in it.
    pub(super) fn fill<T>(&mut self, fill: impl FnOnce(&mut Completions) -> T) -> (usize, T) {
        self.list.clear();
        let result = fill(&mut self.completions);
        for batch in self.completions.batches() {
            self.list.extend(batch.iter().map(|completion| for_c(&completion)));
        }
        (self.list.len(), result)
    }
}

#[inline]
pub(super) unsafe fn enter<'a>(completions: *const oxp_completions) -> Result<Entered<'a, Filled>> {
    // SAFETY: pointers come from C under the contract of this module.
    unsafe { pointer::borrow(completions)? }.filled.enter()
}

fn at(filled: &Filled, index: usize) -> Result<Completion<'_>> {
    filled.completions.get(index).ok_or_else(|| Error::argument("there is no such completion"))
}

fn for_c(completion: &Completion<'_>) -> oxp_completion {
    // An empty slice has a pointer, too, but to nothing that C could look at.
    let nodes = Some(as_c(completion.nodes)).filter(|nodes| !nodes.is_empty());
    oxp_completion {
        token: completion.token,
        replies: completion.replies,
        nodes: nodes.map_or(null(), <[oxp_node]>::as_ptr),
        node_count: completion.nodes.len(),
        bytes: nodes.map_or(null(), |_| completion.bytes.as_ptr()),
        status: completion.error.map_or(OXP_OK, |error| error.kind() as i32),
        outcome: completion.error.map_or(OXP_OUTCOME_NONE, |error| {
            error.outcome().map_or(OXP_OUTCOME_UNKNOWN, |outcome| outcome as i32)
        }),
    }
}
