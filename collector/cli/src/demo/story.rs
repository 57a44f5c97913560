//! The story: faults of which the truth is known, and what the collector has to say of each.

use std::time::Duration;

use quorate_proto::api::Status;
use tokio::time::{Instant, sleep};

use super::cast::{API, API_REGIONS, PLACES, Place, SHOP, place_of};
use super::observer::{Observer, check, voting};
use super::report::{Expected, Report, Said, Sighting, Step};
use super::stage::{Pace, Stage};
use crate::error::CommandError;
use crate::moment::show_span;
use crate::status::list_or;

mod agreement;
mod expect;

use expect::{seen_after, total};

/// From one look at the collector to the next.
const LOOK: Duration = Duration::from_millis(100);

/// How long processes may take to start, besides some intervals.
const START: Duration = Duration::from_secs(15);

/// Tells the story on a stage.
pub(crate) struct Teller<'a> {
    stage: Stage,
    observer: Observer,
    pace: Pace,
    seen: Vec<Sighting>,
    tell: &'a mut dyn FnMut(&Step) -> Result<(), CommandError>,
}

/// What a step began with.
struct Opening {
    at_ms: i64,
    deeds: usize,
    seen: usize,
}

impl<'a> Teller<'a> {
    /// Tells on a stage that was just set; `tell` hears of each step as it ends.
    ///
    /// # Errors
    /// The collector's address makes no URL.
    pub(crate) fn new(
        stage: Stage,
        pace: Pace,
        tell: &'a mut dyn FnMut(&Step) -> Result<(), CommandError>,
    ) -> Result<Self, CommandError> {
        let observer = Observer::new(stage.http())?;
        Ok(Self { stage, observer, pace, seen: Vec::new(), tell })
    }

    /// The whole story. Afterwards everything is ended.
    ///
    /// # Errors
    /// A process that cannot be started or that ended by itself. What the collector says or does not say is no error.
    pub(crate) async fn tell(mut self) -> Result<Report, CommandError> {
        let mut steps = Vec::new();
        let began_ms = now_ms();
        let prologue = self.prologue().await?;
        let well = prologue.verdict;
        (self.tell)(&prologue)?;
        steps.push(prologue);
        if well {
            for letter in ["a", "b", "c", "d", "e", "f"] {
                let step = match letter {
                    "a" => self.one_region().await?,
                    "b" => self.one_provider().await?,
                    "c" => self.outage().await?,
                    "d" => self.restart().await?,
                    "e" => self.lost_agent().await?,
                    _ => self.agreement(began_ms).await,
                };
                self.stage.has_to_stand()?;
                (self.tell)(&step)?;
                steps.push(step);
            }
        }
        self.stage.strike().await;
        let interval_ms = u64::try_from(self.pace.interval.as_millis()).unwrap_or(u64::MAX);
        Ok(Report { interval_ms, truthful: steps.iter().all(|step| step.verdict), steps })
    }

    fn open(&self) -> Opening {
        Opening { at_ms: now_ms(), deeds: self.stage.deeds().len(), seen: self.seen.len() }
    }

    fn close(
        &self,
        opening: &Opening,
        step: &'static str,
        title: impl Into<String>,
        mut said: Said,
        expected: Expected,
    ) -> Step {
        let done = self.stage.deeds().get(opening.deeds..).unwrap_or_default().to_vec();
        said.seen = self.seen_since(opening).to_vec();
        Step::new(step, title, done, said, expected.done())
    }

    fn seen_since(&self, opening: &Opening) -> &[Sighting] {
        self.seen.get(opening.seen..).unwrap_or_default()
    }

    fn intervals(&self, count: u32) -> Duration {
        self.pace.intervals(count)
    }

    /// How far start and end of an outage may be from the truth: 2.5 s, or 1.25 intervals where that is more.
    fn tolerance_ms(&self) -> i64 {
        millis(self.pace.interval).saturating_mul(5).saturating_div(4).max(2_500)
    }

    /// Watches the collector for a while and writes down each change of a live state.
    async fn watch(&mut self, length: Duration) {
        self.watch_until(length, |_| false).await;
    }

    /// Watches until `wanted` says yes, at most for `patience`; whether it said so.
    async fn watch_until(&mut self, patience: Duration, wanted: impl Fn(&Status) -> bool) -> bool {
        let end = Instant::now() + patience;
        loop {
            // A collector that is away says nothing; it is asked again.
            if let Ok(status) = self.observer.status().await {
                self.see(&status);
                if wanted(&status) {
                    return true;
                }
            }
            if Instant::now() >= end {
                return false;
            }
            sleep(LOOK).await;
        }
    }

    fn see(&mut self, status: &Status) {
        for id in [SHOP, API] {
            let Some(found) = check(status, id) else { continue };
            let sighting = Sighting {
                at_ms: now_ms(),
                check: id.to_owned(),
                state: found.state.clone(),
                bad: voting(status, id, "bad"),
                no_vote: voting(status, id, "none"),
            };
            let last = self.seen.iter().rev().find(|seen| seen.check == id);
            if last.is_none_or(|last| Sighting { at_ms: last.at_ms, ..sighting.clone() } != *last) {
                self.seen.push(sighting);
            }
        }
    }

    async fn prologue(&mut self) -> Result<Step, CommandError> {
        let opening = Opening { at_ms: now_ms(), deeds: 0, seen: 0 };
        let well = self.watch_until(START + self.intervals(5), all_well).await;
        self.stage.has_to_stand()?;
        // Some more samples, so that each agent knows how long an answer usually takes.
        self.watch(self.intervals(3)).await;
        let mut expected = Expected::default();
        let found = self.observer.status().await.map_or_else(
            |error| error.to_string(),
            |status| {
                let good = voting(&status, SHOP, "good");
                format!(
                    "{} of {} agents are connected, good on {SHOP}: {}",
                    status.agents_connected,
                    PLACES.len(),
                    list_or(&good, "none")
                )
            },
        );
        expected.that("all five regions say that all is well", well, found);
        Ok(self.close(
            &opening,
            "0",
            "A collector and five agents start, in five regions of four providers",
            Said::default(),
            expected,
        ))
    }

    async fn one_region(&mut self) -> Result<Step, CommandError> {
        let opening = self.open();
        let sin = place("sin");
        let cut_ms = self.stage.cut(&sin);
        self.watch(self.intervals(10)).await;
        let healed_ms = self.stage.heal(&sin);
        self.watch(self.intervals(3)).await;

        let mut expected = Expected::default();
        let only_sin = |sighting: &&Sighting| {
            sighting.check == SHOP && sighting.state == "partial" && sighting.bad == [sin.region]
        };
        let first = self.seen_since(&opening).iter().find(only_sin).map(|sighting| sighting.at_ms - cut_ms);
        expected.that("the check is PARTIAL and the region is named", first.is_some(), seen_after(first));
        let mut said = Said { detection_delay_ms: first, ..Said::default() };
        self.expect_no_downtime(&opening, &[SHOP, API], &mut said, &mut expected).await;
        let partial_ms =
            total(&said.states, SHOP, |state| state.state == "partial" && state.regions_bad == [sin.region]);
        let least_ms = (healed_ms - cut_ms) - 2 * millis(self.pace.interval);
        expected.that(
            format!("PARTIAL lasts at least {} of the cut's {}", show_span(least_ms), show_span(healed_ms - cut_ms)),
            partial_ms >= least_ms,
            format!("{} PARTIAL with {} bad alone", show_span(partial_ms), sin.region),
        );
        self.expect_up(&mut expected).await;
        let title =
            format!("The path of one region is cut for {}: PARTIAL, named, no downtime", show_span(healed_ms - cut_ms));
        Ok(self.close(&opening, "a", title, said, expected))
    }

    async fn one_provider(&mut self) -> Result<Step, CommandError> {
        let opening = self.open();
        let both = [place("fra"), place("hel")];
        let mut cut_ms = 0;
        for place in &both {
            cut_ms = self.stage.cut(place);
        }
        let names = both.map(|place| place.region);
        let both_bad = |status: &Status| voting(status, API, "bad") == names;
        let seen = self.watch_until(self.intervals(5), both_bad).await;
        let delay = seen.then(|| now_ms() - cut_ms);
        self.watch(self.intervals(2)).await;
        for place in &both {
            self.stage.heal(place);
        }
        self.watch(self.intervals(3)).await;

        let mut expected = Expected::default();
        let mut said = Said { detection_delay_ms: delay, ..Said::default() };
        let state = self.seen_since(&opening).iter().rfind(|sighting| sighting.check == API && sighting.bad == names);
        let found = state.map_or_else(
            || "never both bad".to_owned(),
            |sighting| format!("{} with {} bad", sighting.state, names.join(" and ")),
        );
        let is_partial = state.is_some_and(|sighting| sighting.state == "partial");
        expected.that("two of three regions are bad, but both of one provider: PARTIAL", is_partial, found);
        self.expect_no_downtime(&opening, &[API, SHOP], &mut said, &mut expected).await;
        self.expect_up(&mut expected).await;
        let title = "On the check of three regions, both of one provider are cut: PARTIAL, not DOWN";
        Ok(self.close(&opening, "b", title, said, expected))
    }

    async fn outage(&mut self) -> Result<Step, CommandError> {
        let opening = self.open();
        let stopped_ms = self.stage.stop_target().await;
        self.watch(self.intervals(10)).await;
        let started_ms = self.stage.start_target().await?;
        self.watch_until(self.intervals(5), |status| is_over(status, SHOP)).await;
        self.watch(self.intervals(3)).await;

        let mut expected = Expected::default();
        let mut said = Said::default();
        self.expect_one_outage(&opening, [stopped_ms, started_ms], &mut said, &mut expected).await;
        self.expect_up(&mut expected).await;
        let title =
            format!("The target is stopped for {}: one incident, with its bounds", show_span(started_ms - stopped_ms));
        Ok(self.close(&opening, "c", title, said, expected))
    }

    async fn restart(&mut self) -> Result<Step, CommandError> {
        let opening = self.open();
        let mut expected = Expected::default();
        let stopped_ms = self.stage.stop_target().await;
        self.watch_until(self.intervals(5), |status| open_incident(status, SHOP).is_some()).await;
        let before = self.observer.status().await.ok().and_then(|status| open_incident(&status, SHOP));
        let killed_ms = self.stage.kill_collector()?;
        sleep(self.intervals(2)).await;
        self.stage.start_collector()?;
        let back = self.watch_until(START, |status| is_state(status, SHOP, "down")).await;
        let away_ms = now_ms() - killed_ms;
        expected.that("the collector says DOWN again", back, format!("it was away for {}", show_span(away_ms)));
        let after = self.observer.status().await.ok().and_then(|status| open_incident(&status, SHOP));
        self.watch(self.intervals(1)).await;
        let started_ms = self.stage.start_target().await?;
        self.watch_until(self.intervals(5), |status| is_over(status, SHOP)).await;
        // Agents come back after a wait of their own, drawn by lot, with what they kept in the meantime.
        let all = self.watch_until(START, all_well).await;
        expected.that("every agent is back", all, format!("{} after the kill", show_span(now_ms() - killed_ms)));
        self.watch(self.intervals(3)).await;

        let name = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
        let mut said = Said::default();
        let last = self.expect_one_outage(&opening, [stopped_ms, started_ms], &mut said, &mut expected).await;
        let found = format!("{} before, {} after, {} at the end", name(&before), name(&after), name(&last));
        expected.that("it is the same incident", before.is_some() && before == after && after == last, found);
        let unknown_ms = total(&said.states, SHOP, |state| state.state == "unknown");
        expected.that("no time is unknown", unknown_ms == 0, format!("{} unknown", show_span(unknown_ms)));
        self.expect_nothing_lost(&opening, &mut expected).await;
        self.expect_up(&mut expected).await;
        let title = "The collector is killed inside an outage and started again: nothing lost, the same incident";
        Ok(self.close(&opening, "d", title, said, expected))
    }

    async fn lost_agent(&mut self) -> Result<Step, CommandError> {
        let opening = self.open();
        let syd = place("syd");
        let killed_ms = self.stage.kill_agent(&syd)?;
        let lost = |status: &Status| voting(status, SHOP, "none") == [syd.region];
        let seen = self.watch_until(self.intervals(6), lost).await;
        let delay = seen.then(|| now_ms() - killed_ms);
        self.watch(self.intervals(2)).await;

        let mut expected = Expected::default();
        let mut said = Said { detection_delay_ms: delay, ..Said::default() };
        let status = self.observer.status().await;
        let votes = |vote: &str| status.as_ref().map(|status| voting(status, SHOP, vote)).unwrap_or_default();
        let (none, good) = (votes("none"), votes("good"));
        let found = format!("no vote: {}; good: {}", list_or(&none, "nobody"), list_or(&good, "nobody"));
        let right = none == [syd.region] && good.len() == PLACES.len() - 1;
        expected.that("its region has no vote, and all others have", right, found);
        let agents = self.observer.agents().await.map(|agents| agents.agents).unwrap_or_default();
        let gone: Vec<&str> = agents.iter().filter(|agent| !agent.connected).map(|agent| agent.id.as_str()).collect();
        expected.that("it alone is shown as lost", gone == [syd.agent], format!("lost: {}", list_or(&gone, "nobody")));
        self.expect_no_downtime(&opening, &[SHOP, API], &mut said, &mut expected).await;
        let other_ms = total(&said.states, SHOP, |state| state.state != "up");
        expected.that("the check stays UP", other_ms == 0, format!("{} in other states", show_span(other_ms)));
        self.expect_up(&mut expected).await;
        let title = "One agent is killed: no vote for its region, and nothing else";
        Ok(self.close(&opening, "e", title, said, expected))
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn place(region: &str) -> Place {
    *place_of(region).expect("the story's regions are in the cast")
}

fn is_state(status: &Status, id: &str, state: &str) -> bool {
    check(status, id).is_some_and(|check| check.state == state)
}

/// Every region votes on both checks and says that all is well.
fn all_well(status: &Status) -> bool {
    let good = |id: &str, count: usize| voting(status, id, "good").len() == count && is_state(status, id, "up");
    good(SHOP, PLACES.len()) && good(API, API_REGIONS.len())
}

fn open_incident(status: &Status, id: &str) -> Option<String> {
    check(status, id)?.incident.clone()
}

fn is_over(status: &Status, id: &str) -> bool {
    is_state(status, id, "up") && open_incident(status, id).is_none()
}
