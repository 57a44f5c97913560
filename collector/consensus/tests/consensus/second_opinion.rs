//! The crate against the naive implementation, on random worlds.

use proptest::prelude::*;
use quorate_collector_consensus::{Verdict, judge};

use crate::naive::{self, NaiveIncident, NaiveSegment, NaiveVerdict};
use crate::random::{FROM, TO, World, any_world};
use crate::world::time;

fn plain(verdict: &Verdict) -> NaiveVerdict {
    let segments = verdict.segments.iter().map(|s| NaiveSegment {
        start: s.start.as_millis(),
        end: s.end.as_millis(),
        states: [s.state_low, s.state, s.state_high],
        bad: s.regions_bad.clone(),
    });
    let incidents = verdict.incidents.iter().map(|i| NaiveIncident {
        runs: i.runs.iter().map(|(from, to)| (from.as_millis(), to.as_millis())).collect(),
        open: i.end.is_none(),
        start_bounds: i.start_bounds,
        end_bounds: i.end_bounds,
        class: i.class,
        billed: i.billed.get(),
        regions: i.regions.clone(),
        support: i.support,
    });
    NaiveVerdict {
        segments: segments.collect(),
        incidents: incidents.collect(),
        down: [verdict.down.low, verdict.down.point, verdict.down.high].map(quorate_model::Millis::get),
        unknown: verdict.unknown.get(),
    }
}

proptest! {
    #[test]
    fn equals_the_definition_at_every_millisecond(world in any_world(), now in 0..TO) {
        let window = World::window();
        let verdict = judge(&world.samples, &world.history, window, time(now));
        prop_assert_eq!(verdict.window.from.as_millis(), FROM);
        let expected = naive::judge(&world.samples, &world.history, window, now);
        let judged = plain(&verdict);
        prop_assert_eq!(&judged.segments, &expected.segments);
        prop_assert_eq!(&judged.incidents, &expected.incidents);
        prop_assert_eq!(judged, expected);
        for incident in &verdict.incidents {
            prop_assert_eq!(Some(incident.start), incident.runs.first().map(|run| run.0));
            prop_assert!(incident.end.is_none() || incident.end == incident.runs.last().map(|run| run.1));
        }
    }
}
