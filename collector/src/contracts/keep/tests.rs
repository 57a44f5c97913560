use quorate_collector_config::contract::zone;
use quorate_collector_sla::WindowKind;

use super::before;

/// Names of windows, going back from one.
fn back(kind: WindowKind, from: &str) -> Vec<String> {
    let zone = zone("Europe/Berlin").expect("a zone");
    let mut window = kind.window(from, &zone).expect("a period");
    let mut labels = Vec::new();
    for _ in 0..3 {
        window = kind.at(before(&window, &zone), &zone);
        labels.push(window.label.clone());
    }
    labels
}

/// 2026-10-25 has 25 hours, 2026-03-29 has 23.
#[test]
fn the_windows_before_come_one_by_one() {
    assert_eq!(back(WindowKind::RollingDays(7), "2026-10-26"), ["2026-10-25", "2026-10-24", "2026-10-23"]);
    assert_eq!(back(WindowKind::RollingDays(7), "2026-03-30"), ["2026-03-29", "2026-03-28", "2026-03-27"]);
    assert_eq!(back(WindowKind::CalendarDay, "2026-10-26"), ["2026-10-25", "2026-10-24", "2026-10-23"]);
    assert_eq!(back(WindowKind::CalendarMonth, "2026-11"), ["2026-10", "2026-09", "2026-08"]);
}
