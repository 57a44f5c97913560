use super::{escape, svg};
use crate::run::play;
use crate::scenario::Scenario;
use crate::world::World;

#[test]
fn a_picture_shows_every_agent_and_every_rule_and_is_whole() {
    let scenario =
        Scenario::parse("name: x\ntitle: a < b & c\nlength: 5m\nevents: [{what: outage, at: 2m, lasts: 60s}]").unwrap();
    let world = World::new(&scenario, 1);
    let text = svg(&world, &play(&world), (60_000, 240_000), 1);
    for word in ["ams-1", "syd-1", "Route 53", "truth", "billed", "a &lt; b &amp; c", "2:00"] {
        assert!(text.contains(word), "{word}");
    }
    assert!(text.starts_with("<svg ") && text.trim_end().ends_with("</svg>"));
    assert_eq!(text.matches("#222222").count(), 1, "one true outage");
    assert_eq!(escape("<&>"), "&lt;&amp;&gt;");
}
