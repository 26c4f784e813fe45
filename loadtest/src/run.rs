//! The load itself: threads, connections, and what each answer leaves behind.

use crate::Failure;
use crate::answer::Answer;
use crate::clock::{Clock, cpu_time};
use crate::figures::{Figures, Row};
use crate::forms::Forms;
use crate::history::Record;
use crate::http::{ANSWER_WITHIN, Line, Targets};
use crate::mix::{Chooser, Kind, Request};
use crate::options::Options;
use crate::pace::{End, Pace};
use domain::ids::VoucherId;
use std::cell::RefCell;
use std::io::Error;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
/// How long to leave a server alone that does not let anybody in.
const RECONNECT_AFTER: Duration = Duration::from_millis(50);

/// What all threads share.
pub struct Plan {
    pub options: Options,
    /// The time of the whole run, the looks before and after the load included.
    pub clock: Clock,
    /// When the load begins.
    pub start: Duration,
    /// When the last request is due.
    pub end: End,
    /// Where to.
    pub targets: Targets,
    pub forms: Forms,
    /// Empty when nothing is checked.
    pub vouchers: Vec<VoucherId>,
}

impl Plan {
    /// When measuring begins.
    fn warm(&self) -> Duration {
        self.start + Duration::from_secs_f64(self.options.warm_up)
    }

    /// The load begins now.
    pub fn begin(&mut self) {
        self.start = self.clock.now();
        self.end.bring_forward(self.warm() + Duration::from_secs_f64(self.options.duration));
    }
}

/// What one thread has to show, or all of them.
#[derive(Default)]
pub struct Log {
    pub measured: Figures,
    /// Every answer, those of the warm-up too, unless nothing is checked.
    pub records: Vec<Record>,
    pub requests: u64,
    /// What came since the last line of progress.
    latest: Row,
    /// Connections that wait to be let in.
    down: usize,
}

/// One thread's part of the load.
struct Worker {
    plan: Arc<Plan>,
    pace: Pace,
    chooser: RefCell<Chooser>,
    log: Arc<Mutex<Log>>,
}

fn locked(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All threads of the load.
pub struct Crew {
    threads: Vec<JoinHandle<Result<(), Error>>>,
    logs: Vec<Arc<Mutex<Log>>>,
    cpu_before: Duration,
}

impl Crew {
    /// Begins the load in as many threads as there are choosers.
    pub fn start(plan: &Arc<Plan>, choosers: Vec<(Chooser, u64)>) -> Result<Self, Failure> {
        let count = choosers.len();
        let mut crew = Self { threads: Vec::new(), logs: Vec::new(), cpu_before: cpu_time() };
        for (number, (chooser, seed)) in choosers.into_iter().enumerate() {
            let (plan, log) = (Arc::clone(plan), Arc::<Mutex<Log>>::default());
            crew.logs.push(Arc::clone(&log));
            let connections = plan.options.connections / count + usize::from(number < plan.options.connections % count);
            let work = move || thread(plan, log, chooser, seed, connections);
            let thread = std::thread::Builder::new().name(format!("load-{number}")).spawn(work);
            crew.threads.push(thread.map_err(cannot)?);
        }
        Ok(crew)
    }

    /// Tells each second how it goes, until all threads have ended.
    pub fn watch(&self, plan: &Plan) {
        let mut second = 0;
        while self.threads.iter().any(|thread| !thread.is_finished()) {
            second += 1;
            std::thread::sleep((plan.start + SECOND * second).saturating_sub(plan.clock.now()));
            progress(plan, second, &self.logs);
        }
    }

    /// Adds up what is counted in each thread's answers.
    pub fn count(&self, count: impl Fn(&[Record]) -> usize) -> usize {
        self.logs.iter().map(|log| count(&locked(log).records)).sum()
    }

    /// The least of what is found in each thread's answers.
    pub fn first(&self, find: impl Fn(&[Record]) -> Option<u64>) -> Option<u64> {
        self.logs.iter().filter_map(|log| find(&locked(log).records)).min()
    }

    /// Waits until all threads have ended; what they have to show, and the processor time that this tool used.
    pub fn join(self) -> Result<(Log, Duration), Failure> {
        for thread in self.threads {
            thread.join().map_err(|_| Failure("a thread of the load died".to_owned()))?.map_err(cannot)?;
        }
        let mut all = Log::default();
        for log in &self.logs {
            let Log { measured, records, requests, .. } = std::mem::take(&mut *locked(log));
            all.measured.add(measured);
            all.requests += requests;
            // no copy where there is one thread: the answers are most of what is in memory
            if all.records.is_empty() { all.records = records } else { all.records.extend(records) }
        }
        Ok((all, cpu_time().saturating_sub(self.cpu_before)))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn cannot(error: Error) -> Failure {
    Failure(format!("the load cannot run: {error}"))
}

fn progress(plan: &Plan, second: u32, logs: &[Arc<Mutex<Log>>]) {
    let (mut all, mut down) = (Row::default(), 0);
    for log in logs {
        let mut log = locked(log);
        all.add(&std::mem::take(&mut log.latest));
        down += log.down;
    }
    let ms = |part| all.latencies.quantile_us(part).map_or("-".to_owned(), |us| format!("{:.2} ms", us as f64 / 1e3));
    let (p50, p99, answered, failed) = (ms(0.5), ms(0.99), all.answered(), all.latencies.failed);
    let down = if down > 0 { format!("  {down} connections down") } else { String::new() };
    let warming = if f64::from(second) <= plan.options.warm_up { "  warm-up" } else { "" };
    eprintln!("{second:>4} s  {answered:>7}/s  p50 {p50:>9}  p99 {p99:>9}  failed {failed}{down}{warming}");
}

fn thread(plan: Arc<Plan>, log: Arc<Mutex<Log>>, chooser: Chooser, seed: u64, connections: usize) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rate = plan.options.rate.map(|rate| rate / plan.options.threads as f64);
    let pace = runtime.block_on(async { Pace::new(plan.clock, rate, (plan.start, plan.end.clone()), seed) })?;
    let worker = Rc::new(Worker { plan, pace, chooser: RefCell::new(chooser), log });
    runtime.block_on(LocalSet::new().run_until(async {
        let tills: Vec<_> = (0..connections).map(|number| spawn_local(Rc::clone(&worker).till(number))).collect();
        for till in tills {
            till.await??;
        }
        let (unsent, timer) = worker.pace.finish().await;
        let measured = &mut locked(&worker.log).measured;
        (measured.unsent, measured.timer) = (measured.unsent + unsent, timer);
        Ok(())
    }))
}

impl Worker {
    /// One connection, until the run is over.
    async fn till(self: Rc<Self>, number: usize) -> Result<(), Error> {
        let mut line = Line::new(self.plan.targets.clone(), number);
        while line.is_open() || self.connect(&mut line).await {
            let Some(due) = self.pace.next().await? else { break };
            // the server may have hung up while there was nothing to do
            if !line.is_open() && !self.connect(&mut line).await {
                locked(&self.log).measured.unsent += 1;
                break;
            }
            match self.ask(&mut line, due).await {
                None => break,
                Some(wait) if wait.is_zero() || self.pace.is_over() => {}
                Some(wait) => sleep(wait).await,
            }
        }
        Ok(())
    }

    /// Whether it could be opened before the run was over.
    async fn connect(&self, line: &mut Line) -> bool {
        let from = self.plan.clock.now();
        locked(&self.log).down += 1;
        let opened = loop {
            let Err(error) = line.open().await else { break true };
            let trouble = || format!("no connection: {error}");
            locked(&self.log).measured.trouble.get_or_insert_with(trouble);
            if self.pace.is_over() {
                break false;
            }
            sleep(RECONNECT_AFTER).await;
        };
        let log = &mut *locked(&self.log);
        log.down -= 1;
        log.measured.shut_out += self.plan.clock.now() - from;
        opened
    }

    /// Sends one request and files its answer; how long to leave the server alone. `None` when there
    /// is nothing more to ask.
    async fn ask(&self, line: &mut Line, due: Duration) -> Option<Duration> {
        let plan = &*self.plan;
        let request = self.chooser.borrow_mut().next(plan.clock.now())?;
        plan.forms.write(&mut line.output, &request, self.chooser.borrow().cookie(&request));
        let sent = plan.clock.now();
        let patience = self.chooser.borrow_mut().hangs_up().unwrap_or(ANSWER_WITHIN);
        let answer = match line.ask(plan.clock.instant(sent + patience)).await {
            Ok(reply) if plan.options.no_check => Answer::by_status(&reply, request.kind),
            Ok(reply) => Answer::read(&reply, &request, plan.vouchers[request.voucher as usize]),
            Err(error) => Answer::lost(&error),
        };
        self.note(&request, &answer, (due, sent, plan.clock.now()));
        // links alone have a limit of their own, which the chooser keeps
        Some(if request.kind == Kind::Link { Duration::ZERO } else { answer.wait })
    }

    fn note(&self, request: &Request, answer: &Answer, (due, sent, received): (Duration, Duration, Duration)) {
        let latency = received.saturating_sub(due);
        let log = &mut *locked(&self.log);
        log.requests += 1;
        log.latest.note(answer.outcome, latency);
        if sent >= self.plan.warm() {
            log.measured.rows[request.kind as usize].note(answer.outcome, latency);
        }
        if let (None, Some(trouble)) = (&log.measured.trouble, &answer.trouble) {
            log.measured.trouble = Some(format!("{}: {trouble}", request.kind.name()));
        }
        if !self.plan.options.no_check {
            log.records.push(answer.record(request, sent, received));
        }
        self.chooser.borrow_mut().learn(request, answer, received);
    }
}
