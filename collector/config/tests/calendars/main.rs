//! Contracts judged on the calendars of real zones, each case worked out by hand from published changes of the clock.
//!
//! A case goes the way of `quorate sla evaluate`: the contract is a YAML text, the checks' states are lines of JSON, the zone
//! comes from the bundled database by its name. Local times stand with their offset, so that the arithmetic can be followed:
//! a length is always the difference of two moments in UTC.

mod apia;
mod berlin;
mod case;
mod elsewhere;
mod every_zone;
mod kathmandu;
mod lord_howe;
mod new_york;
mod sao_paulo;
