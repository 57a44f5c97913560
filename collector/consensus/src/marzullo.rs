//! Marzullo's algorithm: where most of several intervals agree (K. Marzullo, "Maintaining the time in a distributed
//! system", 1984).

use alloc::vec::Vec;

use crate::timeline::middle;

/// The middle of the first stretch that most of the closed intervals cover, if at least three quarters of all `of` whose
/// word counts do and its ends are known (`i64::MIN` and `i64::MAX` are not).
pub(crate) fn agreement(intervals: &[(i64, i64)], of: usize) -> Option<i64> {
    let mut edges: Vec<(i64, bool)> = Vec::with_capacity(intervals.len() * 2);
    for (low, high) in intervals {
        // At equal times beginnings sort before ends, as the intervals are closed.
        edges.push((*low, false));
        edges.push(((*high).max(*low), true));
    }
    edges.sort_unstable();
    let (mut covering, mut most) = (0usize, 0usize);
    let mut best = None;
    let mut open: Option<i64> = None;
    for (at, is_end) in edges {
        if is_end {
            if let Some(start) = open.take() {
                best = Some((start, at));
            }
            covering -= 1;
        } else {
            covering += 1;
            if covering > most {
                most = covering;
                open = Some(at);
            }
        }
    }
    let (low, high) = best?;
    let agreed = most * 4 >= of * 3;
    (agreed && low != i64::MIN && high != i64::MAX).then(|| middle(low, high))
}

#[cfg(test)]
mod tests;
