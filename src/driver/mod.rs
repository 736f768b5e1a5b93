//! Turns the crank: joins `proto` and `transport`.
//!
//! * `blocking` is for callers that wait: their own threads write and read.
//! * `nonblocking` is for event loops and pools: whoever has the thread turns it, and nothing in it waits.
//! * `dedicated` says how connections are lent that one caller has to itself.
//!
//! What a connection decides is decided in [`Connection`](crate::proto::Connection), whoever turns it.

pub(crate) mod blocking;
pub(crate) mod dedicated;
pub(crate) mod nonblocking;
#[cfg(test)]
mod records_tests;
#[cfg(test)]
mod refusing_tests;

use std::hash::{BuildHasher, RandomState};

/// A random number from 0 up to 1, good enough to spread clients that lost the same server.
fn chance() -> f64 {
    let bits = RandomState::new().hash_one(());
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::chance;

    #[test]
    fn chance_stays_within_its_bounds_and_moves() {
        assert!((0..100).all(|_| (0.0..1.0).contains(&chance())));
        assert_ne!(chance(), chance());
    }
}
