//! Lengths of time for people.

use core::fmt;

use quorate_model::Millis;

/// Shows a length of time as contracts write it: `2d`, `1h30m`, `500ms`, `-1s`.
#[derive(Clone, Copy)]
pub(crate) struct Spelled(pub(crate) Millis);

impl fmt::Display for Spelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.get().unsigned_abs();
        if rest == 0 {
            return f.write_str("0s");
        }
        if self.0 < Millis::ZERO {
            f.write_str("-")?;
        }
        for (unit, factor) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
