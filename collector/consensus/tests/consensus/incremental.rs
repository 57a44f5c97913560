//! What the incremental engine tells, in written-out worlds (CONSENSUS section 7).

use quorate_collector_consensus::{Engine, Event, adopt_ids, judge};
use quorate_model::{IncidentId, Millis, Sample, State};

use crate::world::{majority, samples, time, window};

const THREE: &str = "fra/hetzner iad/aws sin/ovh";

/// An engine that took samples as they came, and was asked once a second up to `to_s`.
fn engine(all: &[Sample], to_s: i64) -> Engine {
    let mut coming: Vec<&Sample> = all.iter().filter(|sample| sample.end_corrected() <= time(to_s * 1000)).collect();
    coming.sort_by_key(|sample| sample.end_corrected());
    let mut engine = Engine::new(majority(THREE));
    let mut coming = coming.into_iter().peekable();
    for second in 0..=to_s {
        while let Some(sample) = coming.next_if(|sample| sample.end_corrected() <= time(second * 1000)) {
            engine.handle_sample(sample, sample.end_corrected());
        }
        engine.handle_timeout(time(second * 1000));
    }
    engine
}

fn events(engine: &mut Engine) -> Vec<Event> {
    std::iter::from_fn(|| engine.poll_event()).collect()
}

fn settled_to(events: &[Event]) -> Option<i64> {
    let ends = events.iter().filter_map(|event| match event {
        Event::Settled(segment) => Some(segment.end.as_millis()),
        _ => None,
    });
    ends.max()
}

/// Before the watermark, the earliest of the agents' newest samples, all is settled; an agent that is silent for longer
/// than it reaches leaves it.
#[test]
fn the_watermark_is_the_slowest_live_agent() {
    let all = samples(
        "fra/hetzner 0s: ....------
         iad/aws 3s: ..........
         sin/ovh 6s: ..........",
    );
    assert_eq!(engine(&all, 35).watermark(time(35_000)), time(26_000));
    assert_eq!(engine(&all, 52).watermark(time(52_000)), time(30_000));
    // Its sample of 30 s is held for 23 s.
    assert_eq!(engine(&all, 53).watermark(time(53_000)), time(43_000));
}

/// A segment is told as settled once, whole and behind the watermark; what comes later is provisional.
#[test]
fn what_is_behind_the_watermark_is_settled() {
    let all = samples(
        "fra/hetzner 0s: ...xxx...
         iad/aws 3s: ...xxx...
         sin/ovh 6s: ...xxx...",
    );
    let mut engine = engine(&all, 90);
    let told = events(&mut engine);
    let settled: Vec<(i64, i64, State)> = told
        .iter()
        .filter_map(|event| match event {
            Event::Settled(s) => Some((s.start.as_millis(), s.end.as_millis(), s.state)),
            _ => None,
        })
        .collect();
    assert!(settled.windows(2).all(|pair| pair[0].1 == pair[1].0), "{settled:?}");
    assert!(settled_to(&told).is_some_and(|end| end <= engine.watermark(time(90_000)).as_millis()));
    let verdict = engine.verdict(window(0, 90), time(90_000)).expect("nothing was trimmed");
    assert_eq!(verdict, judge(&all, &majority(THREE), window(0, 90), time(90_000)));
    // The opening, the close, and the live state's changes are told in this order.
    let order: Vec<&str> = told
        .iter()
        .filter_map(|event| match event {
            Event::StateChanged { to: State::Down, .. } => Some("down"),
            Event::IncidentOpened(_) => Some("opened"),
            Event::StateChanged { from: State::Down, .. } => Some("up"),
            Event::IncidentClosed { .. } => Some("closed"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["down", "opened", "up", "closed"]);
}

/// A late sample changes what was settled: the window is told anew, and only around its neighbours.
#[test]
fn a_late_sample_amends_what_was_settled() {
    let world = "fra/hetzner 0s: ..............
         iad/aws 3s: ...xxx........
         sin/ovh 6s: ..............";
    let late = samples("fra/hetzner 0s: ---xxx--------");
    let on_time: Vec<Sample> = samples(world).into_iter().filter(|s| late.iter().all(|l| l.id != s.id)).collect();
    let mut engine = engine(&on_time, 140);
    let before = settled_to(&events(&mut engine)).expect("something is settled");
    assert!(before > 58_000, "the last segment may yet grow, those before it not: {before}");
    for sample in &late {
        engine.handle_sample(sample, time(140_000));
    }
    engine.handle_timeout(time(140_000));
    let told = events(&mut engine);
    let amended: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            Event::Amended { window, .. } => Some((window.from.as_millis(), window.to.as_millis())),
            _ => None,
        })
        .collect();
    assert!(!amended.is_empty() && amended.iter().all(|(from, to)| *from >= 20_000 && *to <= 84_000), "{amended:?}");
    assert!(told.iter().any(|event| matches!(event, Event::IncidentOpened(_))));
    let mut all = on_time;
    all.extend(late);
    let verdict = engine.verdict(window(0, 140), time(140_000)).expect("nothing was trimmed");
    assert_eq!(verdict, judge(&all, &majority(THREE), window(0, 140), time(140_000)));
    assert_eq!(engine.invariant_breaches(), 0);
}

/// What late samples say of the time before all that was told is told for the first time, not amended; each segment borders
/// on the one told before it.
#[test]
fn what_lies_before_all_that_was_told_is_settled_and_not_amended() {
    let world = "fra/hetzner 0s: ............
         iad/aws 3s: ............
         sin/ovh 6s: ............";
    let late = samples("fra/hetzner 0s: xxx---------");
    let on_time: Vec<Sample> = samples(world).into_iter().filter(|s| s.start_corrected() >= time(50_000)).collect();
    let mut engine = engine(&on_time, 140);
    let heard = |told: &[Event]| -> Vec<(i64, i64)> {
        let settled = told.iter().filter_map(|event| match event {
            Event::Settled(segment) => Some((segment.start.as_millis(), segment.end.as_millis())),
            _ => None,
        });
        settled.collect()
    };
    let first = heard(&events(&mut engine)).first().expect("something is settled").0;
    for sample in &late {
        engine.handle_sample(sample, time(140_000));
    }
    engine.handle_timeout(time(140_000));
    let told = events(&mut engine);
    assert!(told.iter().all(|event| !matches!(event, Event::Amended { .. })), "{told:?}");
    let before: Vec<(i64, i64)> = heard(&told).into_iter().filter(|(from, _)| *from < first).collect();
    assert!(!before.is_empty(), "{told:?}");
    before.iter().fold(first, |from, segment| {
        assert_eq!(segment.1, from, "{before:?}");
        segment.0
    });
}

/// Late samples that move an incident's start into another minute leave it its name and make a revision with the
/// difference.
#[test]
fn an_incident_keeps_its_name_when_its_start_moves() {
    let world = "fra/hetzner 0s: ....xxxxxx.....
         iad/aws 3s: ..xxxxxxxx.....
         sin/ovh 6s: ......xxxx.....";
    let mut all = samples(world);
    let mut engine = engine(&all, 140);
    events(&mut engine);
    let [told] = engine.told() else { panic!("one incident: {:?}", engine.told()) };
    let (id, first) = (told.incident.id.clone(), told.incident.start);
    // A second agent of one region, cut off until now, saw it much earlier.
    let late = samples("fra#2/hetzner 1s: .xxxxxxxxx.....\nfra#3/hetzner 2s: .xxxxxxxxx.....");
    for sample in &late {
        engine.handle_sample(sample, time(140_000));
    }
    engine.handle_timeout(time(140_000));
    let [told] = engine.told() else { panic!("one incident: {:?}", engine.told()) };
    assert!(told.incident.start < first, "it began earlier: {:?}", told.incident);
    assert_eq!((&told.incident.id, told.revision >= 2), (&id, true));
    let changes = events(&mut engine).into_iter().find_map(|event| match event {
        Event::IncidentAmended { changes, .. } => Some(changes),
        _ => None,
    });
    assert!(changes.is_some_and(|changes| changes.len() > 1));
    // Judged at once the name is another one, until it is matched with what was told.
    all.extend(late);
    let mut verdict = judge(&all, &majority(THREE), window(0, 140), time(140_000));
    assert_ne!(verdict.incidents[0].id, id);
    assert_eq!(adopt_ids(&mut verdict.incidents, engine.told()), [Some(0)]);
    assert_eq!(verdict.incidents[0].id, id);
    let other = IncidentId::new("shop-19700102T0000Z");
    verdict.incidents[0].id = other.clone();
    assert_eq!(adopt_ids(&mut verdict.incidents, &[]), [None]);
    assert_eq!(verdict.incidents[0].id, other);
}

/// A sample older than what is retained is not used, is counted, and asks for the samples from the store; with them the
/// engine says what it would have said.
#[test]
fn a_sample_from_before_what_is_retained_asks_for_history() {
    let world = "fra/hetzner 0s: ..............................
         iad/aws 3s: ..............................
         sin/ovh 6s: ..............................";
    let mut all = samples(world);
    let mut engine = engine(&all, 290);
    engine.trim(time(200_000), time(290_000));
    events(&mut engine);
    assert!(engine.retained() < all.len());
    assert!(engine.verdict(window(0, 290), time(290_000)).is_err());
    let late = samples("fra#2/hetzner 1s: ..xxxx....................");
    engine.handle_sample(&late[2], time(290_000));
    assert_eq!(engine.too_late(), 1);
    let needed = engine.history_needed().expect("it asks");
    assert!(needed < late[2].start_corrected());
    assert!(events(&mut engine).contains(&Event::HistoryNeeded { from: needed }));
    all.extend(late);
    let told = engine.told().to_vec();
    engine.reload(quorate_model::CollectorTime::MIN, &all, told, time(290_000));
    assert_eq!(engine.history_needed(), None);
    let verdict = engine.verdict(window(0, 290), time(290_000)).expect("all is known");
    assert_eq!(verdict, judge(&all, &majority(THREE), window(0, 290), time(290_000)));
    assert!(engine.margin() >= Millis::new(23_000));
}
