//! Writes what was measured: a page of tables, a drawing for each, and every value.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::median::Middle;
use super::results::{Results, Section};
use super::{budget, drawing, machine};

/// Of how much it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
}

/// Writes `DATE-machine.md`, with its drawings and values beside it.
pub(crate) fn write(results: &Results, effort: Effort, folder: &Path) -> anyhow::Result<PathBuf> {
    let name = format!("{}-{}", machine::today(), machine::name());
    let drawings = folder.join(&name);
    fs::create_dir_all(&drawings)?;
    let mut text = head(effort);
    text.push_str("\n## Budgets\n\n");
    text.push_str(&budget::table(results));
    for section in &results.sections {
        let _ = write!(text, "\n## {}: {}\n\n{}", section.name, section.says, results.table(section.name));
        if let Some(svg) = drawn(results, section) {
            let file = format!("{}.svg", section.name);
            fs::write(drawings.join(&file), svg)?;
            let _ = write!(text, "\n![{}]({name}/{file})\n", section.name);
        }
    }
    fs::write(drawings.join("values.csv"), results.csv())?;
    let _ = write!(text, "\nEvery value: [values.csv]({name}/values.csv).\n");
    let page = folder.join(format!("{name}.md"));
    fs::write(&page, text)?;
    Ok(page)
}

fn head(Effort { rounds, seconds }: Effort) -> String {
    let mut text = String::from("# Beside other proxies\n\n");
    let _ = writeln!(
        text,
        "`make bench`: {rounds} rounds of {seconds} s each, everybody in turns; medians, and between what the middle half lies. One \
         core for the proxy, another one for the generator, the backend and PostgreSQL together.\n",
    );
    for line in machine::describe() {
        let _ = writeln!(text, "- {line}");
    }
    text
}

/// The section's first figure, or the second where the first is not what counts.
fn drawn(results: &Results, section: &Section) -> Option<String> {
    let figures = results.figures(section.name);
    let figure = *figures.iter().find(|figure| figure.name == "for each second of its processor").or(figures.first())?;
    let series = results.series.iter().filter(|series| series.section == section.name && series.figure == figure);
    let arms: Vec<(&str, Middle)> = series.filter_map(|series| Some((series.arm.as_str(), series.middle()?))).collect();
    (arms.len() > 1).then(|| drawing::bars(section.name, figure, &arms))
}
