//! What is submitted, and where it goes.

use crate::command::{Apart, Blocking, Stranger};
use crate::proto::Request;

/// One command, or several that complete together.
pub(crate) struct Submission {
    pub(crate) request: Request,
    pub(crate) route: Route,
    /// The names of its commands that the table does not know and that the server has not been asked about.
    pub(crate) strangers: Vec<Stranger>,
}

/// Over which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A shared connection, whichever has least to do.
    Any,
    /// The shared connection with this number.
    Shared(usize),
    /// A connection of its own.
    Dedicated,
    /// One for a command that ends another, which keeps the server from greeting anybody as usual.
    Bare,
}

impl Submission {
    /// One without strangers.
    pub(crate) fn new(request: Request, route: Route) -> Self {
        Self { request, route, strangers: Vec::new() }
    }

    /// Takes in whether its strangers block, of those of which that is `known`.
    pub(super) fn learn(&mut self, known: impl Fn(&Stranger) -> Option<bool>) {
        let mut blocks = false;
        self.strangers.retain(|name| {
            let answer = known(name);
            blocks |= answer == Some(true);
            answer.is_none()
        });
        if blocks {
            // Whatever the others do. And none of them says how long it waits.
            self.strangers.clear();
            self.request.blocking = Some(Blocking::Forever);
            self.route = Route::Dedicated;
        }
    }
}

impl Route {
    /// For what must not go over a shared connection.
    pub(crate) fn apart(apart: Apart) -> Option<Self> {
        match apart {
            Apart::No => None,
            Apart::Bare => Some(Self::Bare),
            Apart::Dedicated => Some(Self::Dedicated),
        }
    }
}
