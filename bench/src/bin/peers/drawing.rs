//! A figure of several arms, as bars with between what the middle half lies: SVG.

use std::fmt::Write;

use super::median::Middle;
use super::results::Figure;

/// Pixels.
const WIDTH: f64 = 760.0;
const NAMES: f64 = 220.0;
const NUMBERS: f64 = 110.0;
const BAR: f64 = 26.0;
const TOP: f64 = 40.0;

/// schemagate's own bars; others are grey.
const OWN: &str = "#0072b2";
const OTHERS: &str = "#9aa0a6";

/// Draws them under each other.
pub(crate) fn bars(title: &str, figure: Figure, arms: &[(&str, Middle)]) -> String {
    let most = arms.iter().map(|(_, middle)| middle.high).fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - NAMES - NUMBERS) / most;
    let height = arms.iter().fold(TOP + 10.0, |height, _| height + BAR);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"24\" font-size=\"15\">{}: {}</text>\n",
        escaped(title),
        escaped(figure.name)
    );
    let mut top = TOP;
    for (arm, Middle { low, median, high }) in arms {
        let colour = if arm.starts_with("schemagate") { OWN } else { OTHERS };
        let (middle, end) = (top + BAR / 2.0, NAMES + median * scale);
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{NAMES}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>\
             <path d=\"M{:.1} {middle:.1}H{:.1}\" stroke=\"black\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            NAMES - 8.0,
            middle + 4.0,
            escaped(arm),
            top + 3.0,
            median * scale,
            BAR - 6.0,
            NAMES + low * scale,
            NAMES + high * scale,
            end.max(NAMES + high * scale) + 6.0,
            middle + 4.0,
            escaped(&figure.told(*median)),
        );
        top += BAR;
    }
    text + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::super::results::P50;
    use super::*;

    #[test]
    fn each_arm_has_a_bar() {
        let middle = |median: f64| Middle { low: median, median, high: median * 1.1 };
        let svg = bars("1 & 2", P50, &[("schemagate", middle(1.0)), ("other", middle(2.0))]);
        assert_eq!((svg.matches(OWN).count(), svg.matches(OTHERS).count()), (1, 1), "{svg}");
        assert!(svg.contains("1 &amp; 2: p50") && svg.contains("2.000 ms"), "{svg}");
    }
}
