//! What a command does to the conversation itself: after it, or to it, there are more or fewer replies than one for each
//! command. Such commands have a place on connections of one's own only.

/// Of one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A confirmation comes for each name, and messages from then on.
    Subscribes(Topic),
    /// A confirmation comes for each name, or without names for each that is subscribed to, at least one.
    Unsubscribes(Topic),
    /// A line comes for every command that the server gets from then on.
    Monitors,
    /// Takes all of these back, and with them what the greeting has set.
    Resets,
    /// The server hangs up.
    Quits,
    /// Other replies look different from then on: the version of RESP.
    Speaks(u8),
    /// What has a reply from then on.
    Replies(Replies),
    /// MULTI.
    Begins,
    /// EXEC and DISCARD.
    Ends,
}

/// What there is to subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Channel,
    Pattern,
    ShardChannel,
}

/// What CLIENT REPLY can ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Replies {
    #[default]
    On,
    Off,
    /// None to this command and the next.
    Skip,
}

impl Effect {
    /// Of a command whose rule is `Subscription`.
    pub(super) fn of_subscription(name: &str) -> Self {
        let (topic, rest) = match name.strip_prefix('P') {
            Some(rest) => (Topic::Pattern, rest),
            // The name of the plain command begins with an S, too.
            None => match name.strip_prefix('S').filter(|rest| !rest.starts_with("UB")) {
                Some(rest) => (Topic::ShardChannel, rest),
                None => (Topic::Channel, name),
            },
        };
        match rest {
            "SUBSCRIBE" => Self::Subscribes(topic),
            _ => Self::Unsubscribes(topic),
        }
    }

    /// Of CLIENT REPLY with this argument; nothing where the server will refuse it.
    pub(super) fn of_reply(mode: Option<&[u8]>) -> Option<Self> {
        let is = |word: &str| mode.is_some_and(|mode| mode.eq_ignore_ascii_case(word.as_bytes()));
        match (is("ON"), is("OFF"), is("SKIP")) {
            (true, ..) => Some(Self::Replies(Replies::On)),
            (_, true, _) => Some(Self::Replies(Replies::Off)),
            (.., true) => Some(Self::Replies(Replies::Skip)),
            _ => None,
        }
    }

    /// Of HELLO with this argument.
    pub(super) fn of_hello(version: Option<&[u8]>) -> Option<Self> {
        match version {
            Some(b"2") => Some(Self::Speaks(2)),
            Some(b"3") => Some(Self::Speaks(3)),
            _ => None,
        }
    }

    /// Whether the command is answered by confirmations, and so by an array of them.
    pub(crate) fn is_subscription(self) -> bool {
        matches!(self, Self::Subscribes(_) | Self::Unsubscribes(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_known_by_its_name() {
        for (prefix, topic) in [("", Topic::Channel), ("P", Topic::Pattern), ("S", Topic::ShardChannel)] {
            let of = |name: &str| Effect::of_subscription(&format!("{prefix}{name}"));
            assert_eq!(of("SUBSCRIBE"), Effect::Subscribes(topic));
            assert_eq!(of("UNSUBSCRIBE"), Effect::Unsubscribes(topic));
        }
    }
}
