use proptest::prelude::*;

use super::*;

/// Reads full pages of a table of whose rows so many fit, each time as many as fit; gives how many rows each page held, and how many
/// answers were thrown away.
fn read(fit: &mut Fit, fits: usize, pages: usize) -> (Vec<usize>, usize) {
    let mut thrown_away = 0;
    let held = (0..pages).map(|_| {
        let asked = fit.rows(PAGE_ROWS_MAX);
        let mut rows = asked;
        while rows > fits.max(1) {
            thrown_away += 1;
            rows /= 2;
        }
        fit.learn(asked, if fits == 0 { 0 } else { rows }, rows);
        rows
    });
    (held.collect(), thrown_away)
}

#[test]
fn what_fitted_is_asked_for_again_and_more_is_tried_ever_less_often() {
    let mut fit = Fit::default();
    assert_eq!(read(&mut fit, 12, 1), (vec![12], 3));
    let (held, thrown_away) = read(&mut fit, 12, 299);
    assert!(held.iter().all(|rows| *rows == 12) && thrown_away <= 8, "{thrown_away} of 299: {held:?}");
}

#[test]
fn one_row_that_is_too_large_is_soon_forgotten() {
    let mut fit = Fit::default();
    read(&mut fit, 100, 5);
    assert_eq!(read(&mut fit, 0, 1).0, [1]);
    let (held, thrown_away) = read(&mut fit, 100, 15);
    assert_eq!((&held[..6], held[14], thrown_away), (&[1, 1, 2, 2, 4, 4][..], 100, 0), "{held:?}");
}

#[test]
fn a_short_page_tells_nothing() {
    let mut fit = Fit::default();
    read(&mut fit, 12, 1);
    let before = fit;
    for _ in 0..100 {
        fit.learn(12, 12, 11);
        fit.learn(fit.rows(3), 3, 3);
    }
    assert_eq!(fit, before);
    assert_eq!((fit.rows(100), fit.rows(3), fit.rows(0)), (12, 3, 1));
}

proptest! {
    #[test]
    fn whatever_comes_some_rows_are_asked_for_and_never_too_many(pages: Vec<(usize, usize, usize)>) {
        let mut fit = Fit::default();
        for (wanted, fitted, found) in pages {
            let asked = fit.rows(wanted);
            prop_assert!((1..=PAGE_ROWS_MAX).contains(&asked));
            fit.learn(asked, fitted.min(asked), found);
        }
    }

    #[test]
    fn of_a_hundred_pages_of_one_size_few_answers_are_thrown_away(fits in 1_usize..=100) {
        prop_assert!(read(&mut Fit::default(), fits, 100).1 <= 12);
    }
}
