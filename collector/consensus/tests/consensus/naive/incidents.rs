//! Runs of being down, put together to incidents, with their bounds looked up millisecond by millisecond.

use super::*;

pub(super) type Runs = Vec<(i64, i64)>;

pub(super) fn find(film: &Film<'_>) -> (Vec<NaiveIncident>, Vec<Runs>) {
    let mut runs: Runs = vec![];
    for t in (film.begin..film.now).filter(|t| film.is_down(*t, 1)) {
        match runs.last_mut() {
            Some(run) if run.1 == t => run.1 = t + 1,
            _ => runs.push((t, t + 1)),
        }
    }
    let recovers = |from: i64, to: i64| (from..to).any(|t| film.moment(t).recovered);
    let mut groups: Vec<Runs> = vec![];
    for run in runs {
        let joins = groups.last().and_then(|group| group.last()).is_some_and(|last| {
            run.0 - last.1 < film.history.at(time(last.1)).merge_gap.get() || !recovers(last.1, run.0)
        });
        match groups.last_mut() {
            Some(group) if joins => group.push(run),
            _ => groups.push(vec![run]),
        }
    }
    let mut out: Vec<NaiveIncident> = vec![];
    for (at, group) in groups.iter().enumerate() {
        let next = groups.get(at + 1).map_or(i64::MAX, |group| group[0].0);
        let previous = out.last().map_or(i64::MIN, |incident| incident.runs.last().expect("a run").1);
        let last = group.last().expect("a run").1;
        let open = last == film.now || !recovers(last, film.now);
        out.push(incident(film, group, previous, next, open));
    }
    (out, groups)
}

struct Supporter {
    region: RegionId,
    bad: (i64, i64),
    good: (i64, i64),
    support: u32,
}

fn supporters(film: &Film<'_>, (from, to): (i64, i64)) -> Vec<Supporter> {
    let regions: BTreeSet<&RegionId> = (from..to).flat_map(|t| &film.moment(t).bad).collect();
    let mut out = vec![];
    for (at, line) in film.lines.iter().enumerate() {
        let bad_at = |t: i64| film.vote(at, t).filter(|(_, passes)| passes[0][1]).map(|(region, _)| region);
        let here = |t: i64| bad_at(t).filter(|region| regions.contains(region));
        // The stretches of being bad, inside the run.
        let mut stretches: Vec<(i64, i64, RegionId)> = vec![];
        for t in from..to {
            let Some(region) = here(t) else { continue };
            match stretches.last_mut() {
                Some((_, end, of)) if *end == t && of == region => *end = t + 1,
                _ => stretches.push((t, t + 1, region.clone())),
            }
        }
        let (Some(first), Some(last)) = (stretches.first(), stretches.last()) else { continue };
        let (mut began, mut ended) = (first.0, last.1);
        while began > film.begin && bad_at(began - 1) == Some(&first.2) {
            began -= 1;
        }
        if ended == to {
            // It may go on behind the run, even behind what is judged.
            let goes_on = |t: i64| line.at(t).is_some_and(|(region, passes)| passes[0][1] && region == last.2);
            while goes_on(ended) {
                ended += 1;
            }
        }
        let inside = line.all.iter().filter(|s| s.says == Says::Bad && (from..to).contains(&s.start));
        let samples = inside.filter(|s| regions.contains(&s.region)).count();
        out.push(Supporter {
            region: first.2.clone(),
            bad: line.turned_bad(began),
            good: line.turned_good(ended),
            support: u32::try_from(samples + stretches.len()).expect("few"),
        });
    }
    out
}

/// By trying every edge: the first at which those that turned by then are enough.
fn crossing(film: &Film<'_>, t: i64, supporters: &[Supporter], edges: &[i64]) -> Option<i64> {
    let ballot = Ballot { policy: film.history.at(time(t)) };
    let seats: Vec<&RegionId> = ballot.policy.regions().iter().map(|seat| &seat.region).collect();
    let voters = |region: &RegionId| {
        let vote = |at: usize| film.vote(at, t).filter(|(of, _)| of == region).map(|(_, passes)| passes[0][1]);
        let good = (0..film.lines.len()).filter(|at| vote(*at) == Some(false)).count();
        let bad = (0..film.lines.len()).filter(|at| vote(*at) == Some(true)).count();
        let backing = supporters.iter().filter(|s| s.region == *region).count();
        good + bad.max(backing)
    };
    let voting: Vec<&RegionId> = seats.iter().copied().filter(|region| voters(region) > 0).collect();
    let mut tries = edges.to_vec();
    tries.sort_unstable();
    tries.into_iter().find(|edge| {
        let turned = |region: &RegionId| {
            supporters.iter().zip(edges).filter(|(s, turned)| s.region == *region && *turned <= edge).count()
        };
        let bad: Vec<&RegionId> = voting.iter().copied().filter(|region| turned(region) * 2 > voters(region)).collect();
        ballot.enough(&voting, &bad) && ballot.providers(&bad) >= usize::from(ballot.policy.min_providers())
    })
}

/// The middle of what most intervals cover, by trying every beginning.
fn agreement(intervals: &[(i64, i64)], of: usize) -> Option<i64> {
    let cover = |t: i64| intervals.iter().filter(|(low, high)| *low <= t && t <= *high.max(low)).count();
    let most = intervals.iter().map(|(low, _)| cover(*low)).max()?;
    let low = intervals.iter().map(|(low, _)| *low).filter(|low| cover(*low) == most).min()?;
    let covering = intervals.iter().filter(|(l, h)| *l <= low && low <= *h.max(l));
    let high = covering.map(|(l, h)| *h.max(l)).min()?;
    (most * 4 >= of * 3 && low != i64::MIN && high != i64::MAX).then(|| (low + high).div_euclid(2))
}

fn incident(film: &Film<'_>, group: &Runs, previous: i64, next: i64, open: bool) -> NaiveIncident {
    let (first, last) = (group[0], *group.last().expect("a run"));
    let certain = |(from, to): (i64, i64)| {
        let low: Vec<i64> = (from..to).filter(|t| film.is_down(*t, 0)).collect();
        low.first().copied().zip(low.last().map(|t| t + 1))
    };
    let high = |t: i64| film.moment(t).states[2];
    let backing: Vec<Vec<Supporter>> = group.iter().map(|run| supporters(film, *run)).collect();

    // The start. Before `begin` there is nothing but unknown time.
    let (mut possible, mut unknown) = (first.0, first.0);
    while possible > film.begin && high(possible - 1) == State::Down {
        possible -= 1;
    }
    while unknown > film.begin && matches!(high(unknown - 1), State::Down | State::Unknown) {
        unknown -= 1;
    }
    let nowhere = unknown == film.begin;
    let floor = if nowhere { i64::MIN } else { unknown };
    let turns: Vec<(i64, i64)> = backing[0].iter().map(|s| (s.bad.0.max(floor), s.bad.1.max(floor))).collect();
    let lows: Vec<i64> = turns.iter().map(|turn| turn.0).collect();
    let highs: Vec<i64> = turns.iter().map(|turn| turn.1).collect();
    let sure = certain(first).map_or(i64::MAX, |c| c.0);
    let earliest = crossing(film, first.0, &backing[0], &lows).unwrap_or(floor).min(first.0);
    let latest = crossing(film, first.0, &backing[0], &highs).unwrap_or(first.0).min(sure).max(first.0);
    let soonest = earliest.max(possible).max(previous).min(first.0);
    let told =
        backing[0].iter().zip(&turns).filter(|(s, _)| s.bad.1 >= floor).map(|(_, turn)| *turn).collect::<Vec<_>>();
    let start = agreement(&told, turns.len()).unwrap_or(first.0).clamp(soonest, latest.min(sure).min(first.1));
    let start_bounds = Bounds {
        earliest: time(if earliest == i64::MIN { film.begin.min(first.0) } else { earliest }),
        latest: time(latest),
    };

    // The end, seen in a mirror.
    let (mut possible, mut unknown) = (last.1, last.1);
    while possible < film.now && high(possible) == State::Down {
        possible += 1;
    }
    while unknown < film.now && matches!(high(unknown), State::Down | State::Unknown) {
        unknown += 1;
    }
    let supporters = backing.last().expect("a run");
    let turns: Vec<(i64, i64)> = supporters.iter().map(|s| (s.good.0.min(unknown), s.good.1.min(unknown))).collect();
    let mirror = |t: i64| if t == i64::MIN { i64::MAX } else { -t };
    let lows: Vec<i64> = turns.iter().map(|turn| mirror(turn.0)).collect();
    let highs: Vec<i64> = turns.iter().map(|turn| mirror(turn.1)).collect();
    let sure = certain(last).map_or(i64::MIN, |c| c.1);
    let latest = crossing(film, last.1 - 1, supporters, &highs).map_or(last.1, mirror).max(last.1);
    let earliest = crossing(film, last.1 - 1, supporters, &lows).map_or(last.1, mirror).max(sure).min(last.1);
    let most = latest.min(possible).min(next).max(last.1);
    let from = if group.len() == 1 { start } else { last.0 };
    let told =
        supporters.iter().zip(&turns).filter(|(s, _)| s.good.0 <= unknown).map(|(_, turn)| *turn).collect::<Vec<_>>();
    let end = agreement(&told, turns.len()).unwrap_or(last.1).clamp(earliest.max(sure).max(from).min(most), most);
    let end_bounds = Bounds { earliest: time(earliest), latest: time(if open { film.now } else { latest }) };

    let mut runs = group.clone();
    runs[0].0 = start;
    runs.last_mut().expect("a run").1 = end;
    let outage = group.iter().zip(&backing).any(|(run, supporters)| {
        let need = (run.0..run.1).map(|t| film.moment(t).need).max().expect("not empty");
        let wanted = if film.history.at(time(run.0)).confirm.is_active() { 2 * need + 1 } else { need + 1 };
        supporters.iter().map(|s| s.support).sum::<u32>() as usize >= wanted
    });
    let regions: BTreeSet<RegionId> =
        group.iter().flat_map(|run| run.0..run.1).flat_map(|t| film.moment(t).bad.clone()).collect();
    NaiveIncident {
        open,
        start_bounds,
        end_bounds,
        class: if outage { IncidentClass::Outage } else { IncidentClass::Blip },
        billed: if outage { runs.iter().map(|run| run.1 - run.0).sum() } else { 0 },
        runs,
        regions: regions.into_iter().collect(),
        support: backing.iter().flatten().map(|s| s.support).sum(),
    }
}
