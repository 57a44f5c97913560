use http::Uri;
use quorate_model::CollectorTime;

use super::Parameters;
use crate::limits;

const NOW: CollectorTime = CollectorTime::from_millis(1_790_000_000_000);

fn read(query: &str) -> Result<Parameters, String> {
    let uri: Uri = format!("/x?{query}").parse().expect("the test's query is a URI");
    Parameters::read(&uri, &["from_ms", "to_ms"]).map_err(|refusal| refusal.to_string())
}

fn window(query: &str) -> Result<(i64, i64), String> {
    let window = read(query)?.window(NOW, limits::SAMPLES_WINDOW).map_err(|refusal| refusal.to_string())?;
    Ok((window.from().as_millis(), window.to().as_millis()))
}

#[test]
fn a_window_is_what_is_given_or_the_last_day() {
    let now = NOW.as_millis();
    assert_eq!(window(""), Ok((now - 86_400_000, now)));
    assert_eq!(window("to_ms=86400001"), Ok((1, 86_400_001)));
    assert_eq!(window("to_ms=5"), Ok((0, 5)), "a window does not begin before 1970");
    assert_eq!(window(&format!("from_ms={}&to_ms={}", now - 1, now + 60_000)), Ok((now - 1, now)));
    assert_eq!(window(&format!("from_ms={}", now - 31 * 86_400_000)), Ok((now - 31 * 86_400_000, now)));
}

#[test]
fn the_edges_are_refused() {
    let now = NOW.as_millis();
    for query in [
        "to_ms=0".to_owned(),
        format!("from_ms={now}"),
        format!("from_ms={}", now - 31 * 86_400_000 - 1),
        format!("to_ms={}", now + 60_001),
        "from_ms=".to_owned(),
        "from_ms=1e3".to_owned(),
        "from_ms=%31%00".to_owned(),
    ] {
        assert!(window(&query).is_err(), "{query}");
    }
}
