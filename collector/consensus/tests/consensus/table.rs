//! The edge cases of CONSENSUS section 10 and the rules one by one, as written-out worlds.

mod edges;
mod evidence;
mod incidents;
mod votes;

use quorate_model::PolicyHistory;

use crate::world::{judge_world, show};

/// Three regions of three providers.
const THREE: &str = "fra/hetzner iad/aws sin/ovh";
/// Five regions of four providers.
const FIVE: &str = "fra/hetzner iad/aws sin/ovh syd/aws ams/vultr";

#[track_caller]
fn check(history: &PolicyHistory, world: &str, (from_s, to_s): (i64, i64), expected: &str) {
    let shown = show(&judge_world(world, history, from_s, to_s));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(shown, expected.join("\n"), "world:\n{world}\njudged:\n{shown}\n");
}
