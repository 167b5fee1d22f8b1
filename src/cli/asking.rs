//! Where a running schemagate is asked, the same for every command that does.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use clap::Args;

use super::admin_client::{AdminClient, Tokens};
use super::console::Console;
use super::exit::Exit;
use super::{ConfigFile, Format, complain};
use crate::config::{Admin, Secret};

/// The variable that may hold the token: an argument would show in the list of processes.
const TOKEN: &str = "SCHEMAGATE_TOKEN";

/// Where it listens of which nothing else is said.
const USUAL: &str = "127.0.0.1:9901";

const ADMIN_HELP: &str = "\
The admin listener to ask, such as http://127.0.0.1:9901 or unix:/run/schemagate.sock; then no configuration file is read";

const TOKEN_HELP: &str = "A file with the token to send, before $SCHEMAGATE_TOKEN and what stands under [admin]";

/// Where a running schemagate is asked, and how it is told.
#[derive(Debug, Args)]
pub(super) struct Asking {
    #[command(flatten)]
    file: ConfigFile,
    #[arg(long, value_name = "URL", env = "SCHEMAGATE_ADMIN", global = true, help = ADMIN_HELP)]
    admin: Option<String>,
    #[arg(long, value_name = "FILE", global = true, help = TOKEN_HELP)]
    token_file: Option<PathBuf>,
    /// How to answer
    #[arg(long, value_enum, default_value = "text", global = true)]
    pub(super) format: Format,
}

impl Asking {
    /// What asks the schemagate that is meant.
    pub(super) fn client(&self, console: &Console) -> Result<AdminClient, Exit> {
        let token = self.token(console)?;
        if let Some(url) = &self.admin {
            let tokens = token.map_or(Tokens::None, Tokens::Given);
            return AdminClient::at_url(url, tokens).map_err(|why| usage(format!("--admin: {why}"), console));
        }
        let admin = Admin::load(&self.file.config).map_err(|errors| complain(&errors, self.format, console))?;
        Ok(configured(admin, token))
    }

    /// The same, and where the configuration file does not say where: at the address that it has unless something else is said.
    pub(super) fn client_in_any_case(&self, console: &Console) -> Result<AdminClient, Exit> {
        if self.is_elsewhere() {
            return self.client(console);
        }
        match Admin::load(&self.file.config) {
            Ok(admin) => Ok(configured(admin, self.token(console)?)),
            Err(_) => AdminClient::at_url(USUAL, Tokens::None).map_err(|why| usage(why, console)),
        }
    }

    /// Whether the schemagate that is meant is not that of a configuration file.
    pub(super) const fn is_elsewhere(&self) -> bool {
        self.admin.is_some()
    }

    /// The configuration file.
    pub(super) fn file(&self) -> &Path {
        &self.file.config
    }

    fn token(&self, console: &Console) -> Result<Option<Secret>, Exit> {
        match &self.token_file {
            Some(file) => read(file).map(Some).map_err(|why| usage(why, console)),
            None => Ok(environment()),
        }
    }
}

/// Asks where the configuration says, with its own tokens where none is given.
fn configured(admin: Admin, token: Option<Secret>) -> AdminClient {
    let listen = admin.listen.clone();
    let tokens = token.map_or_else(|| Tokens::Configured(admin), Tokens::Given);
    AdminClient::at_address(&listen, tokens)
}

fn usage(message: impl Display, console: &Console) -> Exit {
    console.error(message);
    Exit::Usage
}

fn environment() -> Option<Secret> {
    std::env::var(TOKEN).ok().filter(|token| !token.is_empty()).map(Secret::new)
}

/// A file's first line; editors end it.
fn read(file: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("--token-file {}: {error}", file.display()))?;
    match text.trim() {
        "" => Err(format!("--token-file {}: it is empty", file.display())),
        token => Ok(Secret::new(token)),
    }
}
