use proptest::prelude::*;

use super::*;

const BOOT: Boot = Boot::new(7);

const fn at(ms: u64) -> MonoTime {
    MonoTime::from_micros(ms * 1000)
}

fn clock() -> AgentClock {
    AgentClock::anchored(AgentMicros::from_micros(1_000_000_000_000), at(0))
}

fn limits(max_unacked_batches: u32) -> ResumeLimits {
    ResumeLimits { max_batch_samples: 100, max_unacked_batches, heartbeat_interval: Millis::from_secs(10) }
}

fn new_session() -> Session {
    Session::new(SessionConfig::default(), BOOT, clock())
}

/// Brings a fresh session to where samples flow; `durable` is what the collector has.
fn stream(session: &mut Session, durable: u64, now: MonoTime) {
    assert_eq!(session.poll_output(now), Some(Output::Connect));
    session.handle_connected(now);
    assert_eq!(session.poll_output(now), Some(Output::SendHello));
    session.handle_resume(Seq::new(durable), limits(4), now).expect("asked for");
    let Some(Output::SendHeartbeat { sent, .. }) = session.poll_output(now) else { panic!("no heartbeat") };
    assert_eq!(session.poll_output(now), None, "nothing before the clock is known");
    let same = CollectorMicros::from_micros(sent.as_micros());
    session.handle_heartbeat_reply(sent, same, same, now).expect("asked for");
    assert!(session.is_streaming());
    assert_eq!(session.poll_output(now), Some(Output::SendStatus));
}

#[test]
fn a_small_batch_waits_for_company_and_an_urgent_one_does_not() {
    let mut session = new_session();
    stream(&mut session, 0, at(0));
    session.handle_appended(Seq::new(1), Urgency::Batched, at(10));
    assert_eq!(session.poll_output(at(10)), None);
    assert_eq!(session.next_wake(), Some(at(210)));
    session.handle_appended(Seq::new(2), Urgency::Now, at(20));
    assert_eq!(session.poll_output(at(20)), Some(Output::SendData { from: Seq::new(1), max_samples: 100 }));
    session.handle_sent(SentKind::Batch, Seq::new(2), at(20));
    assert_eq!(session.poll_output(at(1000)), None);
    session.handle_ack(BOOT, Seq::new(2), at(1000)).expect("sent");
    assert_eq!(session.settled(), Seq::new(2));
}

#[test]
fn the_window_and_the_rate_hold_the_backlog_back() {
    let mut session = new_session();
    session.handle_appended(Seq::new(10_000), Urgency::Batched, at(0));
    stream(&mut session, 0, at(0));
    let mut now = at(0);
    for batch in 1..=4u64 {
        let wake = session.next_wake().expect("more to send");
        now = now.max(wake);
        let Some(Output::SendData { from, .. }) = session.poll_output(now) else { panic!("no data") };
        assert_eq!(from.get(), (batch - 1) * 100 + 1);
        session.handle_sent(SentKind::Batch, Seq::new(batch * 100), now);
    }
    assert_eq!(now, at(60), "5000 samples a second are 20 ms for 100");
    assert_eq!(session.poll_output(at(500)), None, "the window is full");
    session.handle_ack(BOOT, Seq::new(100), at(500)).expect("sent");
    assert!(matches!(session.poll_output(at(500)), Some(Output::SendData { .. })));
}

#[test]
fn a_rejected_range_is_settled_once_what_lies_before_it_is() {
    let mut session = new_session();
    session.handle_appended(Seq::new(300), Urgency::Batched, at(0));
    stream(&mut session, 0, at(0));
    for last in [100, 200, 300] {
        session.handle_sent(SentKind::Batch, Seq::new(last), at(0));
    }
    session.handle_reject(BOOT, Seq::new(101), Seq::new(200), at(1)).expect("sent");
    assert_eq!(session.settled(), Seq::new(0));
    session.handle_ack(BOOT, Seq::new(100), at(2)).expect("sent");
    assert_eq!(session.settled(), Seq::new(200));
    session.handle_ack(BOOT, Seq::new(300), at(3)).expect("sent");
    assert_eq!(session.settled(), Seq::new(300));
}

#[test]
fn messages_that_cannot_be_are_refused() {
    let mut session = new_session();
    let unexpected = session.handle_resume(Seq::new(0), limits(1), at(0));
    assert_eq!(unexpected, Err(SessionError::Unexpected("Resume")));
    assert_eq!(session.handle_ack(BOOT, Seq::new(0), at(0)), Err(SessionError::Unexpected("Ack")));
    session.handle_appended(Seq::new(5), Urgency::Batched, at(0));
    stream(&mut session, 0, at(0));
    let ahead = session.handle_ack(BOOT, Seq::new(1), at(0));
    assert_eq!(ahead, Err(SessionError::AheadOfAgent { durable: Seq::new(1), last: Seq::new(0) }));
    let other = session.handle_ack(Boot::new(8), Seq::new(0), at(0));
    assert_eq!(other, Err(SessionError::WrongBoot { named: Boot::new(8), own: BOOT }));
    assert_eq!(session.handle_reject(BOOT, Seq::new(1), Seq::new(1), at(0)), Err(SessionError::BadRange));
}

#[test]
fn a_collector_that_knows_more_than_was_made_is_refused() {
    let mut session = new_session();
    session.poll_output(at(0));
    session.handle_connected(at(0));
    session.poll_output(at(0));
    let ahead = session.handle_resume(Seq::new(1), limits(1), at(0));
    assert_eq!(ahead, Err(SessionError::AheadOfAgent { durable: Seq::new(1), last: Seq::new(0) }));
}

#[test]
fn silence_ends_the_connection() {
    let mut session = new_session();
    assert_eq!(session.poll_output(at(0)), Some(Output::Connect));
    assert_eq!(session.next_wake(), Some(at(10_000)));
    assert_eq!(session.poll_output(at(10_000)), Some(Output::Close(CloseReason::ConnectTimeout)));
    session.handle_disconnected(0, at(10_000));

    stream(&mut session, 0, at(10_000));
    assert!(matches!(session.poll_output(at(20_000)), Some(Output::SendHeartbeat { .. })));
    assert_eq!(session.poll_output(at(20_000)), Some(Output::SendStatus));
    assert_eq!(session.poll_output(at(40_000)), Some(Output::Close(CloseReason::NoHeartbeat)));
    session.handle_disconnected(0, at(40_000));

    session.handle_appended(Seq::new(1), Urgency::Now, at(40_000));
    stream(&mut session, 0, at(40_000));
    session.handle_sent(SentKind::Batch, Seq::new(1), at(40_000));
    for second in (50_000..100_000).step_by(10_000) {
        let Some(Output::SendHeartbeat { sent, .. }) = session.poll_output(at(second)) else { panic!("no heartbeat") };
        let same = CollectorMicros::from_micros(sent.as_micros());
        session.handle_heartbeat_reply(sent, same, same, at(second)).expect("asked for");
        assert_eq!(session.poll_output(at(second)), Some(Output::SendStatus));
    }
    assert_eq!(session.poll_output(at(100_000)), Some(Output::Close(CloseReason::NoAck)));
}

#[test]
fn a_drain_waits_for_acknowledgements_and_comes_again_when_told() {
    let mut session = new_session();
    session.handle_appended(Seq::new(150), Urgency::Now, at(0));
    stream(&mut session, 0, at(0));
    session.handle_sent(SentKind::Batch, Seq::new(100), at(0));
    session.handle_drain(Millis::new(1000), at(1));
    assert_eq!(session.poll_output(at(100)), None, "nothing new is sent");
    session.handle_ack(BOOT, Seq::new(100), at(101)).expect("sent");
    assert_eq!(session.poll_output(at(101)), Some(Output::Close(CloseReason::Drained)));
    session.handle_disconnected(0, at(101));
    assert_eq!(session.next_wake(), Some(at(1101)));
    stream(&mut session, 100, at(1101));
    assert_eq!(session.poll_output(at(1101)), Some(Output::SendData { from: Seq::new(101), max_samples: 100 }));
}

#[test]
fn a_stop_sends_what_is_spooled_and_ends() {
    let mut session = new_session();
    session.handle_appended(Seq::new(3), Urgency::Batched, at(0));
    stream(&mut session, 0, at(0));
    session.handle_stop(at(5000), at(1));
    assert!(matches!(session.poll_output(at(1)), Some(Output::SendData { .. })));
    session.handle_sent(SentKind::Batch, Seq::new(3), at(1));
    assert_eq!(session.poll_output(at(2)), None);
    session.handle_ack(BOOT, Seq::new(3), at(3)).expect("sent");
    assert_eq!(session.poll_output(at(3)), Some(Output::Close(CloseReason::Stopped)));
    session.handle_disconnected(0, at(3));
    assert!(session.is_ended());
    assert_eq!(session.poll_output(at(4)), Some(Output::Ended));
}

#[test]
fn a_stop_without_a_collector_ends_at_its_deadline() {
    let mut session = new_session();
    session.poll_output(at(0));
    session.handle_stop(at(2000), at(1));
    assert_eq!(session.next_wake(), Some(at(2000)));
    assert_eq!(session.poll_output(at(2000)), Some(Output::Close(CloseReason::Stopped)));
    session.handle_disconnected(0, at(2000));
    assert!(session.is_ended());
}

/// What a collector does, and what the network does to it.
#[derive(Clone, Copy, Debug)]
enum Event {
    Append(u64),
    Pass(u64),
    /// Everything that arrived becomes durable and is acknowledged.
    Ack,
    /// The oldest batch that arrived is rejected.
    Reject,
    /// The connection breaks; what arrived and was not stored is lost.
    Cut,
    Drain,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1u64..300).prop_map(Event::Append),
        4 => (1u64..3000).prop_map(Event::Pass),
        3 => Just(Event::Ack),
        1 => Just(Event::Reject),
        1 => Just(Event::Cut),
        1 => Just(Event::Drain),
    ]
}

/// A collector that stores what it is sent, and asserts that it is sent in order.
#[derive(Default)]
struct Collector {
    durable: u64,
    arrived: VecDeque<(u64, u64)>,
    expected: u64,
    stored: Vec<(u64, u64)>,
}

impl Collector {
    fn step(&mut self, session: &mut Session, appended: u64, now: MonoTime) {
        while let Some(output) = session.poll_output(now) {
            match output {
                Output::Connect => {
                    session.handle_connected(now);
                    self.arrived.clear();
                }
                Output::SendHello => {
                    self.expected = self.durable + 1;
                    session.handle_resume(Seq::new(self.durable), limits(3), now).expect("asked for");
                }
                Output::SendHeartbeat { sent, .. } => {
                    let same = CollectorMicros::from_micros(sent.as_micros());
                    session.handle_heartbeat_reply(sent, same, same, now).expect("asked for");
                }
                Output::SendStatus => {}
                Output::SendData { from, max_samples } => {
                    assert_eq!(from.get(), self.expected, "in order, without holes");
                    assert!(from.get() <= appended);
                    let last = (from.get() + u64::from(max_samples) - 1).min(appended);
                    self.arrived.push_back((from.get(), last));
                    assert!(self.arrived.len() <= 3, "the window holds");
                    self.expected = last + 1;
                    session.handle_sent(SentKind::Batch, Seq::new(last), now);
                }
                Output::Close(_) => {
                    self.arrived.clear();
                    session.handle_disconnected(3, now);
                }
                Output::Ended => break,
            }
        }
    }

    fn store(&mut self, session: &mut Session, now: MonoTime) {
        for (first, last) in self.arrived.drain(..) {
            assert_eq!(first, self.durable + 1);
            self.stored.push((first, last));
            self.durable = last;
        }
        if session.is_streaming() {
            session.handle_ack(BOOT, Seq::new(self.durable), now).expect("sent");
        }
    }
}

proptest! {
    /// Whatever is cut, rejected and drained: every sample is stored exactly once, or was rejected.
    #[test]
    fn nothing_is_lost_or_doubled(events in prop::collection::vec(event(), 1..120)) {
        let mut session = new_session();
        let mut collector = Collector::default();
        let (mut now_ms, mut appended) = (0, 0);
        for event in events {
            match event {
                Event::Append(count) => {
                    appended += count;
                    session.handle_appended(Seq::new(appended), Urgency::Batched, at(now_ms));
                }
                Event::Pass(ms) => now_ms += ms,
                Event::Ack => collector.store(&mut session, at(now_ms)),
                Event::Reject => if session.is_streaming() && let Some((first, last)) = collector.arrived.pop_front() {
                    session.handle_reject(BOOT, Seq::new(first), Seq::new(last), at(now_ms)).expect("sent");
                    collector.stored.push((first, last));
                    collector.durable = last;
                },
                Event::Cut => {
                    collector.arrived.clear();
                    session.handle_disconnected(5, at(now_ms));
                }
                Event::Drain => session.handle_drain(Millis::new(100), at(now_ms)),
            }
            collector.step(&mut session, appended, at(now_ms));
            prop_assert!(session.settled().get() <= collector.durable);
        }
        for _ in 0..400 {
            now_ms += 1000;
            collector.step(&mut session, appended, at(now_ms));
            collector.store(&mut session, at(now_ms));
            collector.step(&mut session, appended, at(now_ms));
        }
        prop_assert_eq!(session.settled(), Seq::new(appended));
        let mut next = 1;
        for (first, last) in collector.stored {
            prop_assert_eq!(first, next);
            next = last + 1;
        }
        prop_assert_eq!(next, appended + 1);
    }
}
