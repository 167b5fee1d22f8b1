//! A drawing of lines, as SVG.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    BLACK, Cartesian2d, ChartBuilder, ChartContext, Color, IntoDrawingArea, LineSeries, PathElement, RGBColor,
    SVGBackend, SeriesLabelPosition, WHITE,
};

/// Width and height, in pixels.
const SIZE: (u32, u32) = (720, 320);

/// Told apart also by those who see few colours (Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// A line through points.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// Lines over one another; the vertical axis begins at zero.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'c> {
    /// What it shows.
    pub title: &'c str,
    /// What the horizontal axis is.
    pub across: &'c str,
    /// What the vertical axis is.
    pub up: &'c str,
    /// How a place on the horizontal axis is called.
    pub place: fn(f64) -> String,
}

impl Chart<'_> {
    /// Draws it. Without a point there is nothing to draw.
    pub fn svg(&self, lines: &[Line]) -> Option<String> {
        let points = || lines.iter().flat_map(|line| &line.points).filter(|(x, y)| x.is_finite() && y.is_finite());
        let left = points().map(|(x, _)| *x).reduce(f64::min)?;
        let right = points().map(|(x, _)| *x).reduce(f64::max)?.max(left + f64::EPSILON);
        let top = points().map(|(_, y)| *y).fold(0.0, f64::max) * 1.05;
        let mut text = String::new();
        self.draw(lines, left..right, 0.0..top.max(f64::EPSILON), &mut text).ok()?;
        Some(text)
    }

    fn draw(
        &self,
        lines: &[Line],
        across: std::ops::Range<f64>,
        up: std::ops::Range<f64>,
        text: &mut String,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart: ChartContext<'_, _, Cartesian2d<RangedCoordf64, RangedCoordf64>> = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(40)
            .y_label_area_size(64)
            .build_cartesian_2d(across, up)?;
        chart
            .configure_mesh()
            .x_desc(self.across)
            .y_desc(self.up)
            .x_label_formatter(&|x| (self.place)(*x))
            .x_labels(6)
            .light_line_style(WHITE)
            .draw()?;
        for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
            chart
                .draw_series(LineSeries::new(line.points.iter().copied(), colour))?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour));
        }
        if lines.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperLeft)
                .background_style(WHITE.mix(0.8))
                .border_style(BLACK)
                .draw()?;
        }
        area.present()?;
        drop(chart);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHART: Chart<'_> = Chart { title: "t", across: "x", up: "y", place: |x| format!("{x}") };

    #[test]
    fn lines_are_drawn_with_their_names() {
        let line = |name: &str, points: &[(f64, f64)]| Line { name: name.to_owned(), points: points.to_vec() };
        let svg =
            CHART.svg(&[line("one <of> two", &[(0.0, 1.0), (1.0, 3.0)]), line("two", &[(0.0, 2.0)])]).expect("svg");
        assert!(svg.starts_with("<svg "), "{svg}");
        assert!(svg.contains("one &lt;of&gt; two"), "{svg}");
        assert_eq!(CHART.svg(&[line("none", &[])]), None);
        assert!(CHART.svg(&[line("a point", &[(3.0, 0.0)])]).is_some());
    }
}
