//! The part of a file that is applied, where the file also says how to undo it.

use std::borrow::Cow;

use gate::ledger::Script;

/// What of `text` is applied: the rest is blank, so that lines keep their numbers. `None` if no
/// part of it is.
pub(in super::super) fn applied(text: &str, script: Script) -> Option<Cow<'_, str>> {
    let Script::Marked { up, down, else_whole } = script else { return Some(Cow::Borrowed(text)) };
    let marker = |line: &str| {
        let said = line.trim().strip_prefix("--").map(|said| said.trim_start_matches(['-', ' ', '\t']))?;
        let is = |mark: &str| {
            let mut words = said.split_whitespace();
            mark.split_whitespace().all(|word| words.next().is_some_and(|said| said.eq_ignore_ascii_case(word)))
        };
        if is(up) { Some(true) } else { is(down).then_some(false) }
    };
    if !text.lines().any(|line| marker(line) == Some(true)) {
        return else_whole.then_some(Cow::Borrowed(text));
    }
    let mut is_up = false;
    let mut applied = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        is_up = marker(line).unwrap_or(is_up);
        applied.push_str(if is_up { line } else { "\n" });
    }
    Some(Cow::Owned(applied))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOSE: Script = Script::Marked { up: "+goose Up", down: "+goose Down", else_whole: false };

    #[test]
    fn only_the_part_that_is_applied_is_left_and_lines_keep_their_numbers() {
        let text = "-- +goose Up\nA;\n-- +goose StatementBegin\nB;\n-- +goose Down\nC;\n";
        assert_eq!(applied(text, GOOSE).unwrap(), "-- +goose Up\nA;\n-- +goose StatementBegin\nB;\n\n\n");
        let text = "\n--  +goose   up\nA;\n--+goose down\nB;\n-- +goose Up\nC;";
        assert_eq!(applied(text, GOOSE).unwrap(), "\n--  +goose   up\nA;\n\n\n-- +goose Up\nC;");
    }

    #[test]
    fn a_file_without_its_marks_is_applied_whole_or_not_at_all_as_the_tool_does() {
        assert_eq!(applied("A;", GOOSE), None);
        let lenient = Script::Marked { up: "Up Migration", down: "Down Migration", else_whole: true };
        assert_eq!(applied("A;", lenient).unwrap(), "A;");
        assert_eq!(
            applied("-- Up Migration\nA;\n--- down migration\nB;", lenient).unwrap(),
            "-- Up Migration\nA;\n\n\n"
        );
    }
}
