//! A report is printed by a real browser and read as a customer would read it.

use std::path::Path;

use anyhow::{Context, ensure};
use quorate_collector_report::Document;
use quorate_tests::peers::chromium;
use quorate_tests::process::{can_run, missing_programs};

/// The report every format of which is kept in the report's crate.
fn report() -> anyhow::Result<Document> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../collector/report/tests/golden/report.json");
    Ok(Document::parse(&std::fs::read_to_string(path)?)?)
}

#[test]
fn a_report_is_printed_on_pages_that_say_everything() -> anyhow::Result<()> {
    if !can_run("the printed report", missing_programs(&["chromium", "pdftotext"])) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let (page, pdf) = (folder.path().join("report.html"), folder.path().join("report.pdf"));
    std::fs::write(&page, report()?.html())?;
    chromium::print_to_pdf(&page, &pdf, &folder.path().join("profile"))?;
    // How wide a gap is, is the printer's business.
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let pages: Vec<String> = chromium::pages_of(&pdf)?.iter().map(|page| bare(page)).collect();
    ensure!((2..=5).contains(&pages.len()), "{} pages", pages.len());
    for (place, page) in pages.iter().enumerate() {
        let number = format!("page{}of{}", place + 1, pages.len());
        ensure!(page.ends_with(&number), "page {} does not end with {number}", place + 1);
        ensure!(page.contains("inputs5a5a5a5a5a5a5a5apage"), "the foot of page {} does not name the inputs", place + 1);
    }
    // What a page is about stands above it; the first has it in its head.
    let (first, others) = pages.split_first().context("no page")?;
    let running = bare("Web shop, gold & <more>, 2026-10 shop-gold, final, revision 2");
    for (place, page) in others.iter().enumerate() {
        ensure!(page.starts_with(&running), "page {} does not begin with {running}: {page}", place + 2);
    }
    ensure!(!first.contains(&running), "the first page has the others' head too: {first}");
    for wanted in ["Web shop, gold & <more>", "FINAL", "99.9258 %", "missed", "Error budget"] {
        ensure!(first.contains(&bare(wanted)), "the first page does not say {wanted}: {first}");
    }
    let all = pages.concat();
    for wanted in
        ["120.00 EUR", "35.00 EUR", "database", "announced 2h", "fra-1/3/5120", "Changed since revision 1", "5a5a5a5a"]
    {
        ensure!(all.contains(&bare(wanted)), "no page says {wanted}");
    }
    Ok(())
}
