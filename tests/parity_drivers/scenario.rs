//! How the table is written.

use oxipipe::Options;

use super::driver::Kind;
use super::trial::{Server, Times, Trial};
use crate::support::live_server::LiveServer;
use crate::support::proxy::Proxy;

/// A row of the table: with what, what is done, and what must come of it.
pub(crate) struct Scenario {
    pub(crate) name: String,
    begin: Option<Step>,
    set: fn(&mut Options),
    cancels: bool,
    steps: Vec<Step>,
    /// Drivers for which there is no such thing, and why.
    exceptions: Vec<(Kind, &'static str)>,
    /// Not beside others: it forks, or takes all of a processor.
    pub(crate) alone: bool,
}

type Step = Box<dyn Fn(&mut Trial) + Send + Sync>;

pub(crate) fn scenario(name: impl Into<String>) -> Scenario {
    Scenario {
        name: name.into(),
        begin: None,
        set: |_| {},
        cancels: false,
        steps: Vec::new(),
        exceptions: Vec::new(),
        alone: false,
    }
}

impl Scenario {
    /// The server follows a script; see `tests/conversations/README.md`.
    pub(crate) fn script(self, script: impl Into<String>) -> Self {
        let script = script.into();
        self.begin(move |t| t.begin(&script))
    }

    /// The script is one of `tests/conversations`.
    pub(crate) fn follows(self, name: &'static str) -> Self {
        use crate::support::fake_server::FakeServer;
        self.begin(move |t| t.begin_with(Server::Scripted(FakeServer::follow(name))))
    }

    /// The server is a real one.
    pub(crate) fn live(self, args: &'static [&'static str]) -> Self {
        self.begin(move |t| t.begin_with(Server::Live(LiveServer::with(args), None)))
    }

    /// The server is a real one, behind a proxy.
    pub(crate) fn proxied(self) -> Self {
        self.begin(move |t| {
            let server = LiveServer::start();
            let proxy = Proxy::to(server.port());
            t.begin_with(Server::Live(server, Some(proxy)));
        })
    }

    /// There is no server.
    pub(crate) fn nobody(self) -> Self {
        self.begin(|t| t.begin_with(Server::nobody()))
    }

    pub(crate) fn options(mut self, set: fn(&mut Options)) -> Self {
        self.set = set;
        self
    }

    /// Calls will be cancelled.
    pub(crate) fn cancels(mut self) -> Self {
        self.cancels = true;
        self
    }

    pub(crate) fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    pub(crate) fn except(mut self, kind: Kind, why: &'static str) -> Self {
        self.exceptions.push((kind, why));
        self
    }

    pub(crate) fn then(mut self, step: impl Fn(&mut Trial) + Send + Sync + 'static) -> Self {
        self.steps.push(Box::new(step));
        self
    }

    /// A command must end like this; see [`describe`](super::wording::describe).
    pub(crate) fn call(self, line: &'static str, wanted: &'static str) -> Self {
        self.then(move |t| t.run(line, wanted))
    }

    pub(crate) fn pipeline(self, lines: &'static [&'static str], wanted: &'static str) -> Self {
        self.then(move |t| {
            let end = t.pipeline(lines);
            t.expect(&lines.join(", "), &end, wanted);
        })
    }

    pub(crate) fn atomic(self, lines: &'static [&'static str], wanted: &'static str) -> Self {
        self.then(move |t| {
            let end = t.atomic(lines);
            t.expect(&format!("MULTI, {}, EXEC", lines.join(", ")), &end, wanted);
        })
    }

    /// At the end the server has heard this so many times.
    pub(crate) fn executed<T: Into<Times> + Clone + Send + Sync + 'static>(
        self,
        line: &'static str,
        wanted: T,
    ) -> Self {
        self.then(move |t| t.executed(line, wanted.clone()))
    }

    pub(crate) fn connections<T: Into<Times> + Clone + Send + Sync + 'static>(self, wanted: T) -> Self {
        self.then(move |t| t.connections(wanted.clone()))
    }

    /// Why this driver is not tried.
    pub(crate) fn exception(&self, kind: Kind) -> Option<&'static str> {
        self.exceptions.iter().find(|(other, _)| *other == kind).map(|(_, why)| *why)
    }

    /// Runs it under one driver.
    pub(crate) fn play(&self, kind: Kind) -> Trial {
        let mut trial = Trial::new(kind, self.set, self.cancels);
        if let Some(begin) = &self.begin {
            begin(&mut trial);
        }
        for step in &self.steps {
            step(&mut trial);
        }
        trial.finish();
        trial
    }

    fn begin(mut self, begin: impl Fn(&mut Trial) + Send + Sync + 'static) -> Self {
        self.begin = Some(Box::new(begin));
        self
    }
}
