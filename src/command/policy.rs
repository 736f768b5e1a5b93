//! What a cluster client does with a command that is not about one slot, in the server's own words (its command tips).

/// To which nodes a command goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RequestPolicy {
    /// To the node that has its keys; to any if it has none.
    Keys,
    /// To every node, replicas too.
    AllNodes,
    /// To every master.
    AllShards,
    /// Split by keys, to the masters that have them.
    MultiShard,
    /// As the command itself says.
    Special,
}

/// How the replies of several nodes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ResponsePolicy {
    /// Put together: arrays of what has no keys in any order, others in the order of the keys.
    Together,
    /// The first that is no error.
    OneSucceeded,
    /// Any, if none is an error.
    AllSucceeded,
    /// Whether all numbers are 1; of arrays of numbers, place by place.
    AggLogicalAnd,
    /// Whether one number is 1; of arrays of numbers, place by place.
    #[cfg_attr(not(test), expect(dead_code, reason = "no command of the described servers has it"))]
    AggLogicalOr,
    /// The least number.
    AggMin,
    /// The greatest number.
    #[cfg_attr(not(test), expect(dead_code, reason = "no command of the described servers has it"))]
    AggMax,
    /// The sum of numbers.
    AggSum,
    /// As the command itself says.
    Special,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Place, admit};

    #[test]
    fn each_command_has_the_policies_of_its_description() {
        use {RequestPolicy as To, ResponsePolicy as From};
        for (line, to, from) in [
            ("GET k", To::Keys, From::Together),
            ("MGET k l", To::MultiShard, From::Together),
            ("mset k 1 l 2", To::MultiShard, From::AllSucceeded),
            ("MSETNX k 1", To::MultiShard, From::AggMin),
            ("DEL k l", To::MultiShard, From::AggSum),
            ("DBSIZE", To::AllShards, From::AggSum),
            ("FLUSHALL", To::AllShards, From::AllSucceeded),
            ("KEYS *", To::AllShards, From::Together),
            ("SCAN 0", To::Special, From::Together),
            ("INFO", To::AllShards, From::Special),
            ("CONFIG SET a b", To::AllNodes, From::AllSucceeded),
            ("CONFIG GET a", To::Keys, From::Together),
            ("script exists sha", To::AllShards, From::AggLogicalAnd),
            ("SCRIPT KILL", To::AllShards, From::OneSucceeded),
            ("WAIT 1 0", To::AllShards, From::AggMin),
            ("HIMPORT PREPARE s f", To::AllShards, From::Together),
            ("BLESS SCAN 0 NO-EVICT", To::Special, From::Special),
            ("JSON.MGET a b $", To::Keys, From::Together),
            ("NOSUCH", To::Keys, From::Together),
        ] {
            let admission = admit(&line.split(' ').collect::<Vec<_>>(), Place::Dedicated).unwrap();
            assert_eq!(admission.policies(), (to, from), "{line}");
        }
        // No command has these yet.
        assert_ne!(From::AggLogicalOr, From::AggMax);
    }
}
