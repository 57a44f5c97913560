//! The systemd units: hardened, and valid in the eyes of systemd itself.

use std::path::Path;

use quorate_tests::hosts::run;
use quorate_tests::process::{can_run, missing_programs};

/// The exposure level of systemd-analyze, in tenths, that no unit may exceed.
const MOST_TENTHS: u32 = 20;

#[test]
fn units_are_hardened() {
    if !can_run("units", missing_programs(&["systemd-analyze"])) {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/systemd");
    for unit in ["quorate-agent.service", "quorate-collector.service"] {
        let path = folder.join(unit);
        let path = path.to_str().expect("a path in UTF-8");
        let output =
            run("systemd-analyze", &["security", "--offline=yes", "--no-pager", path]).expect("systemd-analyze");
        let text = String::from_utf8_lossy(&output.stdout);
        let level = text.lines().find(|line| line.contains("Overall exposure level")).expect("a level");
        let figure = level.rsplit(": ").next().and_then(|rest| rest.split(' ').next()).expect("a figure");
        let tenths: u32 = figure.replace('.', "").parse().expect("a figure with one digit");
        assert!(tenths <= MOST_TENTHS, "{unit}: {level}");
    }
}
