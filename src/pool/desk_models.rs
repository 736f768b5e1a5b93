//! The desk under a model checker: every test runs under many interleavings of its threads. A wake-up that gets lost shows as a
//! deadlock.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool as Flag;

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::atomic::{AtomicUsize, Ordering as Memory};
use shuttle::thread;

use super::super::ordering::Ordering;
use super::super::worker::Books;
use super::*;
use crate::deadline::Deadline;
use crate::driver::nonblocking::Batch;
use crate::options::Options;
use crate::transport::closed;

/// A pool without sockets: callers, the desk, and a thread whose connections answer when they like.
struct Model {
    desk: Desk,
    /// Taken over by the thread and not complete. Taken before the desk's lock, like that of the real nodes.
    nodes: Mutex<Vec<Taken>>,
    waker: Waker,
    habits: Habits,
    /// How often each token has completed, or was taken back.
    ends: std::sync::Mutex<HashMap<u64, usize>>,
    /// Sequence numbers that the thread has settled, for flushes to be checked against.
    settled: std::sync::Mutex<Vec<u64>>,
}

struct Taken {
    token: u64,
    seq: u64,
    has_left: bool,
}

#[derive(Clone, Copy, Default)]
struct Habits {
    /// The server never answers.
    is_deaf: bool,
    /// The thread may fail at any moment.
    fails: bool,
    is_ordered: bool,
    /// The bound is one of bytes.
    counts_bytes: bool,
}

/// Like the one of the poll: what is said before somebody sleeps is heard when they try to.
#[derive(Default)]
struct Waker {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Waker {
    fn wake(&self) {
        *self.is_set.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn sleep(&self) {
        let mut is_set = self.is_set.lock().unwrap();
        while !*is_set {
            is_set = self.changed.wait(is_set).unwrap();
        }
        *is_set = false;
    }
}

static OPEN: Flag = Flag::new(false);

fn without_end() -> Patience<'static> {
    Patience::new(Deadline::never(), None, &OPEN, Instant::now())
}

fn none() -> Patience<'static> {
    let now = Instant::now();
    Patience::new(Deadline::at(now), None, &OPEN, now)
}

impl Model {
    fn start(bound: u64, habits: Habits) -> (Arc<Self>, thread::JoinHandle<()>) {
        let mut limits = Options::default().queue;
        match habits.counts_bytes {
            true => limits.bytes = bound,
            false => limits.commands = Some(bound),
        }
        let model = Arc::new(Self {
            desk: Desk::new(limits, false),
            nodes: Mutex::default(),
            waker: Waker::default(),
            habits,
            ends: std::sync::Mutex::default(),
            settled: std::sync::Mutex::default(),
        });
        let thread = thread::spawn({
            let model = Arc::clone(&model);
            move || model.serve()
        });
        (model, thread)
    }

    /// As in `Worker::serve`.
    fn serve(&self) {
        let mut intake = Intake::default();
        let mut books =
            Books { ordering: self.habits.is_ordered.then(Ordering::default), ..Books::default() };
        let mut done = Batch::default();
        loop {
            if self.habits.fails && thread_rng().gen_bool(0.2) {
                return self.desk.end(Some(Error::new(ErrorKind::Panic, "the thread failed")));
            }
            let mut nodes = self.nodes.lock().unwrap();
            let orders = self.desk.collect(&mut intake, nodes.len() as u64);
            nodes.extend(intake.submissions.iter().map(|Submission { request, .. }| Taken {
                token: request.token,
                seq: request.seq,
                has_left: false,
            }));
            intake.clear();
            let mut answered = false;
            nodes.retain_mut(|&mut Taken { token, seq, ref mut has_left }| {
                *has_left |= thread_rng().gen_bool(0.5);
                let is_answered =
                    orders.end || *has_left && !self.habits.is_deaf && thread_rng().gen_bool(0.5);
                if is_answered {
                    done.push_bare(token, seq, orders.end.then(|| closed("pool")));
                    self.settled.lock().unwrap().push(seq);
                }
                answered |= is_answered;
                !is_answered
            });
            books.close(&mut done, &orders.cancelled, orders.end);
            if !books.settled.is_empty() || !books.due.is_empty() {
                self.desk.publish(&books.settled, &mut books.due, nodes.len() as u64);
                books.settled.clear();
            }
            let waits_for_server = !nodes.is_empty() && !self.habits.is_deaf;
            drop(nodes);
            if orders.end {
                break;
            }
            match self.desk.may_sleep() {
                Sleep::ForEver => break,
                // The server's next reply would wake it.
                Sleep::Yes if !waits_for_server => self.waker.sleep(),
                Sleep::Yes | Sleep::No => thread::yield_now(),
            }
        }
        self.desk.end(None);
    }

    fn submit(&self, token: u64, patience: Option<&Patience<'_>>) -> Result<bool> {
        let request = Request::new(token, Form::Command, 1, Deadline::never());
        let submission = Submission::new(request, Route::Any);
        self.desk.submit(submission, &|out| out.push(b'x'), patience, || self.waker.wake())
    }

    /// As in `Worker::cancel`.
    fn cancel(&self, token: u64) {
        self.take_back(token, |_| true);
    }

    /// As in `Worker::retract`.
    fn retract(&self, token: u64) {
        self.take_back(token, |taken| !taken.has_left);
    }

    fn take_back(&self, token: u64, can_go: impl Fn(&Taken) -> bool) {
        let mut nodes = self.nodes.lock().unwrap();
        if !self.desk.retract(token) {
            let found = nodes.iter().position(|taken| taken.token == token && can_go(taken));
            let Some(index) = found else { return };
            let Taken { seq, .. } = nodes.remove(index);
            self.settled.lock().unwrap().push(seq);
            self.desk.cancelled(seq);
        }
        self.waker.wake();
        *self.ends.lock().unwrap().entry(token).or_insert(0) += 1;
    }

    /// Pulls until there is nothing more and nobody submits.
    fn consume(&self, producers: &AtomicUsize) {
        let mut batch = Completions::default();
        loop {
            let over = producers.load(Memory::SeqCst) == 0;
            match self.desk.pull(&mut batch, &without_end()) {
                Ok(Pulled::Some) => {
                    for completion in batch.iter() {
                        *self.ends.lock().unwrap().entry(completion.token).or_insert(0) += 1;
                    }
                }
                Ok(Pulled::Nothing) if over => return,
                Ok(_) => thread::yield_now(),
                Err(error) => {
                    assert!(self.habits.fails, "{error}");
                    return;
                }
            }
        }
    }

    fn close(&self, patience: &Patience<'_>) {
        self.desk.refuse(true);
        self.desk.finish(patience, || self.waker.wake()).unwrap();
    }

    /// After the end of all threads: nobody waits, nothing is left, and every token ended once.
    fn check(&self, tokens: impl Iterator<Item = u64>) {
        let exchange = self.desk.lock();
        assert_eq!((exchange.outstanding, exchange.awaited, exchange.quiet), (0, 0, 0));
        assert_eq!((exchange.waiting_for_room, exchange.waiting_for_progress), (0, 0));
        assert!(exchange.epochs.are_complete_until(u64::MAX));
        let ends = self.ends.lock().unwrap();
        for token in tokens {
            assert_eq!(ends.get(&token), Some(&1), "token {token}");
        }
    }
}

/// Runs `model` under so many interleavings, half of them random and half with few changes of thread.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let rounds = std::env::var("SHUTTLE_ROUNDS").map_or(200, |rounds| rounds.parse().expect("a number"));
    let model = Arc::new(model);
    let again = Arc::clone(&model);
    shuttle::check_random(move || model(), rounds / 2 + 1);
    shuttle::check_pct(move || again(), rounds / 2 + 1, 3);
}

#[test]
fn producers_with_little_room_and_consumers_never_wait_in_vain() {
    explore(|| {
        let (model, worker) = Model::start(2, Habits::default());
        let producers = Arc::new(AtomicUsize::new(2));
        let mut threads = Vec::new();
        for producer in 0..2_u64 {
            let (model, producers) = (Arc::clone(&model), Arc::clone(&producers));
            threads.push(thread::spawn(move || {
                for n in 0..3 {
                    let token = if n == 1 { NO_TOKEN } else { producer * 10 + n };
                    assert!(model.submit(token, Some(&without_end())).unwrap());
                }
                producers.fetch_sub(1, Memory::SeqCst);
            }));
        }
        for _ in 0..2 {
            let (model, producers) = (Arc::clone(&model), Arc::clone(&producers));
            threads.push(thread::spawn(move || model.consume(&producers)));
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        model.close(&without_end());
        worker.join().unwrap();
        model.check([0, 2, 10, 12].into_iter());
    });
}

#[test]
fn a_flush_returns_when_everything_before_it_is_done_and_not_earlier() {
    explore(|| {
        let (model, worker) = Model::start(10, Habits::default());
        let threads: Vec<_> = (0..3)
            .map(|flusher| {
                let model = Arc::clone(&model);
                thread::spawn(move || {
                    for round in 0..2 {
                        let token = if flusher == 0 { NO_TOKEN } else { flusher * 10 + round };
                        assert!(model.submit(token, Some(&without_end())).unwrap());
                        let before = model.desk.lock().next_seq;
                        model.desk.await_all(&without_end()).unwrap();
                        let settled = model.settled.lock().unwrap().clone();
                        assert!((0..before).all(|seq| settled.contains(&seq)), "{before} {settled:?}");
                        assert_eq!(model.desk.take_failures().0, 0);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        model.close(&without_end());
        worker.join().unwrap();
        model.consume(&AtomicUsize::new(0));
        model.check([10, 11, 20, 21].into_iter());
    });
}

#[test]
fn what_is_taken_back_does_not_complete_and_everything_else_does() {
    let ways: [fn(&Model, u64); 2] = [Model::cancel, Model::retract];
    for (is_ordered, take_back) in [false, true].into_iter().flat_map(|is| ways.map(|way| (is, way))) {
        explore(move || {
            let (model, worker) = Model::start(3, Habits { is_ordered, ..Habits::default() });
            let producers = Arc::new(AtomicUsize::new(1));
            let consumer = thread::spawn({
                let (model, producers) = (Arc::clone(&model), Arc::clone(&producers));
                move || model.consume(&producers)
            });
            let other = thread::spawn({
                let model = Arc::clone(&model);
                move || (0..6).rev().for_each(|token| take_back(&model, token))
            });
            for token in 0..6 {
                assert!(model.submit(token, Some(&without_end())).unwrap());
                if token % 2 == 0 {
                    take_back(&model, token);
                }
            }
            producers.fetch_sub(1, Memory::SeqCst);
            other.join().unwrap();
            consumer.join().unwrap();
            model.close(&without_end());
            worker.join().unwrap();
            model.check(0..6);
        });
    }
}

#[test]
fn cancelling_makes_room_even_if_the_server_never_answers() {
    for counts_bytes in [false, true] {
        explore(move || {
            let (model, worker) =
                Model::start(1, Habits { is_deaf: true, counts_bytes, ..Habits::default() });
            let producer = thread::spawn({
                let model = Arc::clone(&model);
                move || (0..3).for_each(|token| assert!(model.submit(token, Some(&without_end())).unwrap()))
            });
            for token in 0..3 {
                while model.ends.lock().unwrap().len() == token as usize {
                    model.cancel(token);
                    thread::yield_now();
                }
            }
            producer.join().unwrap();
            model.desk.await_all(&without_end()).unwrap();
            model.close(&none());
            worker.join().unwrap();
            model.check(0..3);
        });
    }
}

#[test]
fn closing_wakes_everybody_at_any_moment() {
    for (is_deaf, grace) in [(false, true), (false, false), (true, false)] {
        explore(move || {
            let (model, worker) = Model::start(1, Habits { is_deaf, is_ordered: grace, ..Habits::default() });
            let accepted = Arc::new(std::sync::Mutex::new(Vec::new()));
            let mut threads = Vec::new();
            for token in 0..3 {
                let (model, accepted) = (Arc::clone(&model), Arc::clone(&accepted));
                threads.push(thread::spawn(move || match model.submit(token, Some(&without_end())) {
                    Ok(true) => accepted.lock().unwrap().push(token),
                    result => assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed),
                }));
            }
            for waiter in 0..3 {
                let model = Arc::clone(&model);
                threads.push(thread::spawn(move || {
                    let patience = without_end();
                    match waiter {
                        0 => model.desk.await_all(&patience).unwrap(),
                        1 => model.consume(&AtomicUsize::new(0)),
                        _ => {
                            let routes = [Route::Shared(0)].into_iter();
                            let result =
                                model.desk.ask_all(routes, b"x", Deadline::never(), &patience, || {
                                    model.waker.wake()
                                });
                            assert!(result.is_ok_and(|()| !is_deaf) || model.desk.check_open().is_err());
                        }
                    }
                }));
            }
            model.close(&if grace { without_end() } else { none() });
            worker.join().unwrap();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            model.consume(&AtomicUsize::new(0));
            let accepted = accepted.lock().unwrap();
            model.check(accepted.iter().copied());
        });
    }
}

#[test]
fn a_thread_that_fails_leaves_nobody_waiting() {
    explore(|| {
        let (model, worker) = Model::start(1, Habits { fails: true, ..Habits::default() });
        let mut threads = Vec::new();
        for token in 0..3 {
            let model = Arc::clone(&model);
            threads.push(thread::spawn(move || {
                let _ = model.submit(token, Some(&without_end()));
                model.cancel(token);
            }));
        }
        let producers = Arc::new(AtomicUsize::new(1));
        let consumer = thread::spawn({
            let (model, producers) = (Arc::clone(&model), Arc::clone(&producers));
            move || model.consume(&producers)
        });
        let _ = model.desk.await_all(&without_end());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        producers.fetch_sub(1, Memory::SeqCst);
        consumer.join().unwrap();
        model.close(&without_end());
        worker.join().unwrap();
    });
}
