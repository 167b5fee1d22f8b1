//! What SQL migrations do: text in, [`Steps`] out.
//!
//! Statements are told apart first, so that one that is not understood costs no other; each is
//! then read on its own. `sqlparser` gives the tokens, columns, constraints and types; the frames
//! around them (`CREATE … ON …`, `ALTER TABLE … , …`) are few and regular and are read here, since
//! that crate knows but a part of what `pg_dump` and PostgreSQL's own manual hold.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `section` | the part of a file that is applied, where it also says how to undo it |
//! | `statements` | statements told apart |
//! | `cursor` | going through the tokens of one |
//! | `statement` | what a statement is, by how it begins |
//! | `table`, `alter` | tables, columns, constraints |
//! | `create`, `object` | whatever else is made, altered, dropped |
//! | `type_name` | types |
//! | `rows` | reading and writing rows |
//! | `block` | `DO` blocks |
//! | `bounds` | what is handed to `sqlparser`, and what is too much for it |

mod alter;
mod block;
mod bounds;
mod create;
mod cursor;
mod object;
mod outcome;
mod rows;
mod section;
mod statement;
mod statements;
mod table;
#[cfg(test)]
mod tests;
mod type_name;

use gate::ledger::{Change, Reach, Step, Steps};

use outcome::Outcome;
pub(super) use section::applied;

/// Bytes of a file from which on nobody means it as a migration of a schema.
const LONGEST_FILE: usize = 16 << 20;

/// Steps after which the rest is not told one by one.
const MOST_STEPS: usize = 100_000;

/// What the statements of `text` do; lines are counted from `first_line`.
pub(super) fn steps(text: &str, first_line: u32) -> Steps {
    if text.len() > LONGEST_FILE {
        return Steps::NotRead { why: format!("it is bigger than {} MiB", LONGEST_FILE >> 20).into() };
    }
    let mut outcome = Outcome::default();
    for found in statements::split(text, first_line) {
        if outcome.steps.len() > MOST_STEPS {
            let why = format!("there are more than {MOST_STEPS} steps before it").into();
            outcome.steps.push(Step { change: Change::Unread { why, reach: Reach::Anything }, line: found.line });
            break;
        }
        statement::read(&found, &mut outcome);
    }
    Steps::Read(outcome.steps)
}
