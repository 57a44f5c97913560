//! The agents' doubt about themselves: references that fail with the target (CONSENSUS section 2).

use alloc::vec::Vec;

use quorate_model::verdict::AbstainReason;
use quorate_model::{CollectorTime, PolicyHistory};

use crate::evidence::{Kind, Point};

/// Looks again at samples that abstain because of their references: a reference that more than half of the regions see
/// bad is no witness against the agents, and is left out of their count.
///
/// Only where fewer than half of the references are so suspected: it is far likelier that several agents lost their
/// uplinks at once than that most references, in different networks, died at once.
pub(crate) fn look_again(agents: &mut [Vec<Point>], history: &PolicyHistory) {
    let mut believed: Vec<(usize, usize)> = Vec::new();
    for (agent, points) in agents.iter().enumerate() {
        for (at, point) in points.iter().enumerate().filter(|(_, point)| is_doubted(point)) {
            let latest = |points: &Vec<Point>| {
                let after = points.partition_point(|other| other.start <= point.start);
                points.get(after.checked_sub(1)?).copied()
            };
            if is_believed(point, agents.iter().filter_map(latest), history) {
                believed.push((agent, at));
            }
        }
    }
    for (agent, at) in believed {
        if let Some(point) = agents.get_mut(agent).and_then(|points| points.get_mut(at)) {
            point.kind = Kind::Bad;
        }
    }
}

/// True if a sample abstains because of references of which it is known which ones failed.
pub(crate) fn is_doubted(point: &Point) -> bool {
    point.kind == Kind::Abstains(AbstainReason::References) && point.references_known > 0
}

/// Whether a doubted sample is believed after all, given the latest sample of every agent at its start.
pub(crate) fn is_believed(point: &Point, latest: impl Iterator<Item = Point>, history: &PolicyHistory) -> bool {
    let configured = history.at(CollectorTime::from_millis(point.start)).regions().len();
    let mut views: Vec<Point> = latest.filter(|view| point.start <= view.hold && view.references_known > 0).collect();
    views.sort_unstable_by_key(|view| view.region);
    let total = u32::from(point.references_known);
    let suspected = (0..total).filter(|reference| {
        point.references_bad >> reference & 1 == 1 && regions_that_see_bad(&views, *reference) * 2 > configured
    });
    let suspected = suspected.fold(0u32, |mask, reference| mask | 1 << reference);
    let left_out = suspected.count_ones();
    if left_out == 0 || left_out * 2 >= total {
        return false;
    }
    let bad = (point.references_bad & !suspected).count_ones();
    bad * 2 < total - left_out
}

/// In how many regions more than half of the agents that know saw this reference bad in their latest sample.
fn regions_that_see_bad(views: &[Point], reference: u32) -> usize {
    let knows = |view: &&Point| reference < u32::from(view.references_known);
    let sees_bad = |view: &&Point| view.references_bad >> reference & 1 == 1;
    let regions = views.chunk_by(|a, b| a.region == b.region);
    regions
        .filter(|views| {
            let knowing = views.iter().filter(knows);
            knowing.clone().filter(sees_bad).count() * 2 > knowing.count()
        })
        .count()
}
