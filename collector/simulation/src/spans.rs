//! Sets of moments as sorted half-open stretches, in milliseconds since the world began.

/// A stretch: first moment, first moment after it.
pub type Span = (i64, i64);

/// Sorts stretches, joins those that touch and drops empty ones.
pub fn normalise(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|(start, end)| start < end);
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for (start, end) in spans {
        match out.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => out.push((start, end)),
        }
    }
    out
}

/// The moments inside a window.
pub fn clip(spans: &[Span], window: Span) -> Vec<Span> {
    spans.iter().map(|(s, e)| (*s.max(&window.0), *e.min(&window.1))).filter(|(s, e)| s < e).collect()
}

/// How long all stretches last together; they have to be normalised.
pub fn total(spans: &[Span]) -> i64 {
    spans.iter().map(|(s, e)| e - s).sum()
}

/// What `left` has and `right` has not; both normalised.
pub fn minus(left: &[Span], right: &[Span]) -> Vec<Span> {
    let mut out = Vec::new();
    let mut skip = 0;
    for &(start, end) in left {
        let mut from = start;
        while right.get(skip).is_some_and(|r| r.1 <= from) {
            skip += 1;
        }
        for &(cut_start, cut_end) in right.get(skip..).unwrap_or_default() {
            if cut_start >= end {
                break;
            }
            if cut_start > from {
                out.push((from, cut_start));
            }
            from = from.max(cut_end);
        }
        if from < end {
            out.push((from, end));
        }
    }
    out
}

/// True if a moment lies in one of the stretches; they have to be normalised.
pub fn holds(spans: &[Span], moment: i64) -> bool {
    let after = spans.partition_point(|(start, _)| *start <= moment);
    after > 0 && spans.get(after - 1).is_some_and(|(_, end)| moment < *end)
}

#[cfg(test)]
mod tests;
