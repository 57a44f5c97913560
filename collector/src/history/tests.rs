use super::*;

fn config(checks: &str) -> Config {
    let text = format!("regions: [{{id: a, provider: p}}, {{id: b, provider: q}}]\nchecks: [{checks}]\n");
    Config::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

fn shop(histories: &Histories) -> CheckHistory {
    histories.get(&CheckId::new("shop").expect("is an id")).expect("is known").clone()
}

#[test]
fn a_changed_policy_holds_from_the_change_on() {
    let mut histories = Histories::default();
    histories.apply(at(100), &config("{id: shop, icmp: {host: h}}"));
    histories.apply(at(200), &config("{id: shop, icmp: {host: h}, quorum: all}"));
    let shop = shop(&histories);
    assert_eq!((shop.since, shop.effective_from, shop.removed), (at(100), at(100), None));
    assert_eq!(shop.policies.changes().len(), 1);
    assert_eq!(shop.policies.at(at(199)).quorum(), &quorate_model::Quorum::Majority);
    assert_eq!(shop.policies.at(at(200)).quorum(), &quorate_model::Quorum::All);
}

#[test]
fn changed_probing_settings_hold_from_the_change_on() {
    let mut histories = Histories::default();
    histories.apply(at(100), &config("{id: shop, icmp: {host: h}}"));
    let before = shop(&histories);
    histories.apply(at(200), &config("{id: shop, icmp: {host: h}, interval: 20s}"));
    let after = shop(&histories);
    assert_ne!(before.version, after.version);
    assert_eq!((after.effective_from, after.policies.changes().len()), (at(200), 0));
}

#[test]
fn the_same_configuration_again_changes_nothing() {
    let mut histories = Histories::default();
    histories.apply(at(100), &config("{id: shop, icmp: {host: h}}"));
    let before = histories.clone();
    histories.apply(at(200), &config("{id: shop, icmp: {host: h}, name: Shop, labels: {a: b}}"));
    assert_eq!(histories, before);
}

#[test]
fn a_removed_check_keeps_its_past_and_can_come_back() {
    let mut histories = Histories::default();
    histories.apply(at(100), &config("{id: shop, icmp: {host: h}}"));
    histories.apply(at(200), &config(""));
    histories.apply(at(250), &config(""));
    assert_eq!(shop(&histories).removed, Some(at(200)));
    histories.apply(at(300), &config("{id: shop, icmp: {host: h}}"));
    assert_eq!((shop(&histories).removed, shop(&histories).since), (None, at(100)));
}
