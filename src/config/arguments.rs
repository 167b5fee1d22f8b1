//! Configurations that stand on the command line and in no file.

use std::path::{Path, PathBuf};

use super::{Config, ConfigErrors, Database};

/// Stands for the file in messages.
const ORIGIN: &str = "command line";

/// What `schemagate run` is told without a configuration file.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// Where clients come in; by default at the port that `PORT` says, or at 8080.
    pub listen: Option<String>,
    /// Where operators come in; by default as in a file.
    pub admin: Option<String>,
    /// The server that requests go to.
    pub upstream: String,
    /// The database's URL.
    pub database: String,
    /// The lock that the database must hold.
    pub lock: String,
}

impl Config {
    /// One upstream, one database, and one route for everything, which needs the lock.
    pub fn from_arguments(arguments: &Arguments) -> Result<Self, ConfigErrors> {
        Self::from_arguments_noting(arguments, &mut Vec::new())
    }

    /// The same, and notes in `read` what was read, or was to be.
    pub fn from_arguments_noting(arguments: &Arguments, read: &mut Vec<PathBuf>) -> Result<Self, ConfigErrors> {
        // A default of a variable holds none: so the port has a variable of its own.
        let listen = if arguments.listen.is_some() { "${listen}" } else { "0.0.0.0:${PORT:-8080}" };
        let text = format!(
            r#"
listen.http = "{listen}"
admin.listen = "${{admin:-127.0.0.1:9901}}"
databases.main.url = "${{database}}"
upstreams.app.servers = "${{upstream}}"
requirements.schema.lock = "${{lock}}"
routes = [{{ path = "/*", needs = "schema" }}]
"#
        );
        let Arguments { listen, admin, upstream, database, lock } = arguments;
        let given = [
            ("listen", listen.as_ref()),
            ("admin", admin.as_ref()),
            ("database", Some(database)),
            ("upstream", Some(upstream)),
            ("lock", Some(lock)),
        ];
        of_values(&text, &given, read)
    }
}

impl Database {
    /// The database of a URL, with every setting at its default.
    pub fn from_url(url: &str) -> Result<Self, ConfigErrors> {
        const TEXT: &str = r#"databases.main.url = "${database}""#;
        let mut config = of_values(TEXT, &[("database", Some(&url.to_owned()))], &mut Vec::new())?;
        Ok(config.databases.remove(0))
    }
}

/// Reads a text whose values are given as variables, so that nothing in them can be taken for
/// syntax. Other variables, such as libpq's, are the process's.
fn of_values(text: &str, given: &[(&str, Option<&String>)], read: &mut Vec<PathBuf>) -> Result<Config, ConfigErrors> {
    let env = |name: &str| match given.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => value.cloned(),
        None => std::env::var(name).ok(),
    };
    Config::parse_noting(text, Path::new(ORIGIN), &env, read)
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    #[test]
    fn a_url_alone_is_a_database_with_its_defaults() {
        let database = Database::from_url("postgres://app:p%22w@db.example/shop?schema=app").expect("a database");
        let Source::Postgres(settings) = &database.source else { panic!("PostgreSQL") };
        assert_eq!(settings.url.to_string(), "postgresql://app@db.example:5432/shop");
        let errors = Database::from_url("postgres:/app:hunter2@db").expect_err("two slashes are missing");
        assert!(!errors.render(false).contains("hunter2"), "{errors}");
    }

    #[test]
    fn arguments_are_a_configuration_of_one_route() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("schema.lock");
        std::fs::write(&lock, "version = 1\n[tables.orders]\nid = \"bigint not null\"\n").expect("a file");
        let arguments = |lock: &Path| Arguments {
            listen: None,
            admin: None,
            upstream: "127.0.0.1:3000".to_owned(),
            database: "postgres://app@127.0.0.1/app".to_owned(),
            lock: lock.display().to_string(),
        };
        let config = Config::from_arguments(&arguments(&lock)).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!((config.rules.routes().len(), config.rules.requirements()[0].facts.len()), (1, 2));
        let errors = Config::from_arguments(&arguments(&folder.path().join("none"))).expect_err("no lock");
        assert!(errors.to_string().contains("there is no lock"), "{errors}");
    }
}
