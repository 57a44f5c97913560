use std::time::Duration;

use quorate_collector_config::Config;

use super::*;

#[test]
fn the_collector_takes_the_configuration_written_for_it() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let at = |text: &str| text.parse().expect("an address");
    let addresses = Addresses {
        grpc: at("127.0.0.3:7001"),
        http: at("127.0.0.3:7002"),
        targets: vec![at("127.0.0.5:7003"), at("127.0.0.5:7004")],
        references: vec![at("127.21.0.1:7005"), at("127.22.0.1:7006"), at("127.23.0.1:7007")],
    };
    for interval_ms in [500, 2_000, 10_000] {
        let pace = Pace { interval: Duration::from_millis(interval_ms) };
        let text = collector(scratch.path(), &addresses, pace);
        let config = Config::parse(&text).unwrap_or_else(|errors| {
            panic!("{}", errors.iter().map(|error| error.render("collector.yaml", &text)).collect::<String>())
        });
        let check = |id: &str| config.checks.iter().find(|check| check.id.as_str() == id).expect("the check is there");
        assert_eq!(check(SHOP).policy.regions().len(), 5);
        assert_eq!((check(API).policy.regions().len(), check(API).policy.min_providers()), (3, 2));
        assert_eq!(config.references.len(), 3);
        let id = quorate_collector_sla::ContractId::new(CONTRACT).expect("the cast has right names");
        assert_eq!(config.catalogue.customers_of(&id).count(), 1);
    }
}

#[test]
fn every_file_a_process_is_pointed_to_is_there_once() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let at = |text: &str| text.parse().expect("an address");
    let addresses = Addresses {
        grpc: at("127.0.0.3:7001"),
        http: at("127.0.0.3:7002"),
        targets: vec![at("127.0.0.5:7003"), at("127.0.0.5:7004")],
        references: vec![at("127.21.0.1:7005")],
    };
    let pace = Pace { interval: Duration::from_secs(2) };
    write(scratch.path(), &addresses, pace).expect("an empty directory takes everything");
    for place in PLACES {
        let text = std::fs::read_to_string(scratch.path().join(format!("{}.yaml", place.agent))).expect("it is there");
        let named: Vec<&str> = text.split('"').filter(|part| part.starts_with('/')).collect();
        assert_eq!(named.len(), 4, "{text}");
        assert!(named.iter().all(|path| Path::new(path).exists()), "{text}");
    }
    assert!(write(scratch.path(), &addresses, pace).is_err(), "a used directory is refused");
}
