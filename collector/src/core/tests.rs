use std::sync::atomic::{AtomicI64, Ordering};

use quorate_collector_consensus as consensus;
use quorate_collector_consensus::confirm::Request;
use quorate_collector_http::{IncidentFilter, Queries, QueryError, Window};
use quorate_collector_store::{Config as StoreConfig, Maintenance, NewBatch, Received};
use quorate_model::sample::{ClockReading, Health, References};
use quorate_model::{
    AgentTime, Boot, CheckVersion, Evidence, Failure, Micros, Millis, Outcome, Phases, ProviderId, RegionId, Sample,
    SampleId, Seq, Trigger,
};
use quorate_proto::api;
use quorate_proto::batch::{self, Origin};

use super::*;

pub(crate) const START: i64 = 1_790_000_000_000;
const REGIONS: [(&str, &str); 5] = [("fra", "a"), ("iad", "b"), ("sin", "c"), ("gru", "d"), ("syd", "a")];
/// Longer than any condition here takes on a loaded machine.
const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) fn at(s: i64) -> CollectorTime {
    CollectorTime::from_millis(START + s * 1000)
}

fn text(checks: &str) -> String {
    let regions: Vec<String> = REGIONS.iter().map(|(id, p)| format!("{{id: {id}, provider: {p}}}")).collect();
    format!("regions: [{}]\nchecks: [{checks}]\n", regions.join(", "))
}

pub(crate) fn loaded(checks: &str) -> Loaded {
    Loaded::parse(text(checks), std::path::Path::new("test.yaml")).unwrap_or_else(|error| panic!("{}", error.render()))
}

/// A clock that the test sets.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> CollectorTime {
        CollectorTime::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The side of the agents: nobody is connected; what would be asked is noted.
#[derive(Default)]
struct Nobody {
    asked: Mutex<Vec<(CheckId, Request)>>,
}

impl Asker for Nobody {
    fn ask(&self, check: &CheckId, request: Request) {
        self.asked.lock().expect("no test panics with the lock").push((check.clone(), request));
    }
}

impl Agents for Nobody {
    fn agents(&self) -> Vec<api::Agent> {
        Vec::new()
    }

    fn counters(&self) -> IngestCounters {
        IngestCounters::default()
    }

    fn probe_now(&self, _check: &CheckId) -> u32 {
        0
    }
}

pub(crate) struct Lab {
    dir: tempfile::TempDir,
    clock: Arc<Hands>,
    nobody: Arc<Nobody>,
    base: Option<Base>,
    core: Option<Core>,
    judge: Option<Judge>,
    pub(crate) seqs: [u64; 5],
}

impl Lab {
    pub(crate) fn start(checks: &str) -> Self {
        let mut lab = Self {
            dir: tempfile::tempdir().expect("there is space"),
            clock: Arc::new(Hands(AtomicI64::new(START))),
            nobody: Arc::new(Nobody::default()),
            base: None,
            core: None,
            judge: None,
            seqs: [0; 5],
        };
        lab.open(checks);
        lab
    }

    fn open(&mut self, checks: &str) {
        let config = StoreConfig { maintenance: Maintenance::Manual, ..StoreConfig::new(self.dir.path().join("s.db")) };
        let base = Base {
            store: Store::open(config).expect("the store opens"),
            clock: Arc::<Hands>::clone(&self.clock),
            agents: Arc::<Nobody>::clone(&self.nobody),
            asker: Arc::<Nobody>::clone(&self.nobody),
            stop: CancellationToken::new(),
            fatal: CancellationToken::new(),
        };
        let (core, judge) = Core::start(&base, &loaded(checks)).expect("the core starts");
        self.base = Some(base);
        self.core = Some(core);
        self.judge = Some(judge);
    }

    /// Stops without a last word of the judge being needed: everything is read from the store again.
    pub(crate) async fn restart(&mut self, checks: &str) {
        self.core = None;
        let judge = self.judge.take().expect("it runs");
        tokio::task::spawn_blocking(move || judge.join()).await.expect("the judge ends");
        self.base = None;
        self.open(checks);
    }

    pub(crate) fn core(&self) -> &Core {
        self.core.as_ref().expect("it runs")
    }

    pub(crate) fn views(&self) -> &Views {
        self.core().views()
    }

    pub(crate) fn set(&self, s: i64) {
        self.clock.0.store(at(s).as_millis(), Ordering::SeqCst);
    }

    /// The agents of `indices` send their samples of `[from, to)`, of which those in `down` fail.
    pub(crate) async fn send(&mut self, indices: &[usize], (from, to): (i64, i64), down: &[(i64, i64)]) {
        for index in indices {
            let records = self.records(*index, (from, to), down);
            let (region, provider) = REGIONS[*index];
            let first = &records.first().expect("some samples").sample;
            let origin = Origin {
                agent: first.id.agent.clone(),
                region: RegionId::new(region).expect("is an id"),
                provider: ProviderId::new(provider).expect("is an id"),
            };
            let new = NewBatch {
                origin,
                batch: batch::encode(&records).expect("can be packed"),
                received: self.clock.now(),
                records,
                marks: Vec::new(),
            };
            let store = self.base.as_ref().expect("it runs").store.clone();
            let appended = store.append(Received { batches: vec![new], ..Received::default() }).await;
            for taken in appended.expect("is stored").batches {
                self.core().take(taken.expect("is taken").records).await;
            }
        }
    }

    fn records(&mut self, index: usize, (from, to): (i64, i64), down: &[(i64, i64)]) -> Vec<Record> {
        let phase = i64::try_from(index).expect("few") * 2_000;
        let mut records = Vec::new();
        for slot in from / 10..to / 10 {
            self.seqs[index] += 1;
            let ms = slot * 10_000 + phase;
            let bad = down.iter().any(|(a, b)| (a * 1000..b * 1000).contains(&ms));
            records.push(record(index, self.seqs[index], ms, bad));
        }
        records
    }

    /// Waits until the condition holds of what the board shows of `shop`.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&crate::judge::CaseView) -> bool) {
        let shop = shop();
        let board = &self.views().board;
        let waiting = async {
            while !board.get(&shop).is_some_and(|view| holds(&view)) {
                tokio::select! {
                    () = board.changed() => {}
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
            }
        };
        let came = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(came.is_ok(), "{what} did not come: {:#?}", board.get(&shop));
    }

    async fn incidents(&self) -> Vec<api::Incident> {
        let filter = IncidentFilter {
            check: Some(shop()),
            from: None,
            to: None,
            phase: None,
            class: None,
            after: None,
            limit: 100,
        };
        self.views().incidents(&filter).await.expect("is answered")
    }

    pub(crate) async fn stored_incidents(&self, count: usize) -> Vec<api::Incident> {
        self.incidents_such_that(|found| found.len() == count).await
    }

    /// Waits until the stored incidents are as wanted.
    pub(crate) async fn incidents_such_that(&self, wanted: impl Fn(&[api::Incident]) -> bool) -> Vec<api::Incident> {
        let waiting = async {
            loop {
                let found = self.incidents().await;
                if wanted(&found) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(DEADLINE, waiting).await.expect("the incidents are written")
    }
}

pub(crate) fn shop() -> CheckId {
    CheckId::new("shop").expect("is an id")
}

fn record(index: usize, seq: u64, ms: i64, bad: bool) -> Record {
    let (region, provider) = REGIONS[index];
    let took = if bad { 3_000 } else { 50 };
    Record {
        sample: Sample {
            id: SampleId {
                agent: AgentId::new(&format!("{region}-1")).expect("is an id"),
                boot: Boot::new(1),
                seq: Seq::new(seq),
            },
            check: shop(),
            region: RegionId::new(region).expect("is an id"),
            provider: ProviderId::new(provider).expect("is an id"),
            start: AgentTime::from_millis(START + ms),
            end: AgentTime::from_millis(START + ms + took),
            outcome: if bad { Outcome::Fail } else { Outcome::Ok },
            failure: bad.then_some(Failure::ConnectTimeout),
            interval: Millis::from_secs(10),
            timeout: Millis::from_secs(3),
            typical: Some(Millis::new(60)),
            clock: ClockReading { offset: Millis::ZERO, error: Millis::new(5) },
            references: References::default(),
            health: Health::WELL,
            lag: Millis::ZERO,
            trigger: Trigger::Scheduled,
            check_version: CheckVersion::new(1),
        },
        phases: Phases { total: Micros::new(if bad { 3_000_000 } else { 50_000 }), ..Phases::default() },
        evidence: Evidence::default(),
    }
}

pub(crate) const ALL: [usize; 5] = [0, 1, 2, 3, 4];
const CHECK: &str = "{id: shop, name: Shop, icmp: {host: h}}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_an_incident_that_survives_a_restart() {
    let mut lab = Lab::start(CHECK);
    lab.set(310);
    lab.send(&ALL, (0, 300), &[]).await;
    lab.until("up", |view| view.state.word() == "up").await;
    lab.set(400);
    lab.send(&ALL, (300, 400), &[(300, 400)]).await;
    lab.until("down", |view| view.state.word() == "down").await;
    let open = lab.stored_incidents(1).await;
    assert_eq!((open[0].end_ms, open[0].class.as_str()), (None, "outage"));
    assert!(!lab.nobody.asked.lock().expect("no test panics with the lock").is_empty(), "nobody was asked");

    lab.set(405);
    lab.restart(CHECK).await;
    lab.until("down after the restart", |view| view.state.word() == "down").await;
    assert_eq!(lab.stored_incidents(1).await[0].id, open[0].id);

    lab.set(610);
    lab.send(&ALL, (400, 600), &[(400, 430)]).await;
    lab.until("up again", |view| view.state.word() == "up" && view.open.is_none()).await;
    let waiting = async {
        while lab.incidents().await[0].end_ms.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.expect("the end is written");
    let ended = lab.stored_incidents(1).await;
    assert_eq!(ended[0].id, open[0].id);
    let [earliest, latest] = ended[0].start_bounds_ms;
    assert!((earliest..=latest).contains(&at(300).as_millis()), "{:?}", ended[0]);
    let [earliest, latest] = ended[0].end_bounds_ms;
    assert!((earliest..=latest).contains(&at(430).as_millis()), "{:?}", ended[0]);
    assert!(ended[0].changes.iter().any(|change| change.fields.iter().any(|field| field.field == "end_ms")));
    assert_eq!(ended[0].revision as usize, ended[0].changes.len() + 1);

    let window = Window::new(at(0), at(600)).expect("is not empty");
    let told = lab.views().segments(&shop(), window).await.expect("is answered");
    assert_eq!(told.segments.first().map(|s| s.start_ms), Some(at(0).as_millis()));
    assert!(told.segments.windows(2).all(|pair| pair[0].end_ms == pair[1].start_ms));
    assert_eq!(told.uptime.down_ms.point, ended[0].billed_ms);
    assert!(told.uptime.down_ms.low <= 130_000 && 130_000 <= told.uptime.down_ms.high, "{:?}", told.uptime);
}

/// What was concluded long ago stays, although a start reads the last day alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_days_later_keeps_what_was_concluded() {
    const DAYS: i64 = 3 * 86_400;
    for away in [false, true] {
        let mut lab = Lab::start(CHECK);
        lab.set(605);
        lab.send(&ALL, (0, 600), &[(300, 400)]).await;
        lab.until("settled", |view| view.settled > at(500)).await;
        lab.stored_incidents(1).await;
        if !away {
            // It went on without agents, so that the last day is unknown.
            lab.set(DAYS);
            lab.until("unknown for days", |view| view.settled > at(DAYS - 3_600)).await;
        }
        lab.restart(CHECK).await;
        lab.set(DAYS + 100);
        lab.until("settled on", |view| view.settled > at(DAYS)).await;
        let window = Window::new(at(0), at(500)).expect("is not empty");
        let told = lab.views().segments(&shop(), window).await.expect("is answered");
        assert!((told.uptime.down_ms.point - 100_000).abs() < 10_000, "away: {away}, {:?}", told.uptime);
        // Until every agent has probed once.
        assert!(told.uptime.unknown_ms <= 10_000, "away: {away}, {:?}", told.segments);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_samples_amend_the_past_in_the_store() {
    let mut lab = Lab::start(CHECK);
    lab.set(205);
    lab.send(&ALL, (0, 200), &[]).await;
    lab.until("up", |view| view.state.word() == "up").await;
    lab.set(1_400);
    lab.send(&[0, 1], (200, 800), &[(400, 460)]).await;
    lab.send(&ALL, (800, 1_400), &[]).await;
    for index in &mut lab.seqs {
        *index = (*index).max(200);
    }
    lab.until("settled", |view| view.settled > at(1_300)).await;
    assert_eq!(lab.incidents().await.len(), 0);
    lab.send(&[2, 3, 4], (200, 800), &[(400, 460)]).await;
    let found = lab.stored_incidents(1).await;
    assert!((found[0].start_ms - at(400).as_millis()).abs() < 10_000, "{found:?}");
    let explained = lab.views().explain(&shop(), at(430)).await.expect("is answered");
    assert_eq!((explained.state.as_str(), explained.regions_bad.len()), ("down", 5));
    assert_eq!(explained.incident.as_deref(), Some(found[0].id.as_str()));
    assert!(explained.sentence.contains("5 of 5 voting regions are bad"), "{}", explained.sentence);
    assert!(explained.agents.iter().all(|agent| agent.vote == "bad" && agent.last_bad.is_some()));
}

/// What a store holds of `[0, to)`, as text: samples' hashes, segments, incidents without the history of their revisions.
fn in_store(lab: &Lab, to: i64) -> String {
    let store = &lab.base.as_ref().expect("it runs").store;
    let window = quorate_collector_store::Window::new(at(0), at(to));
    let samples = store.samples(&shop(), window, quorate_collector_store::Wanted::Counted).expect("are readable");
    let present = lab.views().present();
    let policies = &present.configured.histories.get(&shop()).expect("is configured").policies;
    let span = consensus::Window { from: at(0), to: at(to) };
    let verdict = consensus::judge(&samples, policies, span, at(to));
    let digest = consensus::digest(&samples, policies, &verdict);
    let segments = store.segments(&shop(), window).expect("are readable").segments;
    let incidents = store.incidents(Some(&shop()), window).expect("are readable");
    let incidents: Vec<_> = incidents.iter().map(|known| (&known.incident, known.finality, known.withdrawn)).collect();
    format!("{digest:#?}\n{segments:#?}\n{incidents:#?}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfilled_partition_ends_as_if_there_had_been_none() {
    const DOWN: [(i64, i64); 1] = [(400, 460)];
    let is_settled = |incident: &api::Incident, regions: usize| incident.settled && incident.regions.len() == regions;

    let mut whole = Lab::start(CHECK);
    whole.set(1_400);
    whole.send(&ALL, (0, 1_400), &DOWN).await;
    whole.until("settled", |view| view.settled > at(1_300)).await;
    whole.incidents_such_that(|found| matches!(found, [one] if is_settled(one, 5))).await;

    // Two agents lose the collector at 200 s; the outage they see too is settled without them.
    let mut cut = Lab::start(CHECK);
    cut.set(1_400);
    cut.send(&ALL, (0, 200), &[]).await;
    cut.send(&[0, 1, 2], (200, 1_400), &DOWN).await;
    cut.until("settled", |view| view.settled > at(1_300)).await;
    let before = cut.incidents_such_that(|found| matches!(found, [one] if is_settled(one, 3))).await.remove(0);
    assert_ne!(in_store(&cut, 1_300), in_store(&whole, 1_300), "the two that are cut off are missed");

    cut.set(1_500);
    cut.send(&[3, 4], (200, 1_400), &DOWN).await;
    let after = cut.incidents_such_that(|found| matches!(found, [one] if is_settled(one, 5))).await.remove(0);
    assert_eq!(after.id, before.id);
    let (said, more) = after.changes.split_at(before.changes.len());
    assert_eq!(said, before.changes, "what was said stays on record");
    // One revision for each time the judge looked: after the one agent's backlog, the other's, or both.
    let revisions: Vec<u32> = more.iter().map(|change| change.revision).collect();
    assert_eq!(revisions, (before.revision + 1..=after.revision).collect::<Vec<_>>());
    assert!(more.iter().all(|change| change.at_ms == at(1_500).as_millis()), "{more:?}");
    let regions: Vec<_> =
        more.iter().flat_map(|change| &change.fields).filter(|field| field.field == "regions").collect();
    let (first, last) = (regions.first().expect("more regions were bad"), regions.last().expect("as was said"));
    let text = |regions: &[String]| serde_json::to_string(regions).expect("texts");
    assert_eq!((&first.old, &last.new), (&text(&before.regions), &text(&after.regions)));

    whole.set(1_500);
    for lab in [&mut whole, &mut cut] {
        lab.send(&ALL, (1_400, 1_500), &[]).await;
        lab.until("settled", |view| view.settled > at(1_400)).await;
    }
    assert_eq!(in_store(&cut, 1_300), in_store(&whole, 1_300));

    // It is the same after everything was read from the store again.
    cut.restart(CHECK).await;
    cut.until("settled again", |view| view.settled > at(1_300)).await;
    assert_eq!(in_store(&cut, 1_300), in_store(&whole, 1_300));
    let window = Window::new(at(0), at(1_300)).expect("is not empty");
    let told = cut.views().segments(&shop(), window).await.expect("is answered");
    let wanted = whole.views().segments(&shop(), window).await.expect("is answered");
    assert_eq!((told.segments, told.uptime), (wanted.segments, wanted.uptime));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_becomes_unknown_and_is_never_up() {
    let mut lab = Lab::start(CHECK);
    lab.set(205);
    lab.send(&ALL, (0, 200), &[]).await;
    lab.until("up", |view| view.state.word() == "up").await;
    lab.set(300);
    lab.until("unknown", |view| view.state.word() == "unknown").await;
    let view = lab.views().board.get(&shop()).expect("is there");
    assert!(view.regions.iter().all(|region| region.vote == "none" && region.reason.contains("silent")));
    let window = Window::new(at(250), at(300)).expect("is not empty");
    let told = lab.views().segments(&shop(), window).await.expect("is answered");
    assert_eq!((told.uptime.unknown_ms, told.uptime.percent), (50_000, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_configuration_holds_from_now_on() {
    let mut lab = Lab::start(CHECK);
    lab.set(305);
    lab.send(&ALL, (0, 300), &[]).await;
    // One region alone fails: partial under a majority, down where one of one provider is enough.
    lab.set(400);
    lab.send(&[0, 1, 2, 3], (300, 400), &[]).await;
    lab.send(&[4], (300, 400), &[(300, 400)]).await;
    lab.until("partial", |view| view.state.word() == "partial").await;
    let strict = "{id: shop, name: Shop, icmp: {host: h}, quorum: {at_least: 1}, min_providers: 1}";
    let revision = lab.core().reload(loaded(strict)).await.expect("is put into force");
    assert_eq!(revision, 2);
    lab.set(420);
    lab.send(&[0, 1, 2, 3], (400, 420), &[]).await;
    lab.send(&[4], (400, 420), &[(400, 420)]).await;
    lab.until("down", |view| view.state.word() == "down").await;
    // While samples of before 400 are still on their way it may seem to have begun earlier; not when all are there.
    let begins = |found: &[api::Incident]| matches!(found, [one] if one.start_ms >= at(400).as_millis());
    let found = lab.incidents_such_that(begins).await;
    // The same text again is the same revision.
    assert_eq!(lab.core().reload(loaded(strict)).await.expect("is in force"), 2);
    lab.restart(strict).await;
    lab.until("down after the restart", |view| view.state.word() == "down").await;
    assert_eq!(lab.stored_incidents(1).await[0].id, found[0].id);
    let snapshot = lab.views().draw(None);
    assert_eq!(snapshot.status().config_revision, 2);
    let status = snapshot.check(&shop()).expect("is there");
    assert_eq!((status.state.as_str(), status.quorum.as_str()), ("down", "at least 1: 1 of 5"));
    assert_eq!(status.incident.as_deref(), Some(found[0].id.as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_settled_and_not_stored_yet_or_not_judged_yet_is_not_unknown() {
    let mut lab = Lab::start(CHECK);
    // Quiet time is stored once a minute only, so that the end of it is in memory alone.
    for (from, to) in [(0, 300), (300, 310), (310, 320), (320, 330)] {
        lab.set(to);
        lab.send(&ALL, (from, to), &[]).await;
        lab.until("up", |view| view.state.word() == "up" && view.settled >= at(to - 20)).await;
    }
    lab.set(345);
    let window = Window::new(at(100), at(345)).expect("is not empty");
    let found = lab.views().segments(&shop(), window).await.expect("is known");
    assert!(found.segments.iter().all(|segment| segment.state == "up"), "{found:?}");
    assert!(found.uptime.to_ms >= at(320).as_millis() && found.uptime.unknown_ms == 0, "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_said_so() {
    let lab = Lab::start(CHECK);
    let other = CheckId::new("other").expect("is an id");
    let window = Window::new(at(0), at(1)).expect("is not empty");
    assert!(matches!(lab.views().segments(&other, window).await, Err(QueryError::UnknownCheck(_))));
    assert!(matches!(lab.views().explain(&other, at(0)).await, Err(QueryError::UnknownCheck(_))));
    let id = quorate_model::IncidentId::new("none");
    assert!(matches!(lab.views().incident(&id).await, Err(QueryError::UnknownIncident(_))));
    let old = at(-500 * 86_400);
    assert!(matches!(lab.views().explain(&shop(), old).await, Err(QueryError::NotRetained { .. })));
    assert_eq!(lab.views().probe_now(&shop()).await.expect("is asked").agents_asked, 0);
    assert!(matches!(lab.views().probe_now(&shop()).await, Err(QueryError::TooSoon { .. })));
}
