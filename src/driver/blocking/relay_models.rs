//! Callers that take turns in leading, in every order that shuttle tries: `make test-shuttle`.
//!
//! What they share is a connection reduced to its order: commands wait in a queue, and who leads takes replies from its front.
//! A lost wake-up or a lead that nobody takes shows as a deadlock, which shuttle reports.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::rand::{Rng, thread_rng};
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
    /// There is no connection; the next attempts fail or not.
    is_down: bool,
    /// The next attempt has to wait for its time.
    is_pausing: bool,
    failures: u32,
    epoch: u32,
    /// Callers in `ready`. Nobody gets a reply before they know that there is a connection: a slow command must not hold them up.
    seekers: usize,
    /// Who leads and sleeps until that time.
    sleeper: Option<Number>,
}

/// Queues a command and waits for its reply as `Caller::drive` does. `portion` replies are read at a time; with `impatient` it
/// gives up when it is woken for the first time without a reply.
fn call(relay: &Relay<Model>, caller: usize, portion: usize, impatient: bool) {
    let me = ThreadMark::of(caller);
    let mut state = relay.lock(|_| ()).unwrap();
    state.is_answered[caller] = state.closed;
    if !state.closed {
        state.queue.push_back(caller);
    }
    while !state.is_answered[caller] {
        if state.followers().lead(me) && state.is_down {
            state = connect(relay, state, me);
        } else if state.followers().is_led_by(me) {
            assert!(!std::mem::replace(&mut state.someone_reads, true), "two of them lead");
            drop(state);
            thread::yield_now();
            state = relay.lock(|_| ()).unwrap();
            state.someone_reads = false;
            if state.followers().is_led_by(me) && state.seekers == 0 {
                answer(&mut state, portion);
            }
            if thread_rng().gen_bool(0.3) {
                // Its sink takes a part, without the lock and with the lead.
                drop(state);
                thread::yield_now();
                state = relay.lock(|_| ()).unwrap();
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
    state.followers().resign(me);
}

/// One crank of the leader without a connection, as in `Caller::turn`, `dial` and `hand_out`.
fn connect<'a>(relay: &'a Relay<Model>, mut state: Guard<'a, Model>, me: ThreadMark) -> Guard<'a, Model> {
    if state.is_pausing {
        let announce = |state: &mut Model, number| state.sleeper = Some(number);
        state = state.wait(me, false, None, |_| (), announce, |_| ()).unwrap();
        state.is_pausing = false;
        return state;
    }
    let epoch = state.epoch;
    assert!(!std::mem::replace(&mut state.someone_reads, true), "two of them connect");
    drop(state);
    thread::yield_now();
    let mut state = relay.lock(|_| ()).unwrap();
    state.someone_reads = false;
    if state.epoch != epoch {
        return state;
    }
    match thread_rng().gen_range(0..3) {
        0 => {
            state.is_down = false;
            // Some wait for nothing else.
            state.followers().call_all();
        }
        // Everything waits for another try.
        1 => (state.is_pausing, state.failures) = (true, state.failures + 1),
        _ => {
            state.failures += 1;
            answer(&mut state, CALLERS);
        }
    }
    if state.is_down {
        state.epoch += 1;
        state.followers().depose();
    }
    state
}

/// As in `Caller::ready`: whether there is a connection.
fn ready(relay: &Relay<Model>, caller: usize) -> bool {
    let me = ThreadMark::of(caller);
    let mut state = relay.lock(|_| ()).unwrap();
    let failures = state.failures;
    state.seekers += 1;
    loop {
        if !state.is_down || state.closed || state.failures > failures {
            let is_up = !state.is_down && !state.closed;
            state.followers().resign(me);
            state.seekers -= 1;
            return is_up;
        }
        state = match state.followers().lead(me) {
            true => connect(relay, state, me),
            false => state.wait(me, true, None, |_| (), |_, _| (), |_| ()).unwrap(),
        };
    }
}

/// Time passes for who sleeps until an attempt may be made. Closing does not wait for that.
fn clock(relay: &Relay<Model>, others: &AtomicUsize) {
    while others.load(Ordering::SeqCst) > 0 {
        let mut state = relay.lock(|_| ()).unwrap();
        if !state.closed
            && let Some(number) = state.sleeper.take()
        {
            state.followers().call(number);
        }
        drop(state);
        thread::yield_now();
    }
}

/// As in `Caller::close`.
fn close(relay: &Relay<Model>) {
    let mut state = relay.lock(|_| ()).unwrap();
    state.closed = true;
    state.epoch += 1;
    answer(&mut state, CALLERS);
    state.followers().depose();
    state.followers().call_all();
}

fn answer(state: &mut Guard<'_, Model>, portion: usize) {
    for _ in 0..portion {
        let Some(caller) = state.queue.pop_front() else { return };
        state.is_answered[caller] = true;
        if let Some(number) = state.watchers[caller].take() {
            state.followers().call(number);
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
            assert!(state.queue.is_empty() && state.followers().len() == 0 && !state.followers().is_led());
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
        assert!(!relay.lock(|_| ()).unwrap().followers().is_led());
    });
}

#[test]
fn closing_leaves_nobody_asleep() {
    explore(|relay| {
        let mut threads: Vec<_> = (0..CALLERS)
            .map(|caller| spawn(relay, move |relay| (0..CALLS).for_each(|_| call(relay, caller, 1, false))))
            .collect();
        threads.push(spawn(relay, close));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Without a connection: some wait for one, some have asked for something, and while attempts fail or succeed others come.
#[test]
fn whoever_waits_for_a_connection_hears_how_the_attempt_ended() {
    for closes in [false, true] {
        explore(move |relay| {
            relay.lock(|_| ()).unwrap().is_down = true;
            let others = Arc::new(AtomicUsize::new(CALLERS));
            let mut threads: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    let others = Arc::clone(&others);
                    spawn(relay, move |relay| {
                        for _ in 0..CALLS {
                            // The last one asks at once, the others when there is a connection.
                            if caller == CALLERS - 1 || ready(relay, caller) {
                                call(relay, caller, 1, false);
                            }
                        }
                        others.fetch_sub(1, Ordering::SeqCst);
                    })
                })
                .collect();
            threads.push(spawn(relay, move |relay| clock(relay, &others)));
            if closes {
                threads.push(spawn(relay, close));
            }
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            let mut state = relay.lock(|_| ()).unwrap();
            assert!(state.queue.is_empty() && state.followers().len() == 0 && !state.followers().is_led());
        });
    }
}
