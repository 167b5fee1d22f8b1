//! All that was measured, in one shape: figures of arms in scenarios, one value for each time that they were measured.

use std::fmt::Write;

use super::median::Middle;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    digits: usize,
}

const fn figure(name: &'static str, unit: &'static str, digits: usize) -> Figure {
    Figure { name, unit, digits }
}

pub(crate) const RATE: Figure = figure("requests/s", "", 0);
pub(crate) const PER_CORE: Figure = figure("for each second of its processor", "", 0);
pub(crate) const P50: Figure = figure("p50", "ms", 3);
pub(crate) const P99: Figure = figure("p99", "ms", 3);
pub(crate) const P999: Figure = figure("p99.9", "ms", 3);
pub(crate) const LONGEST: Figure = figure("longest", "ms", 1);
pub(crate) const ERRORS: Figure = figure("errors", "", 0);
pub(crate) const MEMORY: Figure = figure("memory", "MiB", 1);
pub(crate) const PER_CONNECTION: Figure = figure("memory for each connection", "KiB", 1);
pub(crate) const LATE: Figure = figure("generator late, p99", "ms", 3);
pub(crate) const START: Figure = figure("from its start to its first answer", "ms", 0);
pub(crate) const BINARY: Figure = figure("binary", "MiB", 1);
pub(crate) const NANOSECONDS: Figure = figure("a decision", "ns", 0);
pub(crate) const HELD: Figure = figure("waited", "", 0);
pub(crate) const FIRST: Figure = figure("first answer after the change", "ms", 0);
pub(crate) const LAST: Figure = figure("last answer after it", "ms", 0);
pub(crate) const SWAPS: Figure = figure("looks and swaps/s", "", 0);
pub(crate) const LEAKED: Figure = figure("500s that reached clients", "", 0);
pub(crate) const REFUSED: Figure = figure("refusals", "", 0);
pub(crate) const NEEDLESS: Figure = figure("refusals after the mend", "", 0);
pub(crate) const SEEN: Figure = figure("a break is seen after", "ms", 0);
pub(crate) const MENDED: Figure = figure("its mend after", "ms", 0);
pub(crate) const MAX_RATE: Figure = figure("requests/s, nothing broken", "", 0);

impl Figure {
    /// A value, with its unit.
    pub(crate) fn told(self, value: f64) -> String {
        let space = if self.unit.is_empty() { "" } else { " " };
        format!("{value:.*}{space}{}", self.digits, self.unit)
    }

    fn middle(self, Middle { low, median, high }: Middle) -> String {
        let digits = self.digits;
        let range = if high > low { format!(" ({low:.digits$}–{high:.digits$})") } else { String::new() };
        format!("{}{range}", self.told(median))
    }
}

/// What is told together.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) says: String,
}

/// One figure of one arm.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) section: &'static str,
    pub(crate) arm: String,
    pub(crate) figure: Figure,
    pub(crate) values: Vec<f64>,
}

#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) sections: Vec<Section>,
    pub(crate) series: Vec<Series>,
}

impl Results {
    /// Opens a section.
    pub(crate) fn section(&mut self, name: &'static str, says: impl Into<String>) {
        self.sections.push(Section { name, says: says.into() });
    }

    pub(crate) fn add(&mut self, section: &'static str, arm: &str, figure: Figure, value: f64) {
        let known = self.series.iter_mut().find(|series| series.is(section, arm, figure));
        match known {
            Some(series) => series.values.push(value),
            None => self.series.push(Series { section, arm: arm.to_owned(), figure, values: vec![value] }),
        }
    }

    /// The median of a figure.
    pub(crate) fn median(&self, section: &str, arm: &str, figure: Figure) -> Option<f64> {
        let series = self.series.iter().find(|series| series.is(section, arm, figure))?;
        series.middle().map(|middle| middle.median)
    }

    /// The sum of a figure.
    pub(crate) fn sum(&self, section: &str, arm: &str, figure: Figure) -> Option<f64> {
        let series = self.series.iter().find(|series| series.is(section, arm, figure))?;
        Some(series.values.iter().sum())
    }

    /// The arms of a section, as they came.
    pub(crate) fn arms(&self, section: &str) -> Vec<&str> {
        let mut arms: Vec<&str> = Vec::new();
        for series in self.series.iter().filter(|series| series.section == section) {
            if !arms.contains(&series.arm.as_str()) {
                arms.push(&series.arm);
            }
        }
        arms
    }

    /// A section's figures, as they came.
    pub(crate) fn figures(&self, section: &str) -> Vec<Figure> {
        let mut figures = Vec::new();
        for series in self.series.iter().filter(|series| series.section == section) {
            if !figures.contains(&series.figure) {
                figures.push(series.figure);
            }
        }
        figures
    }

    /// A section as a table of Markdown: a row for each arm.
    pub(crate) fn table(&self, section: &str) -> String {
        let figures = self.figures(section);
        let mut text = String::from("|");
        for figure in &figures {
            let _ = write!(text, " | {}", figure.name);
        }
        let _ = writeln!(text, " |\n| --- |{}", " ---: |".repeat(figures.len()));
        for arm in self.arms(section) {
            let _ = write!(text, "| {arm}");
            for figure in &figures {
                let series = self.series.iter().find(|series| series.is(section, arm, *figure));
                let told = series.and_then(Series::told).unwrap_or_else(|| "–".to_owned());
                let _ = write!(text, " | {told}");
            }
            text.push_str(" |\n");
        }
        text
    }

    /// Every value, a line each.
    pub(crate) fn csv(&self) -> String {
        let mut text = String::from("section,arm,figure,unit,time,value\n");
        for Series { section, arm, figure, values } in &self.series {
            for (time, value) in values.iter().enumerate() {
                let _ = writeln!(text, "{section},\"{arm}\",\"{}\",{},{time},{value}", figure.name, figure.unit);
            }
        }
        text
    }
}

impl Series {
    fn is(&self, section: &str, arm: &str, figure: Figure) -> bool {
        self.section == section && self.arm == arm && self.figure == figure
    }

    pub(crate) fn middle(&self) -> Option<Middle> {
        Middle::of(self.values.iter().copied())
    }

    /// What is counted is told in all; what is measured by its median.
    fn told(&self) -> Option<String> {
        if [ERRORS, LEAKED, REFUSED, NEEDLESS].contains(&self.figure) {
            return Some(self.figure.told(self.values.iter().sum()));
        }
        Some(self.figure.middle(self.middle()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_become_a_table_and_lines() {
        let mut results = Results::default();
        for (arm, figure, value) in [("a", P50, 1.0), ("a", ERRORS, 1.0), ("b", P50, 2.0), ("a", ERRORS, 2.0)] {
            results.add("s", arm, figure, value);
        }
        let table = "| | p50 | errors |\n| --- | ---: | ---: |\n| a | 1.000 ms | 3 |\n| b | 2.000 ms | – |\n";
        assert_eq!(results.table("s"), table);
        assert_eq!(results.csv().lines().count(), 5);
        assert_eq!((results.median("s", "b", P50), results.sum("s", "a", ERRORS)), (Some(2.0), Some(3.0)));
    }
}
