//! A real browser without a window.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::process::Process;

/// A page is printed within so long on any machine that runs tests.
const PRINTING: Duration = Duration::from_secs(90);

/// Prints a page to a PDF, both files.
///
/// # Errors
/// The browser does not start, does not end in time, or fails; tells what it said.
pub fn print_to_pdf(page: &Path, pdf: &Path, profile: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--no-pdf-header-footer", &format!("--user-data-dir={}", profile.display())])
        .arg(format!("--print-to-pdf={}", pdf.display()))
        .arg(format!("file://{}", page.display()));
    let log = pdf.with_extension("log");
    let status = Process::start("chromium", &mut command, &log)?.end(PRINTING)?;
    ensure!(
        status.success() && pdf.exists(),
        "chromium ended with {status} and wrote no PDF: {}",
        std::fs::read_to_string(&log)?
    );
    Ok(())
}

/// The text of each page of a PDF, as laid out.
///
/// # Errors
/// `pdftotext` does not start or does not understand the file.
pub fn pages_of(pdf: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("pdftotext").args(["-layout"]).arg(pdf).arg("-").output().context("pdftotext")?;
    ensure!(output.status.success(), "pdftotext: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split('\u{c}').filter(|page| !page.trim().is_empty()).map(str::to_owned).collect())
}
