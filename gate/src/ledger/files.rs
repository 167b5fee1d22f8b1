//! Which files are migrations, and what their names say.

/// How migrations lie on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// A folder for each, with this file in it.
    Folders {
        /// The file that holds it.
        file: &'static str,
        /// Its identity, taken from the folder's name.
        key: Key,
        /// Whether every folder is one, even where its name or its lack of the file says otherwise.
        every: bool,
    },
    /// A file for each.
    Flat(FlatFiles),
    /// In a way that takes reading more than names.
    Read(ReadBy),
}

/// Which files are migrations, and what their names say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlatFiles {
    /// How the file's name begins.
    pub lead: Lead,
    /// One of these ends the name, and is not part of the stem; the first that fits.
    pub suffixes: &'static [&'static str],
    /// None of these ends the name.
    pub except: &'static [&'static str],
    /// The identity, taken from the name.
    pub key: Key,
    /// Whether folders below count too.
    pub deep: bool,
}

/// How the name of a migration file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// Anyhow, but with a dot.
    Any,
    /// With digits.
    Digits,
    /// With digits and an underscore.
    DigitsUnderscore,
    /// With one of these letters, a version, and two underscores.
    Letter(&'static [char]),
}

/// An identity, as it is made of a file's (or folder's) name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The whole name.
    Name,
    /// The name without its suffix.
    Stem,
    /// `/` and the name without its suffix.
    SlashStem,
    /// The leading digits, as they are written.
    Digits,
    /// The leading digits as a number: without leading zeros.
    Number,
    /// What stands before the first underscore, without dashes.
    Dashless,
    /// What stands between the letter and the two underscores, with dots for underscores; the
    /// whole name where nothing stands there.
    Version,
}

/// Which reader understands the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBy {
    /// Drizzle 0.x: `meta/_journal.json` names the files and their `when`.
    DrizzleJournal,
    /// Django: packages named `migrations`; labels, dependencies and squashes stand in Python.
    Django,
    /// Alembic: `revision` and `down_revision` stand in Python.
    Alembic,
    /// `TypeORM`: the identity is a class name, or that class's `name`.
    TypeOrm,
    /// Liquibase: changesets within formatted SQL files.
    Liquibase,
}

impl FlatFiles {
    /// The stem of `name` if a file of that name is a migration.
    pub fn stem<'n>(&self, name: &'n str) -> Option<&'n str> {
        if self.except.iter().any(|suffix| name.ends_with(suffix)) || !self.lead.fits(name) {
            return None;
        }
        self.suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).filter(|stem| !stem.is_empty())
    }
}

impl Lead {
    fn fits(self, name: &str) -> bool {
        let after_digits = name.trim_start_matches(|c: char| c.is_ascii_digit());
        let has_digits = after_digits.len() < name.len();
        match self {
            Self::Any => !name.starts_with('.'),
            Self::Digits => has_digits,
            Self::DigitsUnderscore => has_digits && after_digits.starts_with('_'),
            Self::Letter(letters) => name.starts_with(letters) && name.contains("__"),
        }
    }
}

impl Key {
    /// The identity of what is called `name`, `stem` without its suffix; `None` if the name is no
    /// migration's.
    pub fn of(self, name: &str, stem: &str) -> Option<Box<str>> {
        let digits = || {
            let end = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len());
            stem.get(..end).filter(|digits| !digits.is_empty())
        };
        Some(match self {
            Self::Name => name.into(),
            Self::Stem => stem.into(),
            Self::SlashStem => format!("/{stem}").into_boxed_str(),
            Self::Digits => digits()?.into(),
            Self::Number => digits()?.parse::<u64>().ok()?.to_string().into_boxed_str(),
            Self::Dashless => {
                let version = stem.split('_').next().unwrap_or_default().replace('-', "");
                let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
                is_number.then(|| version.into_boxed_str())?
            }
            Self::Version => {
                let (lead, _) = stem.split_once("__")?;
                let version = lead.trim_start_matches(|c: char| c.is_ascii_alphabetic());
                if version.is_empty() { name.into() } else { version.replace('_', ".").into_boxed_str() }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Tool;

    /// The key that a tool with a file for each migration gives to a file.
    fn key(tool: &str, name: &str) -> Option<Box<str>> {
        let Files::Flat(files) = Tool::named(tool).expect("a tool").files else { panic!("{tool} has folders") };
        files.key.of(name, files.stem(name)?)
    }

    #[test]
    fn each_tool_names_its_migrations_in_its_own_way() {
        for (tool, name, expected) in [
            ("knex", "20251001090000_init.js", "20251001090000_init.js"),
            ("sequelize", "20251001090000-create.js", "20251001090000-create.js"),
            ("mikro-orm", "Migration20261121080834.js", "Migration20261121080834"),
            ("node-pg-migrate", "1761776860000_maintenance-windows.sql", "1761776860000_maintenance-windows"),
            ("db-migrate", "20251001090000-init.js", "/20251001090000-init"),
            ("rails", "001_create_customers.rb", "1"),
            ("dbmate", "001_init.sql", "001"),
            ("golang-migrate", "000007_init.up.sql", "7"),
            ("goose", "00002_init.sql", "2"),
            ("sqlx", "20251001090000_init.up.sql", "20251001090000"),
            ("sqlx", "20251001090000_init.sql", "20251001090000"),
            ("flyway", "V1_2__add.sql", "1.2"),
            ("flyway", "R__views.sql", "R__views.sql"),
            ("refinery", "V1__init.rs", "1"),
            ("laravel", "2014_10_12_000000_create_users_table.php", "2014_10_12_000000_create_users_table"),
            ("ecto", "20251001090000_init.exs", "20251001090000"),
            ("ef-core", "20251001090000_Init.cs", "20251001090000_Init"),
            ("sql-migrate", "1-init.sql", "1-init.sql"),
        ] {
            assert_eq!(key(tool, name).as_deref(), Some(expected), "{tool} {name}");
        }
    }

    #[test]
    fn what_lies_beside_migrations_is_not_one() {
        for (tool, name) in [
            ("sequelize", "20251001090000-create.d.ts"),
            ("mikro-orm", ".snapshot-app.json"),
            ("rails", "schema.rb"),
            ("golang-migrate", "000007_init.down.sql"),
            ("goose", "00002_init_test.go"),
            ("sqlx", "20251001090000_init.down.sql"),
            ("flyway", "U1_2__add.sql"),
            ("flyway", "afterMigrate.sql"),
            ("ef-core", "20251001090000_Init.Designer.cs"),
            ("ef-core", "AppDbContextModelSnapshot.cs"),
            ("knex", ".eslintrc.js"),
        ] {
            assert_eq!(key(tool, name), None, "{tool} {name}");
        }
    }
}
