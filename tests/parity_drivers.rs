//! The blocking client, the event loop and the pool tell and do the same, whatever happens.
//!
//! A table of scenarios, each written once and run under all three drivers: what the call came to, what its error says became of the
//! commands, and what the server executed. All of it runs, and all that differs is told at the end, with the scenario and the
//! driver. `OXIPIPE_PARITY=words` runs only the scenarios whose name contains the words, and tells of all that they did.

mod support;

#[path = "parity_drivers/mod.rs"]
mod parity;

#[test]
fn drivers_tell_and_do_the_same() {
    parity::run();
}
