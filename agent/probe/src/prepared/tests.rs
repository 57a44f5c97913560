use super::*;

#[test]
fn a_run_can_move_between_threads() {
    fn sendable<T: Send>(_: &T) {}
    let spec = crate::parse_target("tcp://127.0.0.1:9").expect("a target");
    let timing = Timing::new(quorate_model::Millis::new(1000)).expect("within the allowed range");
    let prepared = prepare(&spec, timing).expect("usable");
    sendable(&prepared.run(&Context::default()));
}
