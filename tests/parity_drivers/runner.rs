//! Runs the table and tells all that was found, at the end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::driver::{KINDS, Kind};
use super::scenario::Scenario;

/// Nearly all of them wait for deadlines nearly all the time.
const SIDE_BY_SIDE: usize = 8;
/// So many failures of one scenario are told.
const MANY: usize = 12;
/// Far longer than any of them takes.
const HANGS: Duration = Duration::from_secs(120);

/// One scenario under one driver.
struct Report {
    scenario: usize,
    kind: Kind,
    failures: Vec<String>,
    observed: Vec<(String, String)>,
}

pub(crate) fn run() {
    let filter = std::env::var("OXIPIPE_PARITY").ok();
    let table: Vec<_> = super::table()
        .into_iter()
        .filter(|scenario| filter.as_ref().is_none_or(|words| scenario.name.contains(words.as_str())))
        .map(Arc::new)
        .collect();
    assert!(!table.is_empty(), "no scenario has {filter:?} in its name");
    let tasks: Vec<_> = (0..table.len()).flat_map(|scenario| KINDS.map(|kind| (scenario, kind))).collect();
    let tried = tasks.iter().filter(|(scenario, kind)| table[*scenario].exception(*kind).is_none());
    let (alone, together): (Vec<_>, Vec<_>) = tried.partition(|(scenario, _)| table[*scenario].alone);
    let reports = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(&&(scenario, kind)) = together.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = watch(scenario, &table[scenario], kind);
                    reports.lock().unwrap().push(report);
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.extend(alone.into_iter().map(|&(scenario, kind)| watch(scenario, &table[scenario], kind)));
    reports.sort_by_key(|report| (report.scenario, report.kind as u8));
    tell(&table, &reports, filter.is_some());
}

/// Plays a scenario where it can hang without holding up the others.
fn watch(index: usize, scenario: &Arc<Scenario>, kind: Kind) -> Report {
    let begin = Instant::now();
    let (sender, receiver) = channel();
    let played = Arc::clone(scenario);
    thread::spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut trial = played.play(kind);
            (std::mem::take(&mut trial.failures), std::mem::take(&mut trial.observed))
        }));
        let _ = sender.send(result.unwrap_or_else(|panic| (vec![panicked(&*panic)], Vec::new())));
    });
    let (failures, observed) = match receiver.recv_timeout(HANGS) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => (vec![format!("hangs for {HANGS:?}")], Vec::new()),
        Err(RecvTimeoutError::Disconnected) => (vec!["ended without a result".to_owned()], Vec::new()),
    };
    // Seen with --nocapture, and after a failure.
    println!("{:6.2} s {kind:?} {}: {}", begin.elapsed().as_secs_f32(), scenario.name, failures.len());
    Report { scenario: index, kind, failures, observed }
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something");
    format!("panicked: {text}")
}

fn tell(table: &[Arc<Scenario>], reports: &[Report], verbose: bool) {
    let mut wrong = Vec::new();
    let mut bad = 0;
    for (index, scenario) in table.iter().enumerate() {
        let of_this: Vec<_> = reports.iter().filter(|report| report.scenario == index).collect();
        let mut verdict = String::new();
        for kind in KINDS {
            let word = match of_this.iter().find(|report| report.kind == kind) {
                None => "  - ",
                Some(report) if report.failures.is_empty() => " ok ",
                Some(_) => "BAD ",
            };
            verdict.push_str(word);
        }
        let mut lines = Vec::new();
        for Report { kind, failures, .. } in &of_this {
            lines.extend(failures.iter().take(MANY).map(|failure| format!("    {kind:?}: {failure}")));
            if failures.len() > MANY {
                lines.push(format!("    {kind:?}: and {} more", failures.len() - MANY));
            }
        }
        lines.extend(differences(&of_this));
        let exceptions = KINDS.iter().filter_map(|&kind| Some((kind, scenario.exception(kind)?)));
        if verbose {
            lines.extend(exceptions.map(|(kind, why)| format!("    {kind:?} is not tried: {why}")));
        }
        let is_bad =
            of_this.iter().any(|report| !report.failures.is_empty()) || !differences(&of_this).is_empty();
        bad += usize::from(is_bad);
        if verbose || is_bad {
            wrong.push(format!("{verdict} {}", scenario.name));
            wrong.append(&mut lines);
        }
    }
    let table = format!(
        "{} of {} scenarios went wrong (blocking, event loop, pool):\n{}",
        bad,
        table.len(),
        wrong.join("\n")
    );
    assert!(bad == 0, "{table}");
    println!("{table}");
}

/// What the drivers saw differently where only that they see the same is wanted.
fn differences(reports: &[&Report]) -> Vec<String> {
    let Some(first) = reports.first() else { return Vec::new() };
    let mut lines = Vec::new();
    for (index, (name, value)) in first.observed.iter().enumerate() {
        for other in &reports[1..] {
            match other.observed.get(index) {
                Some((_, seen)) if seen == value => {}
                Some((_, seen)) => lines
                    .push(format!("    {name} differs: {:?} {value}, {:?} {seen}", first.kind, other.kind)),
                None => {}
            }
        }
    }
    lines
}
