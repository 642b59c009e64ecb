//! The figures that have a goal, as a picture: how far each is from it.

use std::fmt::Write as _;

use super::figures::{Figure, Figures, Goal};

const WIDTH: f64 = 900.0;
/// Names stand to the left of the bars.
const NAMES: f64 = 440.0;
const LINE: f64 = 26.0;
const TOP: f64 = 56.0;
/// The goal stands here; a figure that is twice as good or better reaches the end.
const GOAL_AT: f64 = NAMES + (WIDTH - NAMES - 70.0) / 2.0;

/// An SVG: a bar for each figure that has a goal, from the least to the greatest value a thin line, with the goal itself as one line for all.
pub(crate) fn svg(figures: &Figures) -> String {
    let shown: Vec<(&Figure, Goal)> = figures.all.iter().filter_map(|figure| Some((figure, Goal::of(&figure.name)?))).collect();
    #[expect(clippy::cast_precision_loss, reason = "a few figures")]
    let bottom = TOP + LINE * shown.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n\
         <title>Crowdhook: figures by how they stand to their goals</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"12\" y=\"24\" font-size=\"16\">Medians by how they stand to their goals</text>\n\
         <text x=\"{GOAL_AT}\" y=\"44\" text-anchor=\"middle\">goal</text>\n",
        bottom + 16.0
    );
    for (number, (figure, goal)) in shown.into_iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a few figures")]
        let y = TOP + LINE * number as f64;
        let (median, least, greatest) = figure.spread();
        let at = |value: f64| NAMES + (GOAL_AT - NAMES) * goal.share(value).clamp(0.0, 2.0);
        let colour = if goal.is_met_by(median) { "#2a7f4f" } else { "#b5541c" };
        // Writing to a text does not fail.
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{NAMES}\" y=\"{y}\" width=\"{}\" height=\"18\" fill=\"{colour}\"/>\
             <line x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\" stroke=\"black\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            NAMES - 8.0,
            y + 14.0,
            escaped(&figure.name),
            at(median) - NAMES,
            at(least),
            at(greatest),
            y + 9.0,
            y + 9.0,
            at(median).max(at(least)).max(at(greatest)) + 6.0,
            y + 14.0,
            escaped(&format!("{} {}", super::report::number(median), figure.unit)),
        )
        .ok();
    }
    writeln!(svg, "<line x1=\"{GOAL_AT}\" x2=\"{GOAL_AT}\" y1=\"50\" y2=\"{bottom}\" stroke=\"black\" stroke-dasharray=\"4 3\"/>\n</svg>")
        .ok();
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
