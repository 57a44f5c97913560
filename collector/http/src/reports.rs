//! What the HTTP side asks about contracts.

use quorate_proto::api;

use crate::queries::Answer;

/// Contracts as the HTTP side sees them.
pub trait Reports: Send + Sync + 'static {
    /// How every contract is doing in its present window, sorted by id; a few seconds old at most.
    ///
    /// # Errors
    /// A failure of the store.
    fn slas(&self) -> Answer<'_, Vec<api::SlaStatus>>;

    /// A report on one window of a contract.
    ///
    /// # Errors
    /// [`QueryError::UnknownContract`](crate::QueryError::UnknownContract),
    /// [`QueryError::BadPeriod`](crate::QueryError::BadPeriod),
    /// [`QueryError::UnknownRevision`](crate::QueryError::UnknownRevision),
    /// [`QueryError::UnknownCustomer`](crate::QueryError::UnknownCustomer) or a failure of the store.
    fn report<'a>(&'a self, wanted: &'a ReportWanted) -> Answer<'a, RenderedReport>;

    /// One window of a contract after the other, oldest first: as its report is kept, else as it stands now.
    ///
    /// # Errors
    /// [`QueryError::UnknownContract`](crate::QueryError::UnknownContract),
    /// [`QueryError::BadPeriod`](crate::QueryError::BadPeriod) also where there are more windows than
    /// [`limits::LEDGER_WINDOWS`](crate::limits::LEDGER_WINDOWS), or a failure of the store.
    fn ledger<'a>(&'a self, wanted: &'a LedgerWanted) -> Answer<'a, api::SlaLedger>;
}

/// Which windows of a contract are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerWanted {
    /// The contract's id.
    pub contract: String,
    /// The name of the first; where there is none, the first of the last [`limits::LEDGER_DEFAULT`](crate::limits::LEDGER_DEFAULT).
    pub from: Option<String>,
    /// The name of the last; the one that runs where there is none.
    pub to: Option<String>,
}

/// Which report is wanted, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportWanted {
    /// The contract's id.
    pub contract: String,
    /// The window's name, such as `2026-10`; the one that runs where there is none.
    pub period: Option<String>,
    /// The customer it is for; all of them where there is none.
    pub customer: Option<String>,
    /// A revision of a final report; the last where there is none.
    pub revision: Option<u32>,
    /// How it is written.
    pub format: ReportFormat,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportFormat {
    /// The whole data model.
    #[default]
    Json,
    /// Tables for a spreadsheet.
    Csv,
    /// For people, as text.
    Markdown,
    /// For people, to print.
    Html,
}

impl ReportFormat {
    /// The words of the parameter `format`.
    pub const WORDS: [(&'static str, Self); 4] =
        [("json", Self::Json), ("csv", Self::Csv), ("md", Self::Markdown), ("html", Self::Html)];

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// A report as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedReport {
    /// Its text, in the format wanted.
    pub body: String,
}
