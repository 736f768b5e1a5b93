//! The parts: [`driver`] is what a scenario sees of a client, [`trial`] one scenario under one driver, [`scenario`] how the table is
//! written, [`runner`] how it is run; the other modules are the table.

mod blocking;
mod driver;
mod event_loop;
mod pool;
mod runner;
mod scenario;
mod submitting;
mod trial;
mod wording;

mod boundary;
mod cancelling;
mod closing;
mod cuts;
mod deadlines;
mod floods;
mod greeting;
mod losses;
mod refusals;
mod repeats;
mod strangers;
mod transactions;
mod waiting;

pub(crate) use runner::run;
use scenario::Scenario;

fn table() -> Vec<Scenario> {
    [
        losses::scenarios(),
        repeats::scenarios(),
        greeting::scenarios(),
        refusals::scenarios(),
        deadlines::scenarios(),
        cancelling::scenarios(),
        transactions::scenarios(),
        boundary::scenarios(),
        cuts::scenarios(),
        waiting::scenarios(),
        strangers::scenarios(),
        closing::scenarios(),
        floods::scenarios(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
