//! What the name of a command tells, before its arguments are looked at.

use super::admission::Rule;
use super::{find, refusal};

/// For whoever has to know before the command is queued. Of a name that the table does not know, nothing is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    /// The server may hold back its reply.
    pub(crate) may_block: bool,
    /// It has no place on some connections.
    pub(crate) may_be_refused: bool,
    /// It is answered by confirmations, one for each name.
    pub(crate) is_confirmed: bool,
}

impl Traits {
    pub(crate) fn of(name: &[u8]) -> Self {
        let rule = find(name).map_or(Rule::Plain, |info| info.rule);
        Self {
            may_block: matches!(
                rule,
                Rule::SecondsLast
                    | Rule::SecondsFirst
                    | Rule::SecondsFourth
                    | Rule::SecondsFifth
                    | Rule::CountsWrites
                    | Rule::BlockOption
                    | Rule::BlockThird
            ),
            may_be_refused: name.is_empty() || rule == Rule::Container || refusal::may_concern(rule),
            is_confirmed: rule == Rule::Subscription,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Place, admit};

    #[test]
    fn names_tell_what_may_be() {
        let of = |name: &str| {
            let Traits { may_block, may_be_refused, is_confirmed } = Traits::of(name.as_bytes());
            (may_block, may_be_refused, is_confirmed)
        };
        assert_eq!(of("GET"), (false, false, false));
        assert_eq!(of("blpop"), (true, false, false));
        assert_eq!(of("XREAD"), (true, false, false));
        assert_eq!(of("Wait"), (true, true, false));
        assert_eq!(of("SUBSCRIBE"), (false, true, true));
        assert_eq!(of("CLIENT"), (false, true, false));
        assert_eq!(of(""), (false, true, false));
        assert_eq!(of("NO.SUCH"), (false, false, false));
    }

    #[test]
    fn what_is_refused_anywhere_may_be_refused() {
        for name in
            ["AUTH", "EXEC", "HELLO", "MONITOR", "PSYNC", "QUIT", "SELECT", "WATCH", "RESET", "WAITAOF"]
        {
            assert!(admit(&[name, "1", "1", "1"], Place::Shared).is_err(), "{name}");
            assert!(Traits::of(name.as_bytes()).may_be_refused, "{name}");
        }
    }
}
