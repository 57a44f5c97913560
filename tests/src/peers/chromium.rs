//! A real browser without a window.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};

/// A page is printed within so long on any machine that runs tests.
const PRINTING: Duration = Duration::from_secs(90);

/// Prints a page to a PDF, both files.
///
/// # Errors
/// The browser does not start, does not end in time, or fails; holds what it said.
pub fn print_to_pdf(page: &Path, pdf: &Path, profile: &Path) -> anyhow::Result<()> {
    let mut child = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--no-pdf-header-footer", &format!("--user-data-dir={}", profile.display())])
        .arg(format!("--print-to-pdf={}", pdf.display()))
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("chromium cannot be started")?;
    let begun = std::time::Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > PRINTING {
            child.kill()?;
            child.wait()?;
            bail!("chromium did not end within {PRINTING:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let status = child.wait()?;
    ensure!(status.success() && pdf.exists(), "chromium ended with {status} and wrote no PDF");
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
