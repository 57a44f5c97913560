//! The evidence of one agent over time: its vote between samples, and where it flips (CONSENSUS section 3).

use alloc::vec::Vec;

use crate::evidence::{Kind, Point};

/// What an agent votes at one moment: a bit per pass and per question.
///
/// The passes count an ambiguous moment as good (`LOW`), by the best estimate (`MID`) or as bad (`HIGH`). The questions
/// are whether the target is bad, and whether it is impaired, that is, slow or bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Votes(u8);

impl Votes {
    pub(crate) const BAD_LOW: usize = 0;
    pub(crate) const BAD_MID: usize = 1;
    pub(crate) const BAD_HIGH: usize = 2;
    pub(crate) const IMPAIRED_LOW: usize = 3;
    pub(crate) const IMPAIRED_MID: usize = 4;
    pub(crate) const IMPAIRED_HIGH: usize = 5;
    /// How many bits there are.
    pub(crate) const COUNT: usize = 6;

    fn new(bad: Channel, impaired: Channel) -> Self {
        let (b, i) = (bad.bits(), impaired.bits());
        // Bad is impaired in every pass, whatever the two questions' flips were clamped to.
        Self(b | (i | b) << 3)
    }

    /// The votes of a value that is certain.
    pub(crate) fn certain(kind: Kind) -> Self {
        let channel = |value| Channel { held: value, estimate: value, ambiguous: 0 };
        Self::new(channel(kind.is_bad()), channel(kind.is_impaired()))
    }

    pub(crate) const fn has(self, bit: usize) -> bool {
        self.0 >> bit & 1 == 1
    }
}

/// The region an agent votes in and its votes; `None` = it does not vote.
pub(crate) type Vote = Option<(u16, Votes)>;

/// The vote of an agent from `at` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) at: i64,
    pub(crate) vote: Vote,
}

/// A moment where the best estimate of an agent's value changes from good to bad or back, or is taken up again after a
/// time without a vote, with the samples on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flip {
    /// When the best estimate takes the new value.
    pub(crate) at: i64,
    /// The new value.
    pub(crate) bad: bool,
    /// The earliest start of the voting sample before, of whatever region; `i64::MIN` where there is none.
    pub(crate) previous: i64,
    /// Whether that sample was good, and of the same region.
    pub(crate) was_good: bool,
    /// By when the new value was seen at the latest.
    pub(crate) seen_by: i64,
}

/// Everything the verdict needs of one agent.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// The votes, in order of time, no two equal in a row.
    pub(crate) changes: Vec<Change>,
    /// The flips of the best estimate, in order of time.
    pub(crate) flips: Vec<Flip>,
    /// The earliest start of the last voting sample of all; `i64::MIN` where there is none.
    pub(crate) last: i64,
}

impl Timeline {
    /// The vote at `at`.
    pub(crate) fn vote_at(&self, at: i64) -> Vote {
        let after = self.changes.partition_point(|change| change.at <= at);
        self.changes.get(after.checked_sub(1)?)?.vote
    }
}

/// One question's state while the events of an agent are replayed.
#[derive(Clone, Copy, Debug, Default)]
struct Channel {
    held: bool,
    estimate: bool,
    ambiguous: u32,
}

impl Channel {
    fn bits(self) -> u8 {
        let ambiguous = self.ambiguous > 0;
        let low = self.held && !ambiguous;
        let high = self.held || ambiguous;
        // Outside ambiguity the estimate is the held value; the mask keeps the passes nested in any case.
        let mid = (self.estimate || low) && high;
        u8::from(low) | u8::from(mid) << 1 | u8::from(high) << 2
    }
}

#[derive(Clone, Copy, Debug)]
enum Effect {
    Present(u16),
    Absent,
    Held { question: usize, value: bool },
    Estimate { question: usize, value: bool },
    AmbiguousFrom { question: usize },
    AmbiguousTo { question: usize },
}

/// Half way from `a` to `b`, rounded down, without overflow.
pub(crate) const fn middle(a: i64, b: i64) -> i64 {
    (a & b) + ((a ^ b) >> 1)
}

const BAD: usize = 0;
const IMPAIRED: usize = 1;

fn value(kind: Kind, question: usize) -> bool {
    if question == BAD { kind.is_bad() } else { kind.is_impaired() }
}

/// True if the two were taken under settings known to differ.
fn blends(x: &Point, z: &Point) -> bool {
    x.version != 0 && z.version != 0 && x.version != z.version
}

struct Builder {
    effects: Vec<(i64, Effect)>,
    flips: Vec<Flip>,
    /// The latest estimate of each question, as flips never run backwards.
    latest_flip: [i64; 2],
}

impl Builder {
    fn push(&mut self, at: i64, effect: Effect) {
        self.effects.push((at, effect));
    }

    fn ambiguous(&mut self, question: usize, from: i64, to: i64) {
        if from < to {
            self.push(from, Effect::AmbiguousFrom { question });
            self.push(to, Effect::AmbiguousTo { question });
        }
    }

    fn hold(&mut self, at: i64, question: usize, value: bool) {
        self.push(at, Effect::Held { question, value });
    }

    /// From `at` on the best estimate is what `z` says, which follows `x`.
    fn estimate(&mut self, at: i64, question: usize, x: Option<&Point>, z: &Point) {
        let value = value(z.kind, question);
        let latest = self.latest_flip.get_mut(question).expect("there are two questions");
        let at = at.max(*latest);
        *latest = at;
        if question == BAD {
            let previous = x.map_or(i64::MIN, Point::earliest);
            let was_good = x.is_some_and(|x| x.region == z.region && !x.kind.is_bad());
            self.flips.push(Flip { at, bad: value, previous, was_good, seen_by: z.latest() });
        }
        self.push(at, Effect::Estimate { question, value });
    }

    /// `z` stands alone: nothing before it tells of the time before its start, nor of the moment of its probe in which the
    /// target was as it says.
    fn begin(&mut self, x: Option<&Point>, z: &Point, question: usize) {
        self.hold(z.start, question, value(z.kind, question));
        self.estimate(z.start, question, x, z);
        self.ambiguous(question, z.start, z.latest());
    }

    fn join(&mut self, x: &Point, z: &Point, question: usize, silenced: bool) {
        if value(x.kind, question) == value(z.kind, question) {
            if silenced {
                // The estimate is taken up again, so that what lies before the silence is not looked at.
                self.estimate(z.start, question, Some(x), z);
            }
            return;
        }
        if blends(x, z) {
            // Two definitions of good say nothing of the moment between them.
            self.ambiguous(question, x.earliest(), z.start);
            self.begin(Some(x), z, question);
            return;
        }
        self.ambiguous(question, x.earliest(), z.latest());
        self.hold(z.start, question, value(z.kind, question));
        self.estimate(middle(x.earliest(), z.latest()), question, Some(x), z);
    }

    /// The value of `x` is held as far as it reaches, but from its start on anything may have happened.
    fn run_out(&mut self, x: &Point, until: i64) {
        self.ambiguous(BAD, x.earliest(), until);
        self.ambiguous(IMPAIRED, x.earliest(), until);
    }
}

/// Reads the points of one agent, sorted by time, into its votes.
pub(crate) fn read(points: &[Point]) -> Timeline {
    let mut builder = Builder { effects: Vec::new(), flips: Vec::new(), latest_flip: [i64::MIN; 2] };
    let mut before: Option<&Point> = None;
    let mut silenced: Option<i64> = None;
    for z in points {
        if matches!(z.kind, Kind::Abstains(_)) {
            silenced = silenced.or(Some(z.start));
            continue;
        }
        match before {
            // The common case: nothing changes.
            Some(x) if silenced.is_none() && x.kind == z.kind && z.start <= x.hold && x.region == z.region => {}
            Some(x) => {
                let until = x.hold.min(silenced.unwrap_or(i64::MAX)).min(z.start);
                let joined = z.start <= x.hold && x.region == z.region;
                if !joined {
                    builder.run_out(x, x.hold.min(z.start));
                }
                if !joined || silenced.is_some() {
                    builder.push(until, Effect::Absent);
                    builder.push(z.start, Effect::Present(z.region));
                }
                for question in [BAD, IMPAIRED] {
                    if joined {
                        builder.join(x, z, question, silenced.is_some());
                    } else {
                        builder.begin(Some(x), z, question);
                    }
                }
            }
            None => {
                builder.push(z.start, Effect::Present(z.region));
                builder.begin(None, z, BAD);
                builder.begin(None, z, IMPAIRED);
            }
        }
        before = Some(z);
        silenced = None;
    }
    if let Some(x) = before {
        builder.run_out(x, x.hold);
        builder.push(x.hold.min(silenced.unwrap_or(i64::MAX)), Effect::Absent);
    }
    let last = before.map_or(i64::MIN, Point::earliest);
    let Builder { mut effects, flips, .. } = builder;
    effects.sort_by_key(|(at, _)| *at);
    Timeline { changes: replay(&effects), flips, last }
}

fn replay(effects: &[(i64, Effect)]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut channels = [Channel::default(); 2];
    let mut present = None;
    for together in effects.chunk_by(|(a, _), (b, _)| a == b) {
        for (_, effect) in together {
            let mut on = |question: usize, f: &dyn Fn(&mut Channel)| {
                if let Some(channel) = channels.get_mut(question) {
                    f(channel);
                }
            };
            match *effect {
                Effect::Present(region) => present = Some(region),
                Effect::Absent => present = None,
                Effect::Held { question, value } => on(question, &|channel| channel.held = value),
                Effect::Estimate { question, value } => on(question, &|channel| channel.estimate = value),
                Effect::AmbiguousFrom { question } => on(question, &|channel| channel.ambiguous += 1),
                Effect::AmbiguousTo { question } => {
                    on(question, &|channel| channel.ambiguous = channel.ambiguous.saturating_sub(1));
                }
            }
        }
        let [bad, impaired] = channels;
        let vote = present.map(|region| (region, Votes::new(bad, impaired)));
        let Some((at, _)) = together.first() else { continue };
        if changes.last().map_or(vote.is_some(), |last| last.vote != vote) {
            changes.push(Change { at: *at, vote });
        }
    }
    changes
}
