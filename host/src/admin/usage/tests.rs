use super::{BOUNDS_BYTES, Distribution, Span};

#[test]
fn numbers_are_counted_between_their_bounds() {
    let spread = Distribution::of(vec![9, 0, 3, 3, 1], &[1, 3]);
    let spans = [(0, Some(1), 1), (1, Some(3), 1), (3, None, 3)].map(|(from, below, count)| Span { from, below, count });
    assert_eq!(spread, Distribution { count: 5, median: 3, max: 9, spans: spans.to_vec() });
}

#[test]
fn of_nothing_there_is_nothing() {
    let spread = Distribution::of(Vec::new(), &BOUNDS_BYTES);
    assert_eq!((spread.count, spread.median, spread.max), (0, 0, 0));
    assert!(spread.spans.iter().all(|span| span.count == 0));
}
