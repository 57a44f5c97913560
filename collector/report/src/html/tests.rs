use super::*;

#[test]
fn a_text_cannot_leave_its_place() {
    assert_eq!(Safe("<a href=\"x\" title='y'>&").to_string(), "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;");
}

#[test]
fn many_bars_are_parted_into_charts_that_fit_on_a_page() {
    let mut document = crate::complete::document();
    let line = document.latency.remove(0);
    document.latency = vec![line; 90];
    assert_eq!(charts::latency(&document).len(), 3);
    document.latency.truncate(40);
    let region = "r".repeat(64);
    document.latency[7].region = Some(region.clone());
    let charts = charts::latency(&document);
    assert_eq!(charts.len(), 1);
    // The long name is squeezed into its column; the bars begin behind it.
    assert!(
        charts[0].contains(&format!("textLength=\"300\" lengthAdjust=\"spacingAndGlyphs\">{region}")),
        "{}",
        charts[0]
    );
    assert!(charts[0].contains("x=\"310\""), "{}", charts[0]);
}

#[test]
fn a_contract_that_lasted_well_has_no_empty_tables() {
    let mut document = crate::complete::document();
    document.days[0].ledger.up_ms = document.days[0].ledger.total_ms;
    document.stretches.clear();
    document.incidents.clear();
    document.outages.clear();
    document.latency_promises.clear();
    document.checks.clear();
    document.change.as_mut().expect("it has one").figures.clear();
    let html = document.html();
    assert!(!html.contains("</thead></table>") && !html.contains("</thead>\n</table>"), "{html}");
    assert_eq!(html.matches("<section").count(), html.matches("</section>").count());
    assert!(html.contains("Incidents</h2>\n<p>None.</p>"), "{html}");
}
