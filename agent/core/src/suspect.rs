//! When waiting for an answer becomes suspicious (CONSENSUS section 6 c).

use quorate_model::Millis;

/// A probe is suspicious after so many times the typical latency without an answer.
pub const FACTOR: i64 = 4;
/// But not sooner than this: on a very fast target a pause of the scheduler would look like one of the target.
pub const MIN_WAIT: Millis = Millis::new(100);

/// How long to wait before hinting; `None` where the typical latency is not known or the timeout comes first.
pub fn wait(typical: Option<Millis>, timeout: Millis) -> Option<Millis> {
    let wait = typical?.times(FACTOR).max(MIN_WAIT);
    (wait < timeout).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_between_the_floor_and_the_timeout() {
        let timeout = Millis::new(3000);
        assert_eq!(wait(None, timeout), None);
        assert_eq!(wait(Some(Millis::new(2)), timeout), Some(Millis::new(100)));
        assert_eq!(wait(Some(Millis::new(100)), timeout), Some(Millis::new(400)));
        assert_eq!(wait(Some(Millis::new(750)), timeout), None);
    }
}
