//! Plots as SVG. Colours come from the style sheet, by class; whoever does not see a plot reads the same in its label or its table.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::parts::{drawn, number};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 48.0;
const BOTTOM: f64 = 22.0;
const TOP: f64 = 10.0;

/// One line of a plot.
pub(super) struct Line {
    pub(super) name: &'static str,
    /// By the moment on the axis; none where nothing is known.
    pub(super) values: Vec<Option<f64>>,
}

/// Lines over time. `ends` are what stands below the left and the right end.
pub(super) fn lines(title: &str, unit: &str, ends: (&str, &str), lines: &[Line]) -> Markup {
    let known = || lines.iter().flat_map(|line| line.values.iter().flatten().copied());
    let top = ceiling(known().fold(0.0, f64::max));
    let label: Vec<String> = lines
        .iter()
        .map(|line| {
            let last = line.values.iter().flatten().last().copied().unwrap_or(0.0);
            let most = line.values.iter().flatten().copied().fold(0.0, f64::max);
            format!("{}: {} now, {} at most", line.name, short(last), short(most))
        })
        .collect();
    let mut svg =
        format!("<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}, {unit}. {}\">", label.join("; "));
    for part in 0..=2 {
        let share = f64::from(part) / 2.0;
        let y = TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - share);
        // Nothing can fail to be written into a text.
        write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{WIDTH}\" y2=\"{y:.1}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            short(top * share)
        )
        .ok();
    }
    let below = HEIGHT - 5.0;
    write!(
        svg,
        "<text x=\"{LEFT}\" y=\"{below}\">{}</text><text x=\"{WIDTH}\" y=\"{below}\" text-anchor=\"end\">{}</text>",
        ends.0, ends.1
    )
    .ok();
    for (index, line) in lines.iter().enumerate() {
        for stretch in stretches(&line.values, top) {
            write!(svg, "<polyline class=\"line l{index}\" points=\"{stretch}\"/>").ok();
        }
    }
    svg.push_str("</svg>");
    html! {
        figure {
            figcaption {
                b { (title) } " " span.unit { (unit) }
                @for (index, line) in lines.iter().enumerate() { span class={ "key l" (index) } { (line.name) } }
            }
            (drawn(svg))
        }
    }
}

/// The points of each stretch of a line that has no gap in it.
fn stretches(values: &[Option<f64>], top: f64) -> Vec<String> {
    let steps = values.len().saturating_sub(1).max(1);
    let mut stretches = vec![String::new()];
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else {
            stretches.push(String::new());
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "a plot has some hundred points")]
        let x = LEFT + (WIDTH - LEFT) * index as f64 / steps as f64;
        let y = TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - value / top);
        if let Some(stretch) = stretches.last_mut() {
            write!(stretch, "{x:.1},{y:.1} ").ok();
        }
    }
    stretches.retain(|stretch| !stretch.is_empty());
    stretches
}

/// A round number that is not below this one.
fn ceiling(most: f64) -> f64 {
    let mut unit = 1.0;
    while unit * 10.0 < most {
        unit *= 10.0;
    }
    [1.0, 2.0, 4.0, 5.0, 10.0].into_iter().map(|step| step * unit).find(|top| *top >= most).unwrap_or(most).max(1.0)
}

fn short(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.0}k", value / 1_000.0)
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// One bar of a plot, with what it stands for.
pub(super) struct Bar {
    pub(super) label: Markup,
    pub(super) count: u64,
    /// What is said beside the count.
    pub(super) note: String,
    pub(super) class: &'static str,
}

/// Bars, one in each row of a table: what is drawn also stands there as a number.
pub(super) fn bars(caption: &str, head: (&str, &str), bars: &[Bar]) -> Markup {
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
    #[expect(clippy::cast_precision_loss, reason = "it becomes a length on a screen")]
    let length = |count: u64| format!("{:.1}", count as f64 / most as f64 * 100.0);
    html! {
        table.bars {
            caption { (caption) }
            thead { tr { th scope="col" { (head.0) } th scope="col" { (head.1) } th scope="col" { span.hidden { "as a bar" } } } }
            tbody {
                @for bar in bars {
                    tr {
                        th scope="row" { (bar.label) }
                        td.number { (number(bar.count)) " " small { (bar.note) } }
                        td.bar {
                            svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                                rect class=(bar.class) width=(length(bar.count)) height="10" rx="1" {}
                            }
                        }
                    }
                }
            }
        }
    }
}
