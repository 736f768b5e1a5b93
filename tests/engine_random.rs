//! Blocking clients, event-loop clients and pools under random work and random faults, against a ledger of what the server executed.
//!
//! Each submission ends once: with a reply that contains its own token, or with an outcome that the ledger agrees with.
//! `OXIPIPE_TEST_SEEDS` sets how many random scripts are tried.

mod support;

use std::collections::HashMap;
use std::time::Duration;

use oxipipe::{
    Async, Client, Completion, Completions, Error, Outcome, Pipeline, Pool, Progress, Pulled, Reply,
};
use support::ledger_server::{Executed, LedgerServer, Malice, Random};
use support::pace::Stopwatch;
use support::{LONG, PATIENCE, event_loop};

/// What was submitted under a token, and how it ended.
struct Submission {
    work: Work,
    /// Tokens of its commands.
    tokens: Vec<u64>,
    end: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Work {
    Write,
    Read,
    Block,
    /// A command of which the server has to be asked whether it blocks.
    Strange,
    Pipeline,
    Transaction,
    /// A write of which nobody hears.
    Quiet,
}

#[derive(Debug)]
enum End {
    Replied,
    Failed(Progress),
    Cancelled(Outcome),
}

/// All submissions of one script.
#[derive(Default)]
struct Books {
    submissions: HashMap<u64, Submission>,
    next: u64,
    /// In the order of completion.
    completed: Vec<u64>,
}

impl Books {
    /// What to submit next: its token and its commands.
    fn plan(&mut self, random: &mut Random, with_quiet: bool) -> (u64, Work, Vec<Vec<String>>) {
        let work = match random.below(20) {
            0..7 => Work::Write,
            7 => Work::Strange,
            8..13 => Work::Read,
            13 => Work::Block,
            14..16 => Work::Pipeline,
            16..18 => Work::Transaction,
            _ if with_quiet => Work::Quiet,
            _ => Work::Write,
        };
        let count = match work {
            Work::Pipeline | Work::Transaction => 1 + random.below(5),
            _ => 1,
        };
        let token = self.next;
        self.next += count;
        let key = format!("key{}", random.below(5));
        // Some do not fit into what the kernel takes at once.
        let padding =
            if random.chance(50) { "x".repeat(random.below(300_000) as usize) } else { String::new() };
        let stranger = format!("{}.{}", if random.chance(500) { "B" } else { "M" }, random.below(5));
        let is_strange = work == Work::Strange || work == Work::Pipeline && random.chance(250);
        let commands = (token..token + count).map(|token| {
            let token = token.to_string();
            match work {
                _ if is_strange => vec![stranger.clone(), token],
                Work::Read => vec!["GET".into(), token],
                Work::Block => vec!["BLPOP".into(), token, "0".into()],
                _ => vec!["LPUSH".into(), key.clone(), token, padding.clone()],
            }
        });
        let commands = commands.collect();
        let tokens = (token..token + count).collect();
        self.submissions.insert(token, Submission { work, tokens, end: None });
        (token, work, commands)
    }

    /// What a thread that has this part of all tokens knows.
    fn beginning_with(next: u64) -> Self {
        Self { next, ..Self::default() }
    }

    fn ended(&mut self, token: u64, end: End) {
        let submission = self.submissions.get_mut(&token).expect("it was submitted");
        assert!(submission.end.replace(end).is_none(), "{token} ends again");
        self.completed.push(token);
    }

    /// Nothing was submitted after all.
    fn refused(&mut self, token: u64) {
        self.submissions.remove(&token);
    }

    fn cancelled(&mut self, token: u64, outcome: Outcome) {
        let submission = self.submissions.get_mut(&token).expect("it was submitted");
        assert!(submission.end.is_none(), "{token} ended before it was cancelled: {:?}", submission.end);
        submission.end = Some(End::Cancelled(outcome));
    }

    fn take(&mut self, batch: &Completions) {
        for completion in batch.iter() {
            let token = completion.token;
            let submission = self.submissions.get_mut(&token).expect("a token that was submitted");
            assert!(submission.end.is_none(), "{token} ends again: {:?}", submission.end);
            submission.end = Some(judge(submission, &completion));
            self.completed.push(token);
        }
    }

    fn open(&self) -> usize {
        self.submissions.values().filter(|one| one.end.is_none() && one.work != Work::Quiet).count()
    }

    /// Compares with what the server did.
    fn check(&self, ledger: &[Executed]) {
        let mut executed: HashMap<u64, usize> = HashMap::new();
        for entry in ledger {
            *executed.entry(entry.token).or_insert(0) += 1;
        }
        for submission in self.submissions.values().filter(|submission| submission.work != Work::Read) {
            let counts: Vec<_> =
                submission.tokens.iter().map(|token| executed.get(token).copied().unwrap_or(0)).collect();
            let all = counts.len() as u64;
            let (surely, maybe) = match &submission.end {
                None => (0, all),
                Some(End::Replied) => (all, 0),
                Some(End::Failed(progress)) => (progress.replied, progress.unknown),
                Some(End::Cancelled(Outcome::NotApplied)) => (0, 0),
                Some(End::Cancelled(_)) => (0, all),
            };
            for (index, count) in counts.iter().enumerate() {
                let index = index as u64;
                let allowed = if index < surely { 1..=1 } else { 0..=usize::from(index < surely + maybe) };
                assert!(
                    allowed.contains(count),
                    "command {index} of {:?} {:?} ran {count} times: {:?}",
                    submission.work,
                    submission.tokens,
                    submission.end
                );
            }
            if submission.work == Work::Transaction {
                assert!(counts.iter().all(|count| count == &counts[0]), "half a transaction: {counts:?}");
            }
        }
    }
}

/// How often everything happened: a test in which nothing goes wrong shows nothing.
#[derive(Default, Debug)]
struct Summary {
    replied: u64,
    unknown: u64,
    not_applied: u64,
    cancelled_in_time: u64,
    cancelled_late: u64,
}

impl Summary {
    fn add(&mut self, books: &Books) {
        for submission in books.submissions.values() {
            match &submission.end {
                Some(End::Replied) => self.replied += 1,
                Some(End::Failed(progress)) if progress.unknown > 0 => self.unknown += 1,
                Some(End::Failed(_)) => self.not_applied += 1,
                Some(End::Cancelled(Outcome::NotApplied)) => self.cancelled_in_time += 1,
                Some(End::Cancelled(_)) => self.cancelled_late += 1,
                None => {}
            }
        }
    }

    /// Where nothing is cancelled by its token.
    fn check_failures(&self) {
        println!("{self:?}");
        assert!(self.replied > 0 && self.unknown > 0 && self.not_applied > 0, "{self:?}");
    }

    fn check(&self) {
        println!("{self:?}");
        let Self { replied, unknown, not_applied, cancelled_in_time, cancelled_late } = *self;
        let all = [replied, unknown, not_applied, cancelled_in_time, cancelled_late];
        assert!(all.iter().all(|&count| count > 0), "{self:?}");
    }
}

/// Whether the completion is that submission's own.
fn judge(submission: &Submission, completion: &Completion<'_>) -> End {
    let tokens = &submission.tokens;
    if let Some(error) = completion.error {
        let progress = progress_of(error, tokens.len() as u64);
        assert_eq!(
            progress.replied + progress.unknown + progress.not_applied,
            tokens.len() as u64,
            "{error:?}"
        );
        assert!(completion.replies <= progress.replied, "{error:?}");
        return End::Failed(progress);
    }
    let reply = completion.reply().unwrap();
    match submission.work {
        Work::Pipeline | Work::Transaction => {
            assert_eq!(reply.root().len(), tokens.len(), "{reply:?}");
            for (value, token) in reply.root().children().zip(tokens) {
                assert_eq!(token_in(value), Some(*token));
            }
        }
        _ => assert_eq!(token_of(&reply), Some(tokens[0]), "{reply:?}"),
    }
    End::Replied
}

/// The same for what a blocking client returned.
fn judge_result(submission: &Submission, result: Result<Reply, Error>) -> End {
    let tokens = &submission.tokens;
    let reply = match result {
        Ok(reply) => reply,
        Err(error) => return failed(&error, tokens.len() as u64),
    };
    match submission.work {
        Work::Pipeline | Work::Transaction => {
            assert_eq!(reply.root().len(), tokens.len(), "{reply:?}");
            for (value, token) in reply.root().children().zip(tokens) {
                assert_eq!(token_in(value), Some(*token));
            }
        }
        _ => assert_eq!(token_of(&reply), Some(tokens[0]), "{reply:?}"),
    }
    End::Replied
}

fn failed(error: &Error, commands: u64) -> End {
    let progress = progress_of(error, commands);
    let Progress { replied, unknown, not_applied } = progress;
    assert_eq!(replied + unknown + not_applied, commands, "{error:?}");
    End::Failed(progress)
}

fn progress_of(error: &Error, commands: u64) -> Progress {
    error.progress().unwrap_or_else(|| {
        let mut progress = Progress::default();
        match error.outcome() {
            Some(Outcome::NotApplied) => progress.not_applied = commands,
            Some(Outcome::Unknown) => progress.unknown = commands,
            other => panic!("{other:?} of {error:?}"),
        }
        progress
    })
}

fn token_of(reply: &Reply) -> Option<u64> {
    token_in(reply.root())
}

/// The token in a reply of the ledger server, whatever its shape.
fn token_in(value: oxipipe::Value<'_>) -> Option<u64> {
    if let Some(error) = value.error() {
        return std::str::from_utf8(error).ok()?.strip_prefix("ERR ")?.parse().ok();
    }
    match value.bytes() {
        Some(text) => std::str::from_utf8(text).ok()?.split(' ').next()?.parse().ok(),
        None => token_in(value.get(0)?.get(0)?),
    }
}

fn pipeline_of(work: Work, commands: &[Vec<String>]) -> Pipeline {
    let mut pipeline = Pipeline::detached(work == Work::Transaction);
    for args in commands {
        pipeline.command(args).unwrap();
    }
    pipeline
}

fn malice(seed: u64) -> Malice {
    let cuts = [0, 3, 30, 150][seed as usize % 4];
    Malice { cuts, stalls: if seed.is_multiple_of(3) { 2 } else { 0 }, stall: Duration::from_millis(120) }
}

/// Deadlines that pass end connections, too.
fn deadline(seed: u64) -> Duration {
    if seed.is_multiple_of(3) { Duration::from_millis(100) } else { LONG }
}

fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("OXIPIPE_TEST_SEEDS").map_or(24, |seeds| seeds.parse().expect("a number"))
}

const STEPS: usize = 600;

#[test]
fn an_event_loop_client_tells_the_truth_about_everything() {
    let mut summary = Summary::default();
    for seed in seeds() {
        let server = LedgerServer::start(seed, malice(seed));
        let mut random = Random::new(seed);
        let mut options = server.options();
        options.timeout = Some(deadline(seed));
        options.send_buffer = seed.is_multiple_of(2).then_some(4096);
        let mut client = Async::new(options).unwrap();
        let (mut books, mut batch) = (Books::default(), Completions::new());
        for _ in 0..STEPS {
            match random.below(10) {
                0..6 => {
                    let (token, work, commands) = books.plan(&mut random, false);
                    match work {
                        Work::Pipeline | Work::Transaction => {
                            client.submit_pipeline(&mut pipeline_of(work, &commands), token).unwrap();
                        }
                        _ => client.submit(&commands[0], token).unwrap(),
                    }
                }
                6 if books.next > 0 => {
                    // Mostly one of the last.
                    let token = books.next - 1 - random.below(books.next.min(20));
                    if let Some(outcome) = client.cancel(token).unwrap() {
                        books.cancelled(token, outcome);
                    }
                }
                _ => {
                    if books.open() > 0 && random.below(4) == 0 {
                        // So that something leaves and comes back meanwhile, also on a busy machine.
                        event_loop::wait(&client, Some(Duration::from_millis(20)));
                    }
                    client.process().unwrap();
                    client.next(&mut batch);
                    books.take(&batch);
                }
            }
        }
        if seed % 5 == 4 {
            client.close();
        }
        let watch = Stopwatch::start();
        while books.open() > 0 {
            client.process().unwrap();
            client.next(&mut batch);
            books.take(&batch);
            assert!(watch.elapsed() < PATIENCE, "seed {seed}: {} never ended", books.open());
            if books.open() > 0 {
                event_loop::wait(&client, client.timeout());
            }
        }
        drop(client);
        let ledger = server.stop();
        books.check(&ledger);
        summary.add(&books);
        // One connection after the other, and nothing is written twice: the order of submission is the order of execution.
        let order: Vec<_> =
            ledger.iter().filter(|entry| !entry.key.is_empty()).map(|entry| entry.token).collect();
        if malice(seed).cuts == 0 && deadline(seed) == LONG {
            assert!(order.is_sorted(), "seed {seed}");
        }
        assert!(sorted_per_connection(&ledger), "seed {seed}");
    }
    summary.check();
}

/// One thread's calls on a client that it shares with others.
fn call_at_random(client: &Client, seed: u64, first: u64, closes: bool) -> Books {
    let mut random = Random::new(seed);
    let mut books = Books::beginning_with(first);
    for step in 0..CALLS {
        if closes && step == CALLS / 2 {
            client.close();
        }
        let (token, work, commands) = books.plan(&mut random, false);
        let submission = &books.submissions[&token];
        let all = submission.tokens.len() as u64;
        let end = match work {
            Work::Pipeline | Work::Transaction => {
                let mut pipeline =
                    if work == Work::Transaction { client.transaction() } else { client.pipeline() };
                for args in &commands {
                    pipeline.command(args).unwrap();
                }
                match random.below(12) {
                    // Dropped; what has been fed may run all the same.
                    0 => End::Failed(match work {
                        Work::Pipeline => Progress { unknown: all, ..Progress::default() },
                        _ => Progress { not_applied: all, ..Progress::default() },
                    }),
                    1 => {
                        let mut parts = 0;
                        match pipeline.execute_stream(&mut |_, _| {
                            parts += 1;
                            false
                        }) {
                            Ok(()) => panic!("nobody takes it for complete"),
                            Err(error) => failed(&error, all),
                        }
                    }
                    _ => judge_result(submission, pipeline.execute()),
                }
            }
            _ if random.below(20) == 0 => match client.command_stream(&commands[0], &mut |_, _| false) {
                Ok(()) => panic!("nobody takes it for complete"),
                Err(error) => failed(&error, all),
            },
            _ => judge_result(submission, client.command(&commands[0])),
        };
        books.ended(token, end);
    }
    books
}

const THREADS: u64 = 4;
const CALLS: usize = 75;

#[test]
fn threads_with_one_blocking_client_are_told_the_truth_about_everything() {
    let mut summary = Summary::default();
    for seed in seeds() {
        let server = LedgerServer::start(seed, malice(seed));
        let mut options = server.options();
        options.timeout = Some(if seed.is_multiple_of(3) { Duration::from_millis(100) } else { LONG });
        options.send_buffer = seed.is_multiple_of(2).then_some(4096);
        // Pipelines begin to leave with their first command, or late, or not before they are executed.
        options.eager_bytes = [1, 4096, 0][seed as usize % 3];
        let client = Client::new(options);
        let mut all = Books::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let client = client.clone();
                    let closes = thread == 0 && seed % 5 == 4;
                    let (seed, first) = (seed * 100 + thread, thread * 1_000_000);
                    scope.spawn(move || call_at_random(&client, seed, first, closes))
                })
                .collect();
            for thread in threads {
                let books = thread.join().unwrap();
                all.submissions.extend(books.submissions);
            }
        });
        drop(client);
        let ledger = server.stop();
        all.check(&ledger);
        summary.add(&all);
    }
    summary.check_failures();
}

fn sorted_per_connection(ledger: &[Executed]) -> bool {
    let mut last: HashMap<usize, u64> = HashMap::new();
    ledger
        .iter()
        .filter(|entry| !entry.key.is_empty())
        .all(|entry| last.insert(entry.connection, entry.token).is_none_or(|before| before < entry.token))
}

#[test]
fn a_pool_tells_the_truth_about_everything() {
    let mut summary = Summary::default();
    for seed in seeds() {
        let server = LedgerServer::start(seed, malice(seed));
        let mut random = Random::new(seed + 1_000_000);
        let mut options = server.options();
        options.timeout = Some(deadline(seed));
        options.send_buffer = seed.is_multiple_of(2).then_some(4096);
        options.ordered_results = seed % 4 < 2;
        options.key_affinity = seed % 8 < 4;
        let (is_ordered, has_affinity) = (options.ordered_results, options.key_affinity);
        let pool = Pool::new(options, 1 + seed as usize % 4).unwrap();
        let (mut books, mut batch) = (Books::default(), Completions::new());
        for _ in 0..STEPS {
            match random.below(12) {
                0..8 => {
                    let (token, work, commands) = books.plan(&mut random, true);
                    let name = (work != Work::Quiet).then_some(token);
                    let result = match work {
                        Work::Pipeline | Work::Transaction => {
                            pool.submit_pipeline(&mut pipeline_of(work, &commands), name)
                        }
                        _ => pool.submit(&commands[0], name),
                    };
                    if result.is_err() {
                        books.refused(token);
                    }
                }
                8 if books.next > 0 => {
                    let token = books.next - 1 - random.below(books.next.min(20));
                    if let Some(outcome) = pool.cancel(token) {
                        books.cancelled(token, outcome);
                    }
                }
                9 if random.below(20) == 0 => drop(pool.flush(Some(LONG)).unwrap()),
                _ => {
                    // Some find that the pool's thread has been at work, however busy the machine is.
                    let wait = if random.below(4) == 0 { PATIENCE } else { Duration::ZERO };
                    pool.next(&mut batch, Some(wait)).unwrap();
                    books.take(&batch);
                }
            }
        }
        if seed % 5 == 4 {
            pool.close(Some(Duration::from_millis(seed))).unwrap();
        }
        loop {
            match pool.next(&mut batch, Some(LONG)).unwrap() {
                Pulled::Some => books.take(&batch),
                Pulled::Nothing => break,
                Pulled::TimedOut => panic!("seed {seed}: {} never ended", books.open()),
            }
        }
        assert_eq!(books.open(), 0, "seed {seed}");
        drop(pool);
        let ledger = server.stop();
        books.check(&ledger);
        summary.add(&books);
        assert!(!is_ordered || books.completed.is_sorted(), "seed {seed}");
        if has_affinity && malice(seed).cuts == 0 && deadline(seed) == LONG {
            let mut last: HashMap<&str, u64> = HashMap::new();
            for entry in ledger.iter().filter(|entry| !entry.key.is_empty()) {
                let before = last.insert(&entry.key, entry.token);
                assert!(before.is_none_or(|before| before < entry.token), "seed {seed}: {entry:?}");
            }
        }
    }
    summary.check();
}
