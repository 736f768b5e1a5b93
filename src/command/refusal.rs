//! Commands that would change the connection under everybody who shares it, or shift replies.

use super::CommandInfo;
use super::admission::{Place, Rule};
use crate::error::{Error, ErrorKind, Result};

/// Why a command is refused, and the way that works instead.
enum Way {
    /// Where others use the connection, too.
    Instead(&'static str),
    Lease,
    LeaseBecause(&'static str),
    /// The same, and on a leased one not among others: there are more or fewer replies to it than one, or those behind it look
    /// different.
    LeaseAlone,
    InsteadAlone(&'static str),
    Never(&'static str),
}

/// Refuses what has no place there, naming the way that works.
pub(super) fn check(info: &CommandInfo, place: Place) -> Result<()> {
    let Some(way) = way(info.rule) else { return Ok(()) };
    let (place, way) = match (place, way) {
        (_, Way::Never(why)) => ("on every connection", why.into()),
        (Place::Shared, Way::Instead(way) | Way::InsteadAlone(way)) => (SHARED, format!("{way}, or {LEASE}")),
        (Place::Shared, Way::Lease | Way::LeaseAlone) => (SHARED, LEASE.into()),
        (Place::Shared, Way::LeaseBecause(why)) => (SHARED, format!("{why}; {LEASE}")),
        (Place::Atomic, _) if info.rule == Rule::Transaction => {
            ("in an atomic pipeline", "it has its own MULTI and EXEC".into())
        }
        // These the server carries out at once.
        (Place::Atomic, _) if info.name == "WATCH" => {
            ("in an atomic pipeline", "it comes before MULTI: send it first, by itself".into())
        }
        (Place::Atomic, _) if info.rule == Rule::Quit => ("in an atomic pipeline", "close the client".into()),
        (Place::Batch | Place::Atomic, Way::LeaseAlone | Way::InsteadAlone(_)) => {
            ("in a pipeline", "it changes what replies come and how: send it by itself".into())
        }
        (Place::Dedicated | Place::Batch | Place::Atomic, _) => return Ok(()),
    };
    let name = info.name.replace('|', " ");
    Err(Error::not_applied(ErrorKind::Refused, format!("{name} is refused {place}: {way}")))
}

/// Whether commands with this rule are refused on some connections.
#[cfg(feature = "capi")]
pub(super) fn may_concern(rule: Rule) -> bool {
    way(rule).is_some()
}

const SHARED: &str = "on a shared connection";
const LEASE: &str = "lease a connection of your own from the client or pool";

fn way(rule: Rule) -> Option<Way> {
    Some(match rule {
        Rule::Login => Way::Instead("set username and password in the client's options"),
        Rule::Hello => Way::InsteadAlone("set username, password or protocol in the client's options"),
        Rule::Database => Way::Instead("set db in the client's options, one client per database"),
        Rule::Reset => Way::InsteadAlone("close the client and open another"),
        Rule::Quit => Way::Instead("close the client"),
        Rule::Transaction => Way::Instead("use a pipeline that is a transaction"),
        Rule::ClientName => Way::Instead("set client_name in the client's options, which lasts"),
        Rule::LibraryName => Way::Instead("set lib_name and lib_version in the client's options, which last"),
        Rule::NoEvict => Way::Instead("set client_no_evict in the client's options, which lasts"),
        Rule::NoTouch => Way::Instead("set client_no_touch in the client's options, which lasts"),
        Rule::Lease => Way::Lease,
        Rule::CountsWrites => {
            Way::LeaseBecause("it waits for the writes of its own connection, and holds up all others on it")
        }
        Rule::Monitor | Rule::Subscription | Rule::Replies => Way::LeaseAlone,
        Rule::Replication => Way::Never("what follows are no replies"),
        Rule::Plain
        | Rule::Container
        | Rule::SecondsLast
        | Rule::SecondsFirst
        | Rule::SecondsFourth
        | Rule::SecondsFifth
        | Rule::BlockOption
        | Rule::BlockThird
        | Rule::EndsAnother => return None,
    })
}
