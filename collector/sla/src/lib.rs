//! From consensus segments to a service level agreement: ledger, bounds, credits.
