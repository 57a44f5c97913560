//! Segments, incidents, documents.

use State::{Down, Unknown, Up};

use crate::StoredIncident;

use super::*;

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

fn segment(start: i64, end: i64, state: State) -> Segment {
    let regions_bad = match state {
        State::Down => vec![RegionId::new("fra").expect("an id"), RegionId::new("iad").expect("an id")],
        _ => Vec::new(),
    };
    Segment { start: at(start), end: at(end), state, state_low: State::Up, state_high: state, regions_bad }
}

fn read(store: &Store, from: i64, to: i64) -> Vec<(i64, i64, State)> {
    let found = store.segments(&check_id("shop"), Window::new(at(from), at(to))).expect("reads");
    found.segments.iter().map(|s| (s.start.as_millis(), s.end.as_millis(), s.state)).collect()
}

fn put(store: &Store, from: i64, to: i64, segments: Vec<Segment>) -> Result<(), WriteError> {
    store.put_segments(check_id("shop"), Window::new(at(from), at(to)), segments, None).wait()
}

#[test]
fn segments_of_a_window_replace_what_was_there_and_leave_the_rest() {
    let (_directory, store) = store();
    put(&store, 0, 100, vec![segment(0, 100, State::Up)]).expect("written");
    put(&store, 40, 60, vec![segment(40, 50, State::Down), segment(50, 60, State::Unknown)]).expect("written");
    assert_eq!(read(&store, 0, 100), [(0, 40, Up), (40, 50, Down), (50, 60, Unknown), (60, 100, Up)]);
    // Clipped to the window asked for.
    assert_eq!(read(&store, 45, 70), [(45, 50, Down), (50, 60, Unknown), (60, 70, Up)]);
    // Emptied in the middle, and over the edges of several.
    put(&store, 45, 70, vec![]).expect("written");
    assert_eq!(read(&store, 0, 100), [(0, 40, Up), (40, 45, Down), (70, 100, Up)]);
    assert_eq!(read(&store, 46, 69), []);
    let whole = store.segments(&check_id("shop"), Window::new(at(40), at(45))).expect("reads");
    assert_eq!(whole.segments, [segment(40, 45, Down)]);
}

#[test]
fn segments_out_of_place_are_refused() {
    let (_directory, store) = store();
    for (from, to, segments) in [
        (5, 5, vec![]),
        (0, 10, vec![segment(5, 11, State::Up)]),
        (0, 10, vec![segment(0, 6, State::Up), segment(5, 10, State::Up)]),
        (5, 10, vec![segment(4, 6, State::Up)]),
        (0, 10, vec![segment(6, 6, State::Up)]),
    ] {
        assert!(matches!(put(&store, from, to, segments), Err(WriteError::Refused { what: "segments", .. })));
    }
    assert_eq!(read(&store, 0, 100), []);
}

#[test]
fn a_late_sample_takes_the_settled_mark_back_until_that_is_concluded_anew() {
    let (_directory, store) = store();
    let settled = || store.segments(&check_id("shop"), Window::new(at(0), at(1))).expect("reads").settled_until;
    let conclude = |from: i64, to: i64| {
        let window = Window::new(at(from), at(to));
        store.put_segments(check_id("shop"), window, vec![], Some(at(to))).wait().expect("written");
    };
    let start = |seq: u64| plain("fra-1", seq).sample.start_corrected().as_millis();
    conclude(0, start(5));
    append(&store, vec![new_batch("fra-1", [7])]);
    assert_eq!(settled(), Some(at(start(5))), "what comes after the mark leaves it");
    append(&store, vec![new_batch("fra-1", [3, 4])]);
    assert_eq!(settled(), Some(at(start(3))));
    conclude(start(4), start(9));
    assert_eq!(settled(), Some(at(start(3))), "what lies before was not concluded");
    conclude(start(3), start(9));
    assert_eq!(settled(), Some(at(start(9))));
}

#[test]
fn the_settled_mark_never_goes_back_by_itself() {
    let (_directory, store) = store();
    let window = Window::new(at(0), at(10));
    for settled in [Some(at(5)), None, Some(at(3))] {
        store.put_segments(check_id("shop"), window, vec![], settled).wait().expect("written");
    }
    assert_eq!(store.segments(&check_id("shop"), window).expect("reads").settled_until, Some(at(5)));
}

proptest! {
    #[test]
    fn segments_are_a_painting(strokes in proptest::collection::vec((0i64..40, 1i64..20, 0usize..5, 0usize..5, any::<bool>()), 1..12)) {
        let (_directory, store) = store();
        let mut canvas = [None; 64];
        for (from, length, a, b, split) in strokes {
            let to = from + length;
            let (a, b) = (State::ALL[a], State::ALL[b]);
            let middle = from + length / 2;
            let segments = if split && middle > from {
                vec![segment(from, middle, a), segment(middle, to, b)]
            } else {
                vec![segment(from, to, a)]
            };
            for s in &segments {
                for cell in s.start.as_millis()..s.end.as_millis() {
                    canvas[usize::try_from(cell).expect("small")] = Some(s.state);
                }
            }
            put(&store, from, to, segments).expect("written");
            let mut found = [None; 64];
            for (start, end, state) in read(&store, 0, 64) {
                for cell in start..end {
                    let cell = usize::try_from(cell).expect("small");
                    prop_assert_eq!(found[cell], None, "two segments at {}", cell);
                    found[cell] = Some(state);
                }
            }
            prop_assert_eq!(found, canvas);
        }
    }
}

fn incident(end: Option<i64>, support: u32) -> Incident {
    Incident {
        id: IncidentId::new("shop-1000"),
        check: check_id("shop"),
        start: at(1_000),
        end: end.map(at),
        start_bounds: Bounds { earliest: at(900), latest: at(1_100) },
        end_bounds: Bounds { earliest: at(4_000), latest: at(5_000 + i64::from(support)) },
        class: IncidentClass::Outage,
        billed: Millis::new(4_000),
        runs: vec![(at(1_000), at(5_000))],
        regions: vec![RegionId::new("fra").expect("an id")],
        support,
    }
}

fn revise(store: &Store, incident: Incident, time: i64) -> u32 {
    store.put_incident(incident, Finality::Provisional, at(time)).wait().expect("written")
}

#[test]
fn an_incident_keeps_every_revision() {
    let (_directory, store) = store();
    assert_eq!(revise(&store, incident(None, 3), 10), 1);
    // Growing while open is no revision, the end is one, and so is what a late sample changes.
    assert_eq!(revise(&store, incident(None, 4), 20), 1);
    assert_eq!(revise(&store, incident(Some(5_000), 5), 30), 2);
    assert_eq!(revise(&store, incident(Some(5_000), 5), 40), 2);
    assert_eq!(revise(&store, incident(Some(4_500), 5), 50), 3);
    let stored = store.incident(&IncidentId::new("shop-1000")).expect("reads").expect("there");
    assert_eq!((stored.incident, stored.revision, stored.withdrawn), (incident(Some(4_500), 5), 3, false));
    let changes: Vec<_> = stored.changes.iter().map(|c| (c.revision, c.at_ms, c.fields.len())).collect();
    assert_eq!(changes, [(2, 30, 3), (3, 50, 1)]);
    let last = &stored.changes[1].fields[0];
    assert_eq!((last.field.as_str(), last.old.as_str(), last.new.as_str()), ("end_ms", "5000", "4500"));
}

#[test]
fn a_withdrawn_incident_stays_readable_and_may_come_back() {
    let (_directory, store) = store();
    let id = IncidentId::new("shop-1000");
    assert_eq!(store.withdraw_incident(id.clone(), at(1)).wait().expect("written"), None);
    revise(&store, incident(Some(5_000), 5), 10);
    assert_eq!(store.withdraw_incident(id.clone(), at(20)).wait().expect("written"), Some(2));
    assert_eq!(store.withdraw_incident(id.clone(), at(21)).wait().expect("written"), None);
    assert!(store.incident(&id).expect("reads").expect("there").withdrawn);
    assert_eq!(revise(&store, incident(Some(5_000), 5), 30), 3);
    let stored = store.incident(&id).expect("reads").expect("there");
    assert!(!stored.withdrawn);
    assert_eq!(stored.changes.len(), 2);
    let as_it_is = store.incidents_as_they_are(None, Window::ALWAYS).expect("reads");
    assert_eq!(as_it_is, [StoredIncident { changes: Vec::new(), ..stored }]);
}

#[test]
fn incidents_are_found_by_overlap_newest_first() {
    let (_directory, store) = store();
    let put = |id: &str, check: &str, start: i64, end: Option<i64>| {
        let incident =
            Incident { id: IncidentId::new(id), check: check_id(check), start: at(start), ..incident(end, 1) };
        revise(&store, incident, 1);
    };
    put("one", "shop", 100, Some(200));
    put("two", "api", 150, Some(400));
    put("open", "shop", 300, None);
    let find = |check: Option<&str>, from, to| {
        let check = check.map(check_id);
        let found = store.incidents(check.as_ref(), Window::new(at(from), at(to))).expect("reads");
        found.iter().map(|s| s.incident.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(find(None, 0, 1_000), ["open", "two", "one"]);
    assert_eq!(find(Some("shop"), 0, 1_000), ["open", "one"]);
    assert_eq!(find(None, 200, 300), ["two"]);
    assert_eq!(find(None, 500, 501), ["open"]);
    assert_eq!(find(Some("mail"), 0, 1_000), Vec::<String>::new());
}

#[test]
fn configurations_are_a_history() {
    let (_directory, store) = store();
    let put = |from, hash: u8| store.put_config(at(from), [hash; 32], format!("body {hash}")).wait();
    assert_eq!(put(10, 1).expect("written"), 1);
    assert_eq!(put(20, 1).expect("the same"), 1);
    assert_eq!(put(20, 2).expect("written"), 2);
    assert!(matches!(put(15, 3), Err(WriteError::Refused { what: "the configuration", .. })));
    let all = store.configs().expect("reads");
    assert_eq!(
        all.iter().map(|c| (c.revision, c.effective_from, c.hash[0])).collect::<Vec<_>>(),
        [(1, at(10), 1), (2, at(20), 2)]
    );
    assert_eq!(all[1].body, "body 2");
}

#[test]
fn documents_have_revisions_and_the_audit_log_has_order() {
    let (_directory, store) = store();
    let put = |key: &str, time, body: &str| {
        store.put_document("maintenance".to_owned(), key.to_owned(), at(time), body.to_owned()).wait().expect("written")
    };
    assert_eq!([put("a", 1, "x"), put("a", 2, "x"), put("a", 3, "y"), put("b", 4, "z")], [1, 1, 2, 1]);
    let latest = store.documents("maintenance", None, Revisions::Latest).expect("reads");
    assert_eq!(
        latest.iter().map(|d| (d.key.as_str(), d.revision, d.body.as_str())).collect::<Vec<_>>(),
        [("a", 2, "y"), ("b", 1, "z")]
    );
    assert_eq!(store.documents("maintenance", Some("a"), Revisions::All).expect("reads").len(), 2);
    assert_eq!(store.documents("other", None, Revisions::All).expect("reads"), []);
    for time in [5, 3] {
        let entry = AuditEntry {
            at: at(time),
            actor: "anna".to_owned(),
            action: "ack".to_owned(),
            subject: "shop-1000".to_owned(),
            body: String::new(),
        };
        store.put_audit(entry).wait().expect("written");
    }
    let log = store.audit(Window::new(at(0), at(10))).expect("reads");
    assert_eq!(log.iter().map(|e| e.at.as_millis()).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(store.audit(Window::new(at(4), at(5))).expect("reads"), []);
}

#[test]
fn a_decision_and_its_line_are_written_together_and_not_twice() {
    let (_directory, store) = store();
    let decide = |time, body: &str| {
        let entry = AuditEntry {
            at: at(time),
            actor: "anna".to_owned(),
            action: "ended".to_owned(),
            subject: "m".to_owned(),
            body: body.to_owned(),
        };
        store.put_decision("maintenance".to_owned(), "m".to_owned(), body.to_owned(), entry).wait().expect("written")
    };
    assert_eq!([decide(1, "x"), decide(2, "x"), decide(3, "y")], [1, 1, 2]);
    let log = store.audit(Window::new(at(0), at(10))).expect("reads");
    assert_eq!(log.iter().map(|entry| entry.at.as_millis()).collect::<Vec<_>>(), [1, 3]);
    let revisions = store.documents("maintenance", Some("m"), Revisions::All).expect("reads");
    assert_eq!(revisions.iter().map(|document| document.at.as_millis()).collect::<Vec<_>>(), [1, 3]);
}
