//! The same questions put to a reference that looks at every second, and the invariants of CONSENSUS section 9.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use proptest::prelude::*;
use quorate_model::{CheckId, CollectorTime, Millis};

use super::{check_id, percent, shop};
use crate::basis::Basis;
use crate::combine::Service;
use crate::contract::{Contract, ContractDraft, Denominator, UnknownRule};
use crate::credit::{Credit, CreditFacts, CreditRule, DayTier, LadderMeasure, LadderStep, Tier};
use crate::evaluate::{Assessor, CheckInput, Evaluation, Inputs, evaluate};
use crate::exclusion::{Exclusion, ExclusionClass, MaintenanceRules, OverCap};
use crate::interval::{Interval, IntervalSet};
use crate::ledger::{Breach, Ledger};
use crate::percent::{Percent, Ratio};
use crate::tests::{berlin, utc_ms};
use crate::timeline::{Timeline, TimelineParts};
use crate::window::WindowKind;
use crate::zone::Zone;

/// The hour that is judged, and how far the world reaches around it, in seconds.
const HOUR: &str = "2026-10-04T13:00:00Z";
const MARGIN: usize = 600;
const CELLS: usize = 3600 + 2 * MARGIN;
/// All sums of weights up to 8, two levels deep, divide it.
const WHOLE: u64 = 840 * 840;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Up,
    Certain,
    Likely,
    Possible,
    Unknown,
    Gap,
}

type World = BTreeMap<CheckId, Vec<Cell>>;

fn cells() -> impl Strategy<Value = Vec<Cell>> {
    let kind = prop_oneof![
        Just(Cell::Certain),
        Just(Cell::Likely),
        Just(Cell::Possible),
        Just(Cell::Unknown),
        Just(Cell::Gap),
        Just(Cell::Up),
    ];
    let length = prop_oneof![1usize..100, Just(60), 1usize..1500];
    prop::collection::vec((0..CELLS, length, kind), 0..9).prop_map(|runs| {
        let mut cells = vec![Cell::Up; CELLS];
        for (start, length, kind) in runs {
            cells.iter_mut().skip(start).take(length).for_each(|cell| *cell = kind);
        }
        cells
    })
}

fn worlds() -> impl Strategy<Value = World> {
    prop::collection::vec(cells(), 3).prop_map(|all| ["shop", "api", "db"].map(check_id).into_iter().zip(all).collect())
}

fn services() -> impl Strategy<Value = Service> {
    let leaf = |name| Service::Check(check_id(name));
    let pair = move |kind: u8, a: Service, b: Service, (wa, wb): (u32, u32)| match kind {
        0 => Service::AnyDown(vec![a, b]),
        1 => Service::AllDown(vec![a, b]),
        _ => Service::Weights(vec![(a, wa), (b, wb)]),
    };
    let weights = || (1u32..4, 1u32..4);
    (0u8..3, 0u8..3, weights(), weights(), 0u8..3).prop_map(move |(outer, inner, wo, wi, size)| match size {
        0 => leaf("shop"),
        1 => pair(outer, leaf("shop"), leaf("api"), wo),
        _ => pair(outer, pair(inner, leaf("shop"), leaf("api"), wi), leaf("db"), wo),
    })
}

fn bases() -> impl Strategy<Value = Basis> {
    prop_oneof![
        3 => Just(Basis::Continuous),
        1 => Just(Basis::MinuteAllFail),
        1 => (0u32..100).prop_map(|p| Basis::MinuteErrorRate { over: Percent::whole(p).expect("below 100") }),
    ]
}

fn drafts() -> impl Strategy<Value = ContractDraft> {
    let unknown = prop_oneof![Just(UnknownRule::Exclude), Just(UnknownRule::Up), Just(UnknownRule::Down)];
    let denominator = prop_oneof![Just(Denominator::Total), Just(Denominator::MinusExcluded)];
    let minimum = prop_oneof![Just(0i64), Just(60), 0i64..400];
    let exclusions = prop::collection::vec((0..CELLS, 1usize..900), 0..3);
    let promised = prop_oneof![Just("99.95"), Just("99"), Just("90"), Just("50")];
    (services(), bases(), unknown, denominator, minimum, exclusions, promised).prop_map(
        |(service, basis, unknown, denominator, minimum, exclusions, promised)| {
            let mut draft = shop();
            draft.window = WindowKind::CalendarHour;
            draft.service = service;
            draft.basis = basis;
            draft.unknown = unknown;
            draft.denominator = denominator;
            draft.min_outage = Millis::from_secs(minimum);
            draft.objectives.availability = Some(percent(promised));
            draft.exclusions = exclusions
                .into_iter()
                .filter_map(|(start, length)| Interval::new(second(start), second(start + length)))
                .map(|run| Exclusion::new(ExclusionClass::ThirdParty, run, ""))
                .collect();
            draft
        },
    )
}

fn second(index: usize) -> CollectorTime {
    let from_start = i64::try_from(index).expect("a small number") - i64::try_from(MARGIN).expect("a small number");
    CollectorTime::from_millis(utc_ms(HOUR) + from_start * 1000)
}

fn inputs(world: &World) -> BTreeMap<CheckId, CheckInput> {
    let set = |cells: &[Cell], kinds: &[Cell]| -> IntervalSet {
        let mut out = Vec::new();
        let mut start = 0;
        for run in cells.chunk_by(|a, b| a == b) {
            if kinds.contains(&run[0]) {
                out.extend(Interval::new(second(start), second(start + run.len())));
            }
            start += run.len();
        }
        out.into_iter().collect()
    };
    let timeline = |cells: &Vec<Cell>| {
        use Cell::{Certain, Likely, Possible, Unknown, Up};
        Timeline::new(TimelineParts {
            down_low: set(cells, &[Certain]),
            down_point: set(cells, &[Certain, Likely]),
            down_high: set(cells, &[Certain, Likely, Possible]),
            unknown: set(cells, &[Unknown]),
            covered: set(cells, &[Up, Certain, Likely, Possible, Unknown]),
            outages: IntervalSet::empty(),
        })
    };
    world.iter().map(|(id, cells)| (id.clone(), CheckInput { timeline: timeline(cells), attempts: None })).collect()
}

/// For each second and check: certainly, likely, possibly down, and unknown.
struct Flags {
    low: Vec<bool>,
    point: Vec<bool>,
    high: Vec<bool>,
    unknown: Vec<bool>,
}

fn flags(cells: &[Cell], basis: Basis) -> Flags {
    let of = |kinds: &[Cell]| cells.iter().map(|cell| kinds.contains(cell)).collect::<Vec<_>>();
    let mut out = Flags {
        low: of(&[Cell::Certain]),
        point: of(&[Cell::Certain, Cell::Likely]),
        high: of(&[Cell::Certain, Cell::Likely, Cell::Possible]),
        unknown: of(&[Cell::Unknown, Cell::Gap]),
    };
    let over = match basis {
        Basis::MinuteAllFail => None,
        Basis::MinuteErrorRate { over } => Some(over),
        _ => return out,
    };
    for minute in (0..CELLS).step_by(60) {
        let range = minute..minute + 60;
        let known = range.clone().filter(|s| !out.unknown[*s]).count() as u64;
        let bad = |down: &[bool]| {
            let failed = range.clone().filter(|s| down[*s]).count() as u64;
            match over {
                _ if known == 0 => false,
                None => failed == known,
                Some(over) => Ratio::new(failed.into(), known.into()).expect("over 0") > over.ratio(),
            }
        };
        let (low, point, high) = (bad(&out.low), bad(&out.point), bad(&out.high));
        for s in range {
            out.low[s] = low;
            out.point[s] = point;
            out.high[s] = high;
            out.unknown[s] &= !point;
        }
    }
    out
}

fn level(service: &Service, leaf: &dyn Fn(&CheckId) -> bool) -> u64 {
    match service {
        Service::Check(check) => u64::from(leaf(check)) * WHOLE,
        Service::AnyDown(parts) => parts.iter().map(|part| level(part, leaf)).max().expect("parts"),
        Service::AllDown(parts) => parts.iter().map(|part| level(part, leaf)).min().expect("parts"),
        Service::Weights(parts) => {
            let sum: u64 = parts.iter().map(|(part, weight)| level(part, leaf) * u64::from(*weight)).sum();
            sum / parts.iter().map(|(_, weight)| u64::from(*weight)).sum::<u64>()
        }
    }
}

fn without_short_runs(levels: &[u64], minimum: Millis) -> Vec<u64> {
    let mut out = levels.to_vec();
    let mut start = 0;
    while start < CELLS {
        let end = (start..CELLS).find(|s| levels[*s] == 0).unwrap_or(CELLS);
        if end > start && second(end) - second(start) < minimum {
            out[start..end].fill(0);
        }
        start = end.max(start) + 1;
    }
    out
}

struct Found {
    down: u128,
    unknown: u128,
    excluded: u128,
    uptime: Option<[Ratio; 3]>,
    breach: Breach,
}

fn reference(draft: &ContractDraft, world: &World) -> Found {
    let flags: BTreeMap<&CheckId, Flags> = world.iter().map(|(id, cells)| (id, flags(cells, draft.basis))).collect();
    let levels = |pick: &dyn Fn(&Flags, usize) -> bool| -> Vec<u64> {
        (0..CELLS).map(|s| level(&draft.service, &|check| pick(&flags[check], s))).collect()
    };
    let raw = levels(&|f, s| f.point[s]);
    let possible = levels(&|f, s| f.point[s] || f.unknown[s]);
    let hidden = levels(&|f, s| f.unknown[s]);
    let low = without_short_runs(&levels(&|f, s| f.low[s]), draft.min_outage);
    let high = without_short_runs(&levels(&|f, s| f.high[s]), draft.min_outage);
    let point = without_short_runs(&raw, draft.min_outage);
    let (mut sums, mut excluded) = ([0u128; 4], 0u128);
    for s in MARGIN..MARGIN + 3600 {
        if draft.exclusions.iter().any(|e| e.start <= second(s) && second(s) < e.end) {
            excluded += u128::from(WHOLE);
            continue;
        }
        // In an outage too short to count, what the other checks do not know is unknown.
        let unknown = if point[s] < raw[s] { hidden[s] } else { possible[s] - raw[s] };
        for (sum, value) in sums.iter_mut().zip([low[s], point[s], high[s].min(WHOLE - unknown), unknown]) {
            *sum += u128::from(value);
        }
    }
    let [low, point, high, unknown] = sums;
    let all = u128::from(WHOLE) * 3600;
    let whole = if draft.denominator == Denominator::Total { all } else { all - excluded };
    let (denominator, extra) = match draft.unknown {
        UnknownRule::Exclude => (whole - unknown, 0),
        UnknownRule::Up => (whole, 0),
        UnknownRule::Down => (whole, unknown),
    };
    let share = |bad: u128| Ratio::new(denominator - bad, denominator);
    let uptime =
        share(high + extra).zip(share(point + extra)).zip(share(low)).map(|((low, point), high)| [low, point, high]);
    let promised = draft.objectives.availability.expect("a promise").ratio();
    let worst_is_met = whole == 0 || Ratio::new(whole - high - unknown, whole).expect("over 0") >= promised;
    let best_is_met = whole == 0 || Ratio::new(whole - low, whole).expect("over 0") >= promised;
    let breach = if !best_is_met {
        Breach::Certain
    } else if worst_is_met {
        Breach::None
    } else {
        Breach::Possible
    };
    Found { down: point, unknown, excluded, uptime, breach }
}

fn judge(draft: ContractDraft, world: &World) -> Evaluation {
    judge_inputs(draft, &inputs(world))
}

fn judge_inputs(draft: ContractDraft, checks: &BTreeMap<CheckId, CheckInput>) -> Evaluation {
    let contract = Contract::new(draft).expect("a contract");
    let window = WindowKind::CalendarHour.window("2026-10-04T13", &Zone::utc()).expect("an hour");
    evaluate(&contract, &window, Inputs { checks, zone: &Zone::utc() }).expect("the right zone")
}

proptest! {
    #[test]
    fn the_engine_equals_the_reference(world in worlds(), draft in drafts()) {
        let want = reference(&draft, &world);
        let got = judge(draft, &world);
        let in_parts = |parts: u128| Ratio::new(parts, u128::from(WHOLE) * 3600);
        let of_ledger = |parts: u128| Ratio::new(parts, u128::from(got.ledger.scale()) * 3_600_000);
        prop_assert_eq!(of_ledger(got.ledger.down_parts()), in_parts(want.down));
        prop_assert_eq!(of_ledger(got.ledger.unknown_parts()), in_parts(want.unknown));
        let excluded = u128::from(got.ledger.excluded().get().unsigned_abs());
        prop_assert_eq!(excluded * u128::from(WHOLE), want.excluded * 1000);
        prop_assert_eq!(got.uptime.map(|uptime| [uptime.low, uptime.point, uptime.high]), want.uptime);
        prop_assert_eq!(got.breach, want.breach);
    }

    /// Invariant 19, first part: low <= point <= high, and the parts of the ledger sum to the window.
    #[test]
    fn invariant_19_bounds_are_in_order(world in worlds(), draft in drafts()) {
        let got = judge(draft, &world);
        if let Some(uptime) = got.uptime {
            prop_assert!(uptime.low <= uptime.point && uptime.point <= uptime.high && uptime.high <= Ratio::ONE);
        }
        prop_assert!(got.down_low <= got.ledger.down() && got.ledger.down() <= got.down_high);
        let ledger = got.ledger;
        prop_assert_eq!(ledger.up() + ledger.down() + ledger.unknown() + ledger.excluded(), ledger.total());
    }

    /// Invariant 18: an added exclusion never raises downtime, and the same exclusion twice changes nothing.
    #[test]
    fn invariant_18_an_exclusion_never_raises_downtime(
        world in worlds(),
        draft in drafts(),
        rules in rules(),
        entries in prop::collection::vec(entries(), 0..6),
        added in entries(),
    ) {
        let checks = inputs(&world);
        let with = |entries: Vec<Exclusion>| {
            let mut draft = draft.clone();
            draft.maintenance = rules;
            draft.exclusions = entries;
            judge_inputs(draft, &checks)
        };
        let before = with(entries.clone());
        let twice = with(entries.iter().chain(&entries).cloned().collect());
        prop_assert_eq!(twice.ledger, before.ledger);
        // Announced last, as anything that is added now is: it cannot take the cap of what was announced before.
        let added = Exclusion { announced_at: added.announced_at.map(|_| second(0)), ..added };
        let after = with(entries.into_iter().chain([added]).collect());
        prop_assert!(after.ledger.down_parts() <= before.ledger.down_parts());
        prop_assert!(after.down_high <= before.down_high && after.down_low <= before.down_low);
        prop_assert!(after.ledger.excluded() >= before.ledger.excluded());
    }

    /// Invariant 17: a month is the sum of its days and of its hours, exactly, whether asked together or one by one.
    #[test]
    fn invariant_17_windows_add_up(
        runs in prop::collection::vec((0i64..3_000_000_000, 1i64..20_000_000, 0u8..4, 0usize..3), 0..12),
        service in services(),
        basis in bases(),
        minimum in prop_oneof![Just(0i64), 0i64..900_000],
        rules in rules(),
        month in prop_oneof![Just("2026-10"), Just("2026-03"), Just("2028-02")],
    ) {
        let zone = berlin();
        let mut draft = shop();
        draft.timezone = zone.name().into();
        draft.service = service;
        draft.basis = basis;
        draft.min_outage = Millis::new(minimum);
        draft.maintenance = rules;
        let window = WindowKind::CalendarMonth.window(month, &zone).expect("a month");
        // The world begins a day before the month.
        let origin = window.interval.start() - Millis::from_secs(86_400);
        let mut parts = [(); 3].map(|()| TimelineParts {
            covered: Interval::new(origin, origin + Millis::from_secs(33 * 86_400)).into_iter().collect(),
            ..TimelineParts::default()
        });
        for (start, length, kind, check) in runs {
            let run = Interval::new(origin + Millis::new(start), origin + Millis::new(start + length)).expect("some time");
            let add = |set: &mut IntervalSet| *set = set.union(&run.into());
            match kind {
                0 => add(&mut parts[check].down_low),
                1 => add(&mut parts[check].down_high),
                2 => add(&mut parts[check].unknown),
                _ => draft.exclusions.push(Exclusion {
                    announced_at: Some(origin),
                    ..Exclusion::new(ExclusionClass::Maintenance, run, "")
                }),
            }
        }
        let input = |parts| CheckInput { timeline: Timeline::new(parts), attempts: None };
        let checks = ["shop", "api", "db"].map(check_id).into_iter().zip(parts.map(input)).collect();
        let contract = Contract::new(draft).expect("a contract");
        let inputs = Inputs { checks: &checks, zone: &zone };
        let whole = evaluate(&contract, &window, inputs).expect("the right zone").ledger;
        let assessor = Assessor::new(&contract, window.interval, inputs).expect("the right zone");
        for kind in [WindowKind::CalendarDay, WindowKind::CalendarHour] {
            let all = kind.windows(window.interval, &zone);
            let sum = all.iter().map(|part| assessor.evaluate(part).ledger).reduce(|a, b| a.plus(&b).expect("one service"));
            prop_assert_eq!(sum, Some(whole));
        }
        let days = WindowKind::CalendarDay.windows(window.interval, &zone);
        let alone = |day| evaluate(&contract, day, inputs).expect("the right zone").ledger;
        let sum: Option<Ledger> = days.iter().map(alone).reduce(|a, b| a.plus(&b).expect("one service"));
        prop_assert_eq!(sum, Some(whole));
    }

    /// Invariant 19, second part: a credit never rises with uptime, and the caps hold.
    #[test]
    fn invariant_19_credits_fall_with_uptime(
        credit in credits(),
        ups in (0u128..=1_000_000, 0u128..=1_000_000),
        before in 0u128..2000,
        objective in prop_oneof![Just(None), (0u32..=100).prop_map(Percent::whole)],
    ) {
        let owed = |up: u128| {
            let down = Millis::new(i64::try_from(1_000_000 - up).expect("at most a million"));
            credit.owed(&CreditFacts {
                uptime: Ratio::new(up, 1_000_000),
                objective,
                down,
                longest_down: down,
                window_days: 30,
                affected: Ratio::new(1, 3).expect("3 is over 0"),
                credited_before: Ratio::new(before, 100).expect("100 is over 0"),
                windows_in_12_months: 12,
            }).share
        };
        let (worse, better) = (ups.0.min(ups.1), ups.0.max(ups.1));
        prop_assert!(owed(better) <= owed(worse));
        if let Some(cap) = credit.cap_per_month {
            prop_assert!(owed(worse) <= cap.ratio());
        }
        if let Some(cap) = credit.cap_per_12_months {
            let twelve = Ratio::new(12, 1).expect("1 is over 0").times(cap.ratio()).expect("small numbers");
            let sum = owed(worse).plus(Ratio::new(before, 100).expect("100 is over 0")).expect("small numbers");
            prop_assert!(owed(worse).is_zero() || sum <= twelve);
        }
        if let Some(floor) = credit.floor.filter(|_| credit.cap_per_12_months.is_none()) {
            prop_assert!(owed(worse).is_zero() || owed(worse) >= floor.ratio());
        }
    }
}

fn rules() -> impl Strategy<Value = MaintenanceRules> {
    let cap = || prop_oneof![Just(None), (0i64..2_000).prop_map(|s| Some(Millis::from_secs(s)))];
    let over = prop_oneof![Just(OverCap::RefuseWindow), Just(OverCap::ExcludeUpToCap)];
    (0i64..7200, cap(), cap(), over).prop_map(|(notice, month, year, over_cap)| MaintenanceRules {
        min_notice: Millis::from_secs(notice),
        cap_per_month: month,
        cap_per_year: year.map(|year| year + month.unwrap_or_default()),
        over_cap,
    })
}

fn entries() -> impl Strategy<Value = Exclusion> {
    let class = prop_oneof![Just(ExclusionClass::Maintenance), Just(ExclusionClass::Customer)];
    (class, 0..CELLS, 1usize..1500, 0i64..10_000, any::<bool>()).prop_map(
        |(class, start, length, notice, announced)| {
            let run = Interval::new(second(start), second(start + length)).expect("some time");
            let announced_at = (announced && class == ExclusionClass::Maintenance)
                .then(|| second(0) - Millis::from_secs(20_000 - notice));
            Exclusion { announced_at, ..Exclusion::new(class, run, "") }
        },
    )
}

fn credits() -> impl Strategy<Value = Credit> {
    let steps = || prop::collection::btree_set(1u32..100, 1..5).prop_map(|set| set.into_iter().collect::<Vec<_>>());
    let whole = |p: u32| Percent::whole(p).expect("at most 100");
    let small = |days: u32| u16::try_from(days).expect("below 100");
    let rule = prop_oneof![
        (steps(), steps()).prop_map(move |(below, percent)| {
            let pairs = below.into_iter().rev().zip(percent);
            CreditRule::Tiers(pairs.map(|(b, p)| Tier { below: whole(b), percent: whole(p) }).collect())
        }),
        (steps(), steps()).prop_map(move |(below, days)| {
            let pairs = below.into_iter().rev().zip(days);
            CreditRule::ServiceDays(pairs.map(|(b, d)| DayTier { below: whole(b), days: small(d) }).collect())
        }),
        (steps(), steps()).prop_map(move |(lengths, days)| CreditRule::DurationLadder {
            measure: LadderMeasure::Longest,
            steps: lengths
                .into_iter()
                .zip(days)
                .map(|(length, days)| LadderStep { at_least: Millis::new(i64::from(length) * 9000), days: small(days) })
                .collect(),
        }),
        (1u32..100_000).prop_map(|times_milli| CreditRule::Multiplier { times_milli }),
        Just(CreditRule::Proportional),
    ];
    let some = move || prop_oneof![Just(None), (1u32..=100).prop_map(move |p| Some(whole(p)))];
    (rule, some(), some(), some()).prop_map(|(rule, month, year, floor)| Credit {
        cap_per_month: month.max(floor.filter(|_| month.is_some())),
        cap_per_12_months: year,
        floor,
        ..Credit::new(rule)
    })
}
