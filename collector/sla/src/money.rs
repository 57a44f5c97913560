//! Exact money: whole minor units of a currency.

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::percent::{DecimalError, Ratio, decimal, multiply_divide, parse_decimal};

/// A currency by its ISO 4217 code, with the digits of its minor unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

impl Currency {
    /// A currency by its code of three capital letters; `None` for anything else.
    ///
    /// The minor unit has two digits but for those ISO 4217 lists with none, three or four.
    pub fn new(code: &str) -> Option<Self> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        if !code.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        let decimals = match &code {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        };
        Some(Self { code, decimals })
    }

    /// Its code.
    pub fn code(&self) -> &str {
        core::str::from_utf8(&self.code).expect("the code was checked to be ASCII letters")
    }

    /// The digits of its minor unit, 0 to 4.
    pub const fn decimals(self) -> u8 {
        self.decimals
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount that is not negative, in whole minor units; at most [`Money::MAX_MINOR`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    currency: Currency,
    minor: u64,
}

/// Why a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MoneyError {
    /// It is not a decimal number.
    Syntax,
    /// It has more decimals than the currency; holds how many are allowed.
    TooFine(u8),
    /// It is over [`Money::MAX_MINOR`].
    TooLarge,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("is not an amount; allowed is a decimal number such as \"49.90\""),
            Self::TooFine(decimals) => write!(f, "has more decimals than the currency, which has {decimals}"),
            Self::TooLarge => write!(f, "is too large; at most {} minor units are allowed", Money::MAX_MINOR),
        }
    }
}

impl core::error::Error for MoneyError {}

impl Money {
    /// The largest amount: 10^15 minor units, so that every product of the credit rules fits 128 bits.
    pub const MAX_MINOR: u64 = 1_000_000_000_000_000;

    /// So many minor units; `None` over [`Money::MAX_MINOR`].
    pub const fn from_minor(minor: u64, currency: Currency) -> Option<Self> {
        if minor > Self::MAX_MINOR { None } else { Some(Self { currency, minor }) }
    }

    /// Parses a decimal such as `49.90`.
    ///
    /// # Errors
    /// Not a decimal number, finer than the currency's minor unit, too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let minor = parse_decimal(text, currency.decimals).map_err(|error| match error {
            DecimalError::Syntax => MoneyError::Syntax,
            DecimalError::TooFine => MoneyError::TooFine(currency.decimals),
            DecimalError::TooLarge => MoneyError::TooLarge,
        })?;
        Self::from_minor(minor, currency).ok_or(MoneyError::TooLarge)
    }

    /// Its currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Its minor units.
    pub const fn minor(self) -> u64 {
        self.minor
    }

    /// This share of it, rounded half to even to the minor unit; saturates at [`Money::MAX_MINOR`].
    pub fn share(self, ratio: Ratio) -> Self {
        let ratio = ratio.reduced();
        let whole = ratio.whole();
        let times = (ratio.part() / whole).saturating_mul(self.minor.into());
        let (units, rest) = multiply_divide(ratio.part() % whole, self.minor.into(), whole);
        let units = times.saturating_add(units);
        let up = match rest.cmp(&(whole - rest)) {
            core::cmp::Ordering::Less => false,
            core::cmp::Ordering::Greater => true,
            core::cmp::Ordering::Equal => units % 2 == 1,
        };
        let minor = units.saturating_add(u128::from(up));
        let minor = u64::try_from(minor).unwrap_or(Self::MAX_MINOR).min(Self::MAX_MINOR);
        Self { currency: self.currency, minor }
    }

    /// The sum; `None` where the currencies differ or the sum is too large.
    pub fn plus(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Self::from_minor(self.minor.checked_add(other.minor)?, self.currency)
    }

    /// The amount as a decimal, without the currency.
    pub fn amount(self) -> String {
        decimal(self.minor.into(), self.currency.decimals)
    }
}

impl fmt::Display for Money {
    /// `49.90 EUR`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.amount(), self.currency.code()))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
