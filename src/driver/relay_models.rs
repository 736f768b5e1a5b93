//! Callers that take turns in leading, in every order that shuttle tries: `make test-shuttle`.
//!
//! What they share is a connection reduced to its order: commands wait in a queue, and who leads takes replies from its front.
//! A lost wake-up or a lead that nobody takes shows as a deadlock, which shuttle reports.

use std::collections::VecDeque;
use std::sync::Arc;

use shuttle::thread;

use super::*;

const CALLERS: usize = 3;
const CALLS: usize = 2;

#[derive(Default)]
struct Model {
    queue: VecDeque<usize>,
    is_answered: [bool; CALLERS],
    watchers: [Option<Number>; CALLERS],
    someone_reads: bool,
    closed: bool,
}

/// Queues a command and waits for its reply as `Visit::drive` does. `portion` replies are read at a time; with `impatient` it
/// gives up when it is woken for the first time without a reply.
fn call(relay: &Relay<Model>, caller: usize, portion: usize, impatient: bool) {
    let me = ThreadMark::of(caller);
    let mut state = relay.lock(|_| ()).unwrap();
    state.is_answered[caller] = state.closed;
    if !state.closed {
        state.queue.push_back(caller);
    }
    while !state.is_answered[caller] {
        if state.line().lead(me) {
            assert!(!std::mem::replace(&mut state.someone_reads, true), "two of them lead");
            drop(state);
            thread::yield_now();
            state = relay.lock(|_| ()).unwrap();
            state.someone_reads = false;
            if state.line().is_led_by(me) {
                answer(&mut state, portion);
            }
        } else {
            let announce = |state: &mut Model, number| state.watchers[caller] = Some(number);
            state = state.wait(me, true, None, |_| (), announce, |_| ()).unwrap();
            if impatient && !state.is_answered[caller] {
                state.queue.retain(|&queued| queued != caller);
                break;
            }
        }
    }
    state.line().resign(me);
}

fn answer(state: &mut Guard<'_, Model>, portion: usize) {
    for _ in 0..portion {
        let Some(caller) = state.queue.pop_front() else { return };
        state.is_answered[caller] = true;
        if let Some(number) = state.watchers[caller].take() {
            state.line().call(number);
        }
    }
}

fn explore(scenario: impl Fn(&Arc<Relay<Model>>) + Send + Sync + 'static) {
    let scenario = move || scenario(&Arc::new(Relay::new(Model::default())));
    let scenario = Arc::new(scenario);
    let again = Arc::clone(&scenario);
    let rounds = std::env::var("SHUTTLE_ROUNDS").map_or(200, |rounds| rounds.parse().expect("a number"));
    shuttle::check_random(move || scenario(), rounds);
    shuttle::check_pct(move || again(), rounds, 3);
}

fn spawn(
    relay: &Arc<Relay<Model>>,
    work: impl FnOnce(&Relay<Model>) + Send + 'static,
) -> thread::JoinHandle<()> {
    let relay = Arc::clone(relay);
    thread::spawn(move || work(&relay))
}

#[test]
fn every_call_gets_its_reply_and_one_leads_at_a_time() {
    for portion in [1, 2] {
        explore(move |relay| {
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    spawn(relay, move |relay| (0..CALLS).for_each(|_| call(relay, caller, portion, false)))
                })
                .collect();
            callers.into_iter().for_each(|caller| caller.join().unwrap());
            let mut state = relay.lock(|_| ()).unwrap();
            assert!(state.queue.is_empty() && state.line().len() == 0 && !state.line().is_led());
        });
    }
}

#[test]
fn a_caller_that_gives_up_takes_nobody_along() {
    explore(|relay| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| spawn(relay, move |relay| call(relay, caller, 1, caller == 0)))
            .collect();
        callers.into_iter().for_each(|caller| caller.join().unwrap());
        assert!(!relay.lock(|_| ()).unwrap().line().is_led());
    });
}

#[test]
fn closing_leaves_nobody_asleep() {
    explore(|relay| {
        let mut threads: Vec<_> = (0..CALLERS)
            .map(|caller| spawn(relay, move |relay| (0..CALLS).for_each(|_| call(relay, caller, 1, false))))
            .collect();
        threads.push(spawn(relay, |relay| {
            let mut state = relay.lock(|_| ()).unwrap();
            state.closed = true;
            answer(&mut state, CALLERS);
            state.line().depose();
            state.line().call_all();
        }));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
