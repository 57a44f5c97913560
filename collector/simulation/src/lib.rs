//! A seeded world with known outages, to hold the verdict against the truth.
