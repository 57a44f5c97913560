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
        for (at, point) in points.iter().enumerate() {
            let doubted = point.kind == Kind::Abstains(AbstainReason::References);
            if doubted && point.references_known > 0 && is_believed(agents, point, history) {
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

fn is_believed(agents: &[Vec<Point>], point: &Point, history: &PolicyHistory) -> bool {
    let configured = history.at(CollectorTime::from_millis(point.start)).regions().len();
    let total = u32::from(point.references_known);
    let suspected = (0..total).filter(|reference| {
        let mask = 1u32 << reference;
        point.references_bad & mask != 0 && regions_that_see_bad(agents, point.start, *reference) * 2 > configured
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
fn regions_that_see_bad(agents: &[Vec<Point>], at: i64, reference: u32) -> usize {
    let mut views: Vec<(u16, bool)> = agents
        .iter()
        .filter_map(|points| {
            let after = points.partition_point(|point| point.start <= at);
            let latest = points.get(after.checked_sub(1)?)?;
            let knows = at <= latest.hold && reference < u32::from(latest.references_known);
            knows.then_some((latest.region, latest.references_bad >> reference & 1 == 1))
        })
        .collect();
    views.sort_unstable();
    let regions = views.chunk_by(|a, b| a.0 == b.0);
    regions.filter(|views| views.iter().filter(|(_, bad)| *bad).count() * 2 > views.len()).count()
}
