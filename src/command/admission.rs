//! What becomes of a command before it is queued: the one gate of every client, pipeline, event loop and pool.

use super::blocking::Blocking;
use super::effect::Effect;
use super::keys::Keys;
use super::learned::Stranger;
use super::{CommandInfo, Found, RequestPolicy, ResponsePolicy, find, find_subcommand, refusal};
use crate::error::{Error, Result};

/// Over which connection a command would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Over one that others use, too.
    Shared,
    /// Over a leased one.
    Dedicated,
    /// Over a leased one, in a pipeline.
    Batch,
    /// The same in an atomic one, between its MULTI and its EXEC.
    Atomic,
}

/// What a command needs besides being sent. In the table, for the few that need anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Rule {
    /// Nothing: nearly all commands.
    Plain,
    /// Its subcommand has the rule.
    Container,

    /// The rest of these would change the connection under everybody. AUTH.
    Login,
    /// HELLO.
    Hello,
    Database,
    Reset,
    Quit,
    /// MULTI, EXEC, DISCARD.
    Transaction,
    /// What only makes sense on a connection of one's own, such as WATCH.
    Lease,
    /// CLIENT SETNAME.
    ClientName,
    /// CLIENT SETINFO.
    LibraryName,
    /// CLIENT NO-EVICT.
    NoEvict,
    /// CLIENT NO-TOUCH.
    NoTouch,

    /// MONITOR.
    Monitor,
    /// SUBSCRIBE and its kin.
    Subscription,
    /// CLIENT REPLY.
    Replies,
    /// What follows are no replies: SYNC and REPLCONF.
    Replication,

    /// WAIT and WAITAOF, which wait for the writes of their own connection for the milliseconds in their last argument. Only the
    /// latter is flagged as blocking, and only by some servers.
    CountsWrites,
    /// Blocks for the seconds in its last argument.
    SecondsLast,
    /// Blocks for the seconds in its first argument.
    SecondsFirst,
    /// Blocks for the seconds in its fourth argument.
    SecondsFourth,
    /// Blocks for the seconds in its fifth argument.
    SecondsFifth,
    /// Blocks for the milliseconds in its option BLOCK, if it has one: XREAD, XREADGROUP.
    BlockOption,
    /// Blocks for the milliseconds behind its third argument, if that is BLOCK: TS.READ.
    BlockThird,

    /// Ends another command, or what another waits for, and so must not wait behind it: SCRIPT KILL, CLIENT UNPAUSE.
    EndsAnother,
}

/// Whether a command, or what is sent together with one, may go over a connection that others use, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Apart {
    #[default]
    No,
    /// It ends another, and so has to go past it, however busy the server is.
    Bare,
    /// It may wait on the server, and others must not wait behind it.
    Dedicated,
}

impl Apart {
    pub(crate) fn of(blocks: bool, ends_another: bool) -> Self {
        match (blocks, ends_another) {
            (true, _) => Self::Dedicated,
            (false, true) => Self::Bare,
            (false, false) => Self::No,
        }
    }
}

/// What is to be known of a command that may be sent.
#[derive(Clone, Copy)]
pub(crate) struct Admission {
    /// In the table: of a container command, the subcommand's.
    found: Found,
    /// How long the server may hold back its reply.
    pub(crate) blocking: Option<Blocking>,
    /// Of a leased connection: it may not be as before, so nobody else should get it.
    pub(crate) changes_connection: bool,
    /// Of a leased connection, too.
    pub(crate) effect: Option<Effect>,
}

/// Admits a command, or refuses it with the way that works instead.
///
/// Sits on the path of every command: ordinary ones pay for one search in the table and one comparison.
///
/// # Errors
/// `Argument` for no command or an empty name, `Refused` for what has no place there.
#[inline]
pub(crate) fn admit<A: AsRef<[u8]>>(args: &[A], place: Place) -> Result<Admission> {
    admit_found(args.first().and_then(|name| find(name.as_ref())), args, place)
}

/// As [`admit`] for a command whose name has been looked up before, see [`CommandLog::look_up`](super::CommandLog::look_up).
#[inline]
pub(crate) fn admit_found<A: AsRef<[u8]>>(found: Found, args: &[A], place: Place) -> Result<Admission> {
    match found {
        Some(info) if info.is_plain() => Ok(Admission::plain(found)),
        Some(info) => look_closer(info, args, place),
        None => admit_unknown(args.first().map(AsRef::as_ref), place),
    }
}

#[inline(never)]
fn look_closer<A: AsRef<[u8]>>(info: &'static CommandInfo, args: &[A], place: Place) -> Result<Admission> {
    let arg = |index: usize| args.get(index).map(AsRef::as_ref);
    let last = || args[1..].last().map(AsRef::as_ref);
    let mut info = info;
    if info.rule == Rule::Container {
        let Some(subcommand) = arg(1) else { return Ok(Admission::plain(Some(info))) };
        match find_subcommand(info, subcommand) {
            Some(found) => info = found,
            None => {
                // What is not in the table may do anything.
                let changes_connection = place != Place::Shared;
                return Ok(Admission { changes_connection, ..Admission::plain(Some(info)) });
            }
        }
    }
    refusal::check(info, place)?;
    let blocking = match info.rule {
        Rule::SecondsLast => Some(Blocking::seconds(last())),
        Rule::SecondsFirst => Some(Blocking::seconds(arg(1))),
        Rule::SecondsFourth => Some(Blocking::seconds(arg(4))),
        Rule::SecondsFifth => Some(Blocking::seconds(arg(5))),
        Rule::CountsWrites => Some(Blocking::millis(last())),
        Rule::BlockOption => Blocking::option(args),
        Rule::BlockThird => {
            arg(3).filter(|word| word.eq_ignore_ascii_case(b"BLOCK")).map(|_| Blocking::millis(arg(4)))
        }
        _ => None,
    };
    let changes_connection = place != Place::Shared && info.rule.changes_connection();
    let effect = match info.rule {
        Rule::Subscription => Some(Effect::of_subscription(info.name)),
        Rule::Replies if args.len() == 3 => Effect::of_reply(arg(2)),
        Rule::Hello => Effect::of_hello(arg(1)),
        Rule::Quit => Some(Effect::Quits),
        // With arguments, the server refuses these.
        Rule::Monitor if args.len() == 1 => Some(Effect::Monitors),
        Rule::Reset if args.len() == 1 => Some(Effect::Resets),
        Rule::Transaction if args.len() == 1 && info.name == "MULTI" => Some(Effect::Begins),
        Rule::Transaction if args.len() == 1 => Some(Effect::Ends),
        _ => None,
    };
    Ok(Admission { found: Some(info), blocking, changes_connection, effect })
}

#[cold]
fn admit_unknown(name: Option<&[u8]>, place: Place) -> Result<Admission> {
    match name {
        None => Err(Error::argument("a command needs at least its name")),
        Some([]) => Err(Error::argument("the name of a command is empty")),
        Some(_) => Ok(Admission { changes_connection: place != Place::Shared, ..Admission::plain(None) }),
    }
}

impl Rule {
    fn changes_connection(self) -> bool {
        match self {
            Self::Login
            | Self::Hello
            | Self::Database
            | Self::Reset
            | Self::Quit
            | Self::Transaction
            | Self::Lease
            | Self::ClientName
            | Self::LibraryName
            | Self::NoEvict
            | Self::NoTouch
            | Self::Monitor
            | Self::Subscription
            | Self::Replies
            | Self::Replication => true,
            Self::Plain
            | Self::Container
            | Self::CountsWrites
            | Self::SecondsLast
            | Self::SecondsFirst
            | Self::SecondsFourth
            | Self::SecondsFifth
            | Self::BlockOption
            | Self::BlockThird
            | Self::EndsAnother => false,
        }
    }
}

impl Admission {
    /// Of a command of which there is no more to be said than what the table has.
    #[inline]
    pub(crate) fn plain(found: Found) -> Self {
        Self { found, blocking: None, changes_connection: false, effect: None }
    }

    /// The name, if the table does not have the command: the server has to be asked whether it blocks.
    #[inline]
    pub(crate) fn stranger<A: AsRef<[u8]>>(&self, args: &[A]) -> Option<Stranger> {
        if self.found.is_some() { None } else { args.first().map(|name| Stranger::new(name.as_ref())) }
    }

    /// Whether there is something to be done about it besides sending it.
    #[inline]
    pub(crate) fn needs_care(&self) -> bool {
        self.changes_connection || self.found.is_some_and(|info| !info.is_plain())
    }

    /// Of a command that was admitted somewhere else: whether it may also go over a connection that others use.
    pub(crate) fn shared(&self) -> Result<()> {
        self.found.map_or(Ok(()), |info| refusal::check(info, Place::Shared))
    }

    /// Whether sending the command twice does no harm. Unknown commands may do anything, so: no.
    #[inline]
    pub(crate) fn is_read_only(&self) -> bool {
        self.found.is_some_and(CommandInfo::is_read_only)
    }

    /// Whether it would wait in vain behind the very command that it is to end, and so has to go over another connection.
    #[inline]
    pub(crate) fn ends_another(&self) -> bool {
        self.found.is_some_and(|info| info.rule == Rule::EndsAnother)
    }

    /// The keys among `args`, which are those that were admitted.
    pub(crate) fn keys<'a, A: AsRef<[u8]>>(&self, args: &'a [A]) -> Keys<'a, A> {
        Keys::of(self.found, args)
    }

    /// To which nodes of a cluster it goes, and what becomes of their replies.
    #[cfg_attr(not(test), expect(dead_code, reason = "clusters will use it"))]
    pub(crate) fn policies(&self) -> (RequestPolicy, ResponsePolicy) {
        self.found
            .map_or((RequestPolicy::Keys, ResponsePolicy::Together), |info| (info.request, info.response))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn of(line: &str, place: Place) -> Result<Admission> {
        admit(&line.split(' ').collect::<Vec<_>>(), place)
    }

    fn refusal(line: &str, place: Place) -> Option<ErrorKind> {
        of(line, place).err().map(|error| error.kind())
    }

    #[test]
    fn what_changes_a_connection_is_refused_where_others_use_it_and_marks_a_leased_one() {
        for line in [
            "AUTH x",
            "hello 3",
            "Select 1",
            "RESET",
            "quit",
            "multi",
            "EXEC",
            "discard",
            "WATCH k",
            "unwatch",
            "READONLY",
            "readwrite",
            "ASKING",
            "client tracking on",
            "CLIENT CACHING YES",
            "CLIENT SETNAME me",
            "client setinfo LIB-NAME x",
            "CLIENT NO-EVICT on",
            "Client No-Touch on",
            "CLIENT CAPA redirect",
            "CLIENT IMPORT-SOURCE ON",
            "SCRIPT DEBUG YES",
            "HIMPORT PREPARE s f",
            "himport set k s v",
            "HIMPORT DISCARD s",
            "HIMPORT DISCARDALL",
        ] {
            assert_eq!(refusal(line, Place::Shared), Some(ErrorKind::Refused), "{line}");
            assert!(of(line, Place::Dedicated).unwrap().changes_connection, "{line}");
        }
    }

    #[test]
    fn what_counts_the_writes_of_its_connection_leaves_a_leased_one_as_it_was() {
        for line in ["WAIT 1 500", "waitaof 1 0 500"] {
            assert_eq!(refusal(line, Place::Shared), Some(ErrorKind::Refused), "{line}");
            let admission = of(line, Place::Dedicated).unwrap();
            assert!(!admission.changes_connection && admission.blocking.is_some(), "{line}");
        }
    }

    #[test]
    fn replication_is_refused_everywhere() {
        for line in ["sync", "PSYNC ? -1", "replconf ack 0"] {
            for place in [Place::Shared, Place::Dedicated, Place::Batch] {
                assert_eq!(refusal(line, place), Some(ErrorKind::Refused), "{line}");
            }
        }
    }

    #[test]
    fn what_has_not_exactly_one_reply_goes_alone_over_a_connection_of_its_own() {
        use crate::command::{Replies, Topic};
        for (line, effect) in [
            ("MONITOR", Effect::Monitors),
            ("subscribe c", Effect::Subscribes(Topic::Channel)),
            ("PSUBSCRIBE c", Effect::Subscribes(Topic::Pattern)),
            ("ssubscribe c", Effect::Subscribes(Topic::ShardChannel)),
            ("UNSUBSCRIBE", Effect::Unsubscribes(Topic::Channel)),
            ("punsubscribe", Effect::Unsubscribes(Topic::Pattern)),
            ("SUNSUBSCRIBE", Effect::Unsubscribes(Topic::ShardChannel)),
            ("CLIENT REPLY OFF", Effect::Replies(Replies::Off)),
            ("client reply skip", Effect::Replies(Replies::Skip)),
            ("hello 3 AUTH a b", Effect::Speaks(3)),
            ("RESET", Effect::Resets),
        ] {
            for place in [Place::Shared, Place::Batch] {
                assert_eq!(refusal(line, place), Some(ErrorKind::Refused), "{line}");
            }
            let admission = of(line, Place::Dedicated).unwrap();
            assert_eq!((admission.effect, admission.changes_connection), (Some(effect), true), "{line}");
        }
        for line in ["CLIENT REPLY", "client reply maybe", "HELLO", "AUTH x"] {
            assert_eq!(of(line, Place::Dedicated).unwrap().effect, None, "{line}");
        }
    }

    #[test]
    fn others_pass_and_change_nothing() {
        for line in [
            "GET k",
            "HSET h f v",
            "blpop k 0",
            "PING",
            "CLIENT ID",
            "client list",
            "CLIENT",
            "SCRIPT LOAD x",
            "CONFIG GET save",
            "COMMAND",
            "OBJECT HELP",
        ] {
            for place in [Place::Shared, Place::Dedicated] {
                let admission = of(line, place).unwrap();
                assert!(!admission.changes_connection && !admission.ends_another(), "{line}");
                assert!(admission.stranger(&[line]).is_none(), "{line}");
            }
        }
    }

    #[test]
    fn what_the_table_does_not_have_may_change_a_leased_connection() {
        for line in ["X.Y k", "CLIENT NOSUCH", "CLIENT \u{130}", "CLIENT |", "CLIENT SETNAME|X", "get\0 k"] {
            assert!(!of(line, Place::Shared).unwrap().changes_connection, "{line}");
            let admission = of(line, Place::Dedicated).unwrap();
            assert!(admission.changes_connection && !admission.is_read_only(), "{line}");
        }
        assert!(of("X.Y k", Place::Shared).unwrap().stranger(&["x.y"]) == Some(Stranger::new(b"X.Y")));
        assert!(of("CLIENT NOSUCH", Place::Shared).unwrap().stranger(&["CLIENT"]).is_none());
        assert!(of(&format!("CLIENT {}", "x".repeat(1000)), Place::Dedicated).unwrap().changes_connection);
    }

    #[test]
    fn a_refusal_names_the_command_and_the_way() {
        let text = |line| of(line, Place::Shared).err().unwrap().to_string();
        for (line, name, way) in [
            ("client setname x", "CLIENT SETNAME", "client_name"),
            ("client no-evict on", "CLIENT NO-EVICT", "client_no_evict"),
            ("client no-touch on", "CLIENT NO-TOUCH", "client_no_touch"),
            ("client setinfo lib-ver 1", "CLIENT SETINFO", "lib_version"),
            ("quit", "QUIT", "close the client"),
            ("multi", "MULTI", "a pipeline that is a transaction"),
            ("readonly", "READONLY", "lease a connection"),
            ("wait 1 0", "WAIT", "lease a connection"),
        ] {
            let text = text(line);
            assert!(text.starts_with(&format!("{name} is refused on a shared connection")), "{text}");
            assert!(text.contains(way), "{text}");
            // It is read in every language.
            assert!(!text.contains("oxp_") && !text.contains("()"), "{text}");
        }
        // No other connection would do.
        for place in [Place::Shared, Place::Dedicated, Place::Batch] {
            let text = of("sync", place).err().unwrap().to_string();
            assert!(
                text.starts_with("SYNC is refused on every connection: ") && !text.contains("lease"),
                "{text}"
            );
        }
        for line in ["client reply off", "subscribe c", "monitor", "reset"] {
            for place in [Place::Batch, Place::Atomic] {
                let text = of(line, place).err().unwrap().to_string();
                assert!(text.contains(" is refused in a pipeline: ") && text.contains("by itself"), "{text}");
            }
        }
        for line in ["multi", "EXEC", "discard"] {
            assert_eq!(refusal(line, Place::Batch), None);
            let text = of(line, Place::Atomic).err().unwrap().to_string();
            assert!(text.contains(" is refused in an atomic pipeline: "), "{text}");
        }
    }

    #[test]
    fn what_ends_another_command_is_told_apart() {
        for line in [
            "SCRIPT KILL",
            "function kill",
            "CLIENT UNBLOCK 7",
            "client kill ID 7",
            "CLIENT UNPAUSE",
            "SHUTDOWN",
            "shutdown nosave",
            "SHUTDOWN ABORT",
            "FAILOVER ABORT",
        ] {
            for place in [Place::Shared, Place::Dedicated] {
                let admission = of(line, place).unwrap();
                assert!(admission.ends_another() && !admission.changes_connection, "{line}");
            }
        }
        for line in ["SCRIPT FLUSH", "FUNCTION LIST", "CLIENT PAUSE 1", "KILL", "X.SHUTDOWN"] {
            assert!(!of(line, Place::Shared).unwrap().ends_another(), "{line}");
        }
    }

    #[test]
    fn one_look_tells_reads_and_keys_too() {
        for (line, reads, keys) in [
            ("GET k", true, &["k"][..]),
            ("MSET k 1 l 2", false, &["k", "l"]),
            ("OBJECT ENCODING k", true, &["k"]),
            ("XGROUP CREATE k g $", false, &["k"]),
            ("XREAD STREAMS k 0", false, &["k"]),
            ("OBJECT", false, &[]),
            ("NOSUCH k", false, &[]),
        ] {
            let args: Vec<_> = line.split(' ').collect();
            let admission = admit(&args, Place::Shared).unwrap();
            assert_eq!(admission.is_read_only(), reads, "{line}");
            let found: Vec<_> = admission.keys(&args).map(|key| str::from_utf8(key).unwrap()).collect();
            assert_eq!(found, keys, "{line}");
        }
    }

    #[test]
    fn an_empty_command_is_an_argument_error() {
        for place in [Place::Shared, Place::Dedicated] {
            assert_eq!(admit::<&str>(&[], place).err().unwrap().kind(), ErrorKind::Argument);
            assert_eq!(refusal("", place), Some(ErrorKind::Argument));
        }
    }
}
