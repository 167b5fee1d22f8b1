//! The words that the table of tools is written in.

use super::{Files, Order, TOOLS};

/// What is known of one migration tool: its bookkeeping table, its files, and its habits.
#[derive(Debug, PartialEq, Eq)]
pub struct Tool {
    /// The word for it in configuration and logs.
    pub name: &'static str,
    /// What its makers call it.
    pub title: &'static str,
    /// Schema of the ledger by default; `None`: wherever unqualified names are looked for.
    pub schema: Option<&'static str>,
    /// The ledger's table by default.
    pub table: &'static str,
    /// The columns to read, and what each means.
    pub columns: &'static [(Role, &'static str)],
    /// Columns that the tool creates and that need no reading; they tell tools apart that share a
    /// table name.
    pub also: &'static [&'static str],
    /// The column by which rows are in the order of their writing.
    pub sequence: Option<&'static str>,
    /// What joins the parts of an identity that lies in several columns.
    pub joint: &'static str,
    /// Rows that stand for no migration.
    pub not_migrations: &'static [&'static str],
    /// Whether the ledger also holds rows of other packages, whose files lie elsewhere.
    pub shared: bool,
    /// Which rows count for a migration.
    pub counting: Counting,
    /// How a running migration is seen.
    pub lock: Lock,
    /// How its migrations lie on disk.
    pub files: Files,
    /// The order in which it applies them.
    pub order: Order,
    /// What it does with a migration that is older than one already applied.
    pub late: Late,
    /// The checksum that it writes.
    pub checksum: Checksum,
    /// What its migrations are written in.
    pub language: Language,
    /// Which part of a file of SQL it applies.
    pub script: Script,
    /// Text that its files hold and those of other tools with such files do not.
    pub signs: &'static [&'static str],
    /// Files that lie in its folder, or in a folder in it, and in no other tool's.
    pub marks: &'static [&'static str],
    /// The command that applies what is pending.
    pub mend: &'static str,
}

/// What a column of a ledger means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The migration's identity, or a part of it.
    Identity,
    /// The identity where the first one is NULL.
    IdentityElse,
    /// The checksum of the file as it was applied.
    Checksum,
    /// NULL until the migration has ended well.
    FinishedAt,
    /// Not NULL once the migration was declared undone.
    RolledBackAt,
    /// What went wrong.
    Log,
    /// One of these words (in lower case) if it ended well.
    DoneIf(&'static [&'static str]),
    /// One of these words (in lower case) if it did not end well.
    BrokenIf(&'static [&'static str]),
    /// One of these words (in lower case) if the migration was taken back.
    UndoneIf(&'static [&'static str]),
    /// One of these words (in lower case) if the row stands for everything up to its version.
    BaselineIf(&'static [&'static str]),
}

/// How databases print the boolean true.
pub const TRUE: &[&str] = &["true", "t", "1"];

/// How databases print the boolean false.
pub const FALSE: &[&str] = &["false", "f", "0"];

/// Which rows count for a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Any row that ended well; rows of failed attempts may stand beside it.
    AnyRow,
    /// The last row of that identity.
    LastRow,
    /// One row holds the newest version; every version up to it counts as applied.
    Watermark,
    /// Rows hold the newest revisions; they and all their ancestors count as applied.
    Heads,
}

/// How a running migration is seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Not at all.
    Unseen,
    /// By a session's advisory lock with this key (`pg_locks`): gone with its holder.
    Advisory(i64),
    /// By a session's advisory lock whose key is the CRC-32 of the database's name, times this.
    AdvisoryOfDatabase(i64),
    /// By a row that says so: it stays when its writer is killed.
    Row {
        /// The lock's table, beside the ledger.
        table: &'static str,
        /// The column that says so, by one of the words of [`TRUE`].
        column: &'static str,
    },
}

/// What a tool does with a migration that is older than one already applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// It applies it like any other.
    Applies,
    /// It never applies it, and says nothing.
    Skips,
    /// It refuses to go on.
    Refuses,
}

/// The checksum that a tool writes into its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// None, or one that is not computed here: edits go unseen.
    None,
    /// SHA-256 of the file in hexadecimal.
    Sha256,
    /// SHA-256 in hexadecimal, of the file with either kind of line ending.
    Sha256AnyNewline,
    /// SHA-384 of the file.
    Sha384,
    /// CRC-32 of the lines without their endings, as a signed decimal number.
    Crc32OfLines,
}

/// Which part of a file of SQL is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// All of it.
    Whole,
    /// What follows a comment that says so; another one begins the part that undoes it.
    Marked {
        /// How the one comment begins.
        up: &'static str,
        /// How the other begins.
        down: &'static str,
        /// Whether a file without the first is applied whole.
        else_whole: bool,
    },
}

/// What a tool's migrations are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// SQL: what a migration does can be read from it.
    Sql,
    /// A program.
    Code,
    /// SQL or a program, by the file's suffix.
    Either,
}

impl Tool {
    /// The tool of that name in the configuration.
    pub fn named(name: &str) -> Option<&'static Self> {
        TOOLS.iter().find(|tool| tool.name == name)
    }

    /// Whether a table with these columns can be this tool's ledger.
    ///
    /// Where tools share a table name, the one that explains most of the columns has it.
    pub fn fits(&self, columns: &[&str]) -> bool {
        let explained = |tool: &Self| {
            let there = |name: &&&str| columns.contains(*name);
            let mut read = tool.columns.iter().map(|(_, name)| name).chain(&tool.sequence);
            let all = read.clone().count() + tool.also.iter().filter(there).count();
            read.all(|name| there(&name)).then_some(all)
        };
        let Some(mine) = explained(self) else { return false };
        let namesakes = TOOLS.iter().filter(|tool| tool.table == self.table);
        namesakes.filter_map(explained).all(|theirs| theirs <= mine)
    }
}
