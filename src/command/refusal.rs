//! Commands that would change the connection under everybody who shares it, or shift replies.

use super::CommandInfo;
use super::admission::{Place, Rule};
use crate::error::{Error, ErrorKind, Result};

/// How to do what is refused.
enum Way {
    Instead(&'static str),
    Lease,
    LeaseBecause(&'static str),
    /// Not on a leased connection either.
    Never(&'static str),
}

/// Refuses what has no place there, naming the way that works.
pub(super) fn check(info: &CommandInfo, place: Place) -> Result<()> {
    let (place, way) = match (way(info.rule), place) {
        (None, _) | (Some(Way::Instead(_) | Way::Lease | Way::LeaseBecause(_)), Place::Dedicated) => {
            return Ok(());
        }
        (Some(Way::Instead(way)), Place::Shared) => (SHARED, format!("{way}, or {LEASE}")),
        (Some(Way::Lease), Place::Shared) => (SHARED, LEASE.into()),
        (Some(Way::LeaseBecause(why)), Place::Shared) => (SHARED, format!("{why}: {LEASE}")),
        (Some(Way::Never(why)), _) => ("on every connection", why.into()),
    };
    let name = info.name.replace('|', " ");
    Err(Error::not_applied(ErrorKind::Refused, format!("{name} is refused {place}: {way}")))
}

const SHARED: &str = "on a shared connection";
const LEASE: &str = "lease a connection of your own (Client::lease, oxp_client_lease, Redis.lease)";

fn way(rule: Rule) -> Option<Way> {
    Some(match rule {
        Rule::Login => Way::Instead("set username, password or protocol in the client's options"),
        Rule::Database => Way::Instead("set db in the client's options: one client per database"),
        Rule::Reset => Way::Instead("close the client and open another"),
        Rule::Quit => Way::Instead("close the client"),
        Rule::Transaction => Way::Instead("use an atomic pipeline"),
        Rule::ClientName => Way::Instead("set client_name in the client's options, which lasts"),
        Rule::LibraryName => Way::Instead("set lib_name and lib_version in the client's options, which last"),
        Rule::NoEvict => Way::Instead("set client_no_evict in the client's options, which lasts"),
        Rule::NoTouch => Way::Instead("set client_no_touch in the client's options, which lasts"),
        Rule::Lease => Way::Lease,
        Rule::CountsWrites => {
            Way::LeaseBecause("it waits for the writes of its own connection, and holds up all others on it")
        }
        Rule::Endless => Way::Never("its replies have no end"),
        Rule::Subscription => Way::Never("subscriptions are not part of this version"),
        Rule::Unanswered => Way::Never("without replies nothing could be matched any more"),
        Rule::Plain
        | Rule::Container
        | Rule::SecondsLast
        | Rule::SecondsFirst
        | Rule::BlockOption
        | Rule::EndsAnother => return None,
    })
}
