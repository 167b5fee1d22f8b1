//! Facts of one kind: as a table for people, as lines for programs.

use std::iter::repeat_n;

use super::tone;

/// Facts of one kind.
#[derive(Debug)]
pub(super) struct Section {
    /// The word that begins each line.
    pub(super) word: &'static str,
    /// What stands above each column of the table; of a name that begins with `~` the value goes on changing by itself.
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Vec<Cell>>,
}

/// One value.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// In a table; each line of it below the other.
    told: String,
    /// In a line.
    plain: String,
}

impl Cell {
    /// What is told to people in other words than to programs.
    pub(super) fn both(told: impl Into<String>, plain: impl Into<String>) -> Self {
        Self { told: told.into(), plain: plain.into() }
    }

    /// Several values: in a table each on a line of its own.
    pub(super) fn several(values: &[String]) -> Self {
        Self { told: values.join("\n"), plain: values.join("; ") }
    }

    /// The longest line as it is shown.
    fn width(&self) -> usize {
        self.told.lines().map(|line| line.chars().count()).max().unwrap_or(0)
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        let text = text.into();
        Self { told: text.clone(), plain: text }
    }
}

/// What a server says can neither end a line nor steer a terminal.
fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl Section {
    /// A line of each fact, parted by tabs.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines_of(|_| true)
    }

    /// The same without what goes on changing by itself, so that what is new in them has happened.
    pub(super) fn lasting_lines(&self) -> Vec<String> {
        self.lines_of(|column| !column.starts_with('~'))
    }

    fn lines_of(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let line = |row: &Vec<Cell>| {
            let wanted = self.columns.iter().zip(row).filter(|(column, _)| is_wanted(column));
            let parts = wanted.map(|(_, cell)| tame(&cell.plain));
            std::iter::once(self.word.to_owned()).chain(parts).collect::<Vec<_>>().join("\t").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }

    /// A table; `None` where there is nothing to put in it. If it is `coloured`, what is no more than a word for how
    /// something stands has that word's colour.
    pub(super) fn table(&self, coloured: bool) -> Option<String> {
        let first = self.rows.first()?;
        let heads: Vec<Cell> =
            self.columns.iter().map(|column| column.trim_start_matches('~').to_uppercase().into()).collect();
        let all = || std::iter::once(&heads).chain(&self.rows);
        let widths: Vec<usize> = (0..first.len())
            .map(|column| all().filter_map(|row| row.get(column)).map(Cell::width).max().unwrap_or(0))
            .collect();
        let mut table = String::new();
        for row in all() {
            let height = row.iter().map(|cell| cell.told.lines().count()).max().unwrap_or(1).max(1);
            for at in 0..height {
                let mut line = String::new();
                for (cell, width) in row.iter().zip(&widths) {
                    let text = tame(cell.told.lines().nth(at).unwrap_or_default());
                    // A colour takes no room.
                    let gap = width.saturating_sub(text.chars().count()) + 2;
                    line.push_str(&if coloured { tone::of(&text) } else { text });
                    line.extend(repeat_n(' ', gap));
                }
                table.push_str(line.trim_end());
                table.push('\n');
            }
        }
        Some(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section() -> Section {
        let findings = ["column a is missing".to_owned(), "to mend it: migrate".to_owned()];
        Section {
            word: "requirement",
            columns: &["requirement", "now", "~for", "what is wrong"],
            rows: vec![
                vec!["orders".into(), "broken".into(), Cell::both("1 min", "60"), Cell::several(&findings)],
                vec!["a".into(), "ready".into(), Cell::both("2 s", "2"), Cell::default()],
            ],
        }
    }

    #[test]
    fn a_table_has_its_columns_below_each_other() {
        let expected = "\
REQUIREMENT  NOW     FOR    WHAT IS WRONG
orders       broken  1 min  column a is missing
                            to mend it: migrate
a            ready   2 s
";
        assert_eq!(section().table(false).as_deref(), Some(expected));
        assert_eq!(Section { rows: Vec::new(), ..section() }.table(false), None);
        let coloured =
            expected.replace("broken", "\u{1b}[31mbroken\u{1b}[0m").replace("ready ", "\u{1b}[32mready\u{1b}[0m ");
        assert_eq!(section().table(true), Some(coloured));
    }

    #[test]
    fn a_line_is_a_fact_and_what_a_server_says_stays_in_it() {
        let expected =
            ["requirement\torders\tbroken\t60\tcolumn a is missing; to mend it: migrate", "requirement\ta\tready\t2"];
        assert_eq!(section().lines(), expected);
        assert_eq!(section().lasting_lines()[1], "requirement\ta\tready");
        let odd = Section { rows: vec![vec!["a\u{1b}[2J\n\tb".into()]], ..section() };
        assert_eq!(odd.lines(), ["requirement\ta [2J  b"]);
    }
}
