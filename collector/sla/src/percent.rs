//! Percentages of contracts and exact ratios. No float: thresholds are compared by cross-multiplication.

use alloc::format;
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;

/// A percentage as a contract writes it, 0 to 100 in steps of a millionth of a percent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u32);

/// Why a text is not a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PercentError {
    /// It is not a decimal number.
    Syntax,
    /// It has more than six decimals.
    TooFine,
    /// It is over 100.
    OverHundred,
}

impl fmt::Display for PercentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "is not a percentage; allowed is a decimal number such as \"99.95%\"",
            Self::TooFine => "has more than six decimals",
            Self::OverHundred => "is over 100%",
        })
    }
}

impl core::error::Error for PercentError {}

impl Percent {
    /// Steps of one percent.
    pub const STEPS: u32 = 1_000_000;
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// All of it.
    pub const HUNDRED: Self = Self(100 * Self::STEPS);

    /// A whole percentage; `None` over 100.
    pub const fn whole(percent: u32) -> Option<Self> {
        if percent <= 100 { Some(Self(percent * Self::STEPS)) } else { None }
    }

    /// Parses `99.95` or `99.95%`.
    ///
    /// # Errors
    /// Not a decimal number, more than six decimals, over 100.
    pub fn parse(text: &str) -> Result<Self, PercentError> {
        let steps = parse_decimal(text.strip_suffix('%').unwrap_or(text).trim(), 6).map_err(|error| match error {
            DecimalError::Syntax => PercentError::Syntax,
            DecimalError::TooFine => PercentError::TooFine,
            DecimalError::TooLarge => PercentError::OverHundred,
        })?;
        match u32::try_from(steps) {
            Ok(steps) if steps <= Self::HUNDRED.0 => Ok(Self(steps)),
            _ => Err(PercentError::OverHundred),
        }
    }

    /// As a share of 1.
    pub const fn ratio(self) -> Ratio {
        Ratio { part: self.0 as u128, whole: Self::HUNDRED.0 as u128 }
    }

    /// What is missing to 100.
    pub const fn rest(self) -> Self {
        Self(Self::HUNDRED.0 - self.0)
    }
}

impl fmt::Display for Percent {
    /// The shortest decimal: `99.95`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&trimmed_decimal(self.0.into(), 6))
    }
}

impl fmt::Debug for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}%")
    }
}

/// Why a text is not a decimal of limited length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecimalError {
    Syntax,
    TooFine,
    TooLarge,
}

/// Parses digits with an optional fraction into units of `10^-decimals`.
pub(crate) fn parse_decimal(text: &str, decimals: u8) -> Result<u64, DecimalError> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || fraction.is_some_and(|part| !all_digits(part)) {
        return Err(DecimalError::Syntax);
    }
    let fraction = fraction.unwrap_or("").trim_end_matches('0');
    let missing = usize::from(decimals).checked_sub(fraction.len()).ok_or(DecimalError::TooFine)?;
    let digits = whole.bytes().chain(fraction.bytes()).chain(core::iter::repeat_n(b'0', missing));
    digits
        .into_iter()
        .try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
        .ok_or(DecimalError::TooLarge)
}

/// `units * 10^-decimals` without trailing zeros.
pub fn trimmed_decimal(units: u128, decimals: u8) -> String {
    let text = decimal(units, decimals);
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// `units * 10^-decimals` with all decimals.
pub(crate) fn decimal(units: u128, decimals: u8) -> String {
    if decimals == 0 {
        return format!("{units}");
    }
    let base = 10u128.pow(decimals.into());
    format!("{}.{:0width$}", units / base, units % base, width = usize::from(decimals))
}

/// An exact share, `part / whole`, at least 0; `whole` is over 0.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    part: u128,
    whole: u128,
}

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self { part: 0, whole: 1 };
    /// All of it.
    pub const ONE: Self = Self { part: 1, whole: 1 };

    /// `part / whole`; `None` where `whole` is 0.
    pub const fn new(part: u128, whole: u128) -> Option<Self> {
        if whole == 0 { None } else { Some(Self { part, whole }) }
    }

    /// The counter, not reduced.
    pub const fn part(self) -> u128 {
        self.part
    }

    /// The denominator, not reduced; over 0.
    pub const fn whole(self) -> u128 {
        self.whole
    }

    /// True if it is 0.
    pub const fn is_zero(self) -> bool {
        self.part == 0
    }

    /// Divided by the common divisor.
    pub fn reduced(self) -> Self {
        let divisor = gcd(self.part, self.whole);
        Self { part: self.part / divisor, whole: self.whole / divisor }
    }

    /// The product, `None` where even the reduced terms do not fit.
    pub fn times(self, other: Self) -> Option<Self> {
        let a = Self { part: self.part, whole: other.whole }.reduced();
        let b = Self { part: other.part, whole: self.whole }.reduced();
        Self::new(a.part.checked_mul(b.part)?, a.whole.checked_mul(b.whole)?)
    }

    /// The sum, `None` where even the reduced terms do not fit.
    pub fn plus(self, other: Self) -> Option<Self> {
        let (a, b) = (self.reduced(), other.reduced());
        let divisor = gcd(a.whole, b.whole);
        let whole = (a.whole / divisor).checked_mul(b.whole)?;
        let part = a.part.checked_mul(b.whole / divisor)?.checked_add(b.part.checked_mul(a.whole / divisor)?)?;
        Self::new(part, whole)
    }

    /// What is missing to 1; 0 where it is over 1.
    pub const fn rest(self) -> Self {
        Self { part: self.whole.saturating_sub(self.part), whole: self.whole }
    }

    /// As a percentage with `decimals` digits after the point, cut off and never rounded up: 99.9899 shows as `99.98`.
    pub fn percent_truncated(self, decimals: u8) -> String {
        decimal(self.percent_units(decimals), decimals)
    }

    /// As a percentage of up to `decimals` digits after the point, cut off, without trailing zeros: `10`, `12.5`.
    pub fn percent_short(self, decimals: u8) -> String {
        trimmed_decimal(self.percent_units(decimals), decimals)
    }

    fn percent_units(self, decimals: u8) -> u128 {
        let small = self.reduced();
        let factor = 100 * 10u128.pow(decimals.into());
        let (times, left) = (small.part / small.whole, small.part % small.whole);
        let (fraction, _) = multiply_divide(left, factor, small.whole);
        times.saturating_mul(factor).saturating_add(fraction)
    }
}

/// `part * factor / whole` and its remainder, without ever holding the product; `part` is below `whole`.
pub(crate) fn multiply_divide(part: u128, factor: u128, whole: u128) -> (u128, u128) {
    if let Some(product) = part.checked_mul(factor) {
        return (product / whole, product % whole);
    }
    let (mut quotient, mut rest) = (0u128, 0u128);
    let add = |rest: u128, more: u128| if rest >= whole - more { (rest - (whole - more), 1) } else { (rest + more, 0) };
    for bit in (0..128 - factor.leading_zeros()).rev() {
        let (doubled, carry) = add(rest, rest);
        (quotient, rest) = (quotient * 2 + carry, doubled);
        if factor >> bit & 1 == 1 {
            let (sum, carry) = add(rest, part);
            (quotient, rest) = (quotient + carry, sum);
        }
    }
    (quotient, rest)
}

/// The greatest common divisor; at least 1.
pub(crate) fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some(left), Some(right)) = (self.part.checked_mul(other.whole), other.part.checked_mul(self.whole)) {
            return left.cmp(&right);
        }
        // Continued fractions compare without a product, so that no size overflows.
        let (mut a, mut b) = (*self, *other);
        loop {
            match (a.part / a.whole).cmp(&(b.part / b.whole)) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
            match (a.part % a.whole, b.part % b.whole) {
                (0, 0) => return Ordering::Equal,
                (0, _) => return Ordering::Less,
                (_, 0) => return Ordering::Greater,
                (left_a, left_b) => {
                    // Inverting both turns the order round, so the two change places.
                    let (next_a, next_b) = (b.whole, a.whole);
                    (a, b) = (Self { part: next_a, whole: left_b }, Self { part: next_b, whole: left_a });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
