//! The agent without sockets: schedule, limits, retries, uplink session, clock offset.
