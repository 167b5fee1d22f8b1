//! Where operators come in.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Check;
use super::address::is_local;
use super::requirement::Requirements;
use crate::config::file::{AdminTable, TokenTable};
use crate::config::place::{Place, Placed};
use crate::config::reader::Key;
use crate::config::{Admin, AdminToken, May, Secret};

/// Shorter tokens can be guessed; the warning says so.
const SHORTEST: usize = 16;

impl Check<'_> {
    /// The same for those who ask there alone: whether the requirements are any that it names is not asked.
    pub(in crate::config) fn admin_alone(&mut self, admin: &AdminTable) -> Option<Admin> {
        self.admin(admin, None)
    }

    pub(super) fn admin(&mut self, admin: &AdminTable, requirements: Option<&Requirements>) -> Option<Admin> {
        let tokens = self.tokens(admin);
        let tables = admin.tokens.get().map_or(&[][..], |list| &list.0);
        let simple = [&admin.read_token, &admin.read_token_file, &admin.control_token, &admin.control_token_file];
        let no_token = tables.is_empty() && simple.into_iter().all(Key::is_absent);
        let listen = admin.listen.placed().and_then(|typed| {
            let address = self.address("admin.listen", typed)?;
            if !is_local(&address) && no_token {
                self.error(typed.place, "`admin.listen` can be reached from other machines, and there is no token")
                    .help("listen on \"127.0.0.1:9901\" or \"unix:/path\", or set read_token or read_token_file");
            }
            Some(address)
        });
        let hosts = admin.hosts.get().map_or(&[][..], |list| &list.0);
        let hosts = hosts.iter().filter_map(|host| self.admin_host(host)).collect();
        let mut ready_needs = Vec::new();
        let named = requirements.and_then(|known| Some((known, admin.ready_needs.get()?)));
        for (requirements, name) in named.iter().flat_map(|(known, list)| list.0.iter().map(move |name| (*known, name)))
        {
            ready_needs
                .extend(self.resolve(name, requirements.names(), ("requirement", "requirements")).unwrap_or_default());
        }
        let listen = listen?;
        Some(Admin {
            local: is_local(&listen),
            listen,
            hosts,
            tokens,
            ready_needs,
            startup_timeout: self.duration("admin.startup_timeout", &admin.startup_timeout, Duration::ZERO),
        })
    }

    /// A name without a scheme and a port.
    fn admin_host(&mut self, typed: &Placed<String>) -> Option<String> {
        let name = typed.value.strip_suffix('.').unwrap_or(&typed.value);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            self.error(typed.place, format!("`admin.hosts`: `{}` is no host name", typed.value))
                .help("write names without scheme and port, such as \"schemagate.internal\"");
            return None;
        }
        Some(name.to_ascii_lowercase())
    }

    /// Every token that can be used; of each that cannot, why.
    fn tokens(&mut self, admin: &AdminTable) -> Vec<AdminToken> {
        let simple = [
            ("admin.read_token", &admin.read_token, &admin.read_token_file, May::Read),
            ("admin.control_token", &admin.control_token, &admin.control_token_file, May::Control),
        ];
        let mut typed: Vec<(String, Placed<String>, May)> = Vec::new();
        for (key, value, file, may) in simple {
            let name = if may == May::Read { "read_token" } else { "control_token" };
            typed.extend(self.value_or_file(key, value, file).map(|token| (name.to_owned(), token, may)));
        }
        let mut names: BTreeMap<&str, Option<Place>> = BTreeMap::new();
        for table in admin.tokens.get().map_or(&[][..], |list| &list.0) {
            typed.extend(self.named_token(table, &mut names));
        }
        let mut tokens: Vec<AdminToken> = Vec::new();
        for (name, Placed { value: token, place }, may) in typed {
            if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
                self.error(place, format!("the token `{name}` is empty, or holds spaces or what is not ASCII"))
                    .help("such as the output of: openssl rand -hex 32");
                continue;
            }
            if let Some(same) = tokens.iter().find(|other| other.secret.expose() == token) {
                self.error(place, format!("the tokens `{}` and `{name}` are the same", same.name))
                    .help("what is done by it could not be told apart: give each its own");
                continue;
            }
            if token.len() < SHORTEST {
                self.warn(
                    place,
                    format!(
                        "the token `{name}` of the admin listener has fewer than {SHORTEST} characters and can be \
                         guessed; take the output of: openssl rand -hex 32"
                    ),
                );
            }
            tokens.push(AdminToken { name, secret: Secret::new(token), may });
        }
        tokens
    }

    fn named_token<'t>(
        &mut self,
        typed: &'t Placed<TokenTable>,
        names: &mut BTreeMap<&'t str, Option<Place>>,
    ) -> Option<(String, Placed<String>, May)> {
        let Placed { value: table, place } = typed;
        let name = table.name.placed()?;
        if name.value.trim().is_empty() || name.value.len() > 100 || name.value.contains(char::is_control) {
            self.error(name.place, "`admin.tokens.name` is empty, longer than 100 bytes, or has control characters")
                .help("it is what the log has of what was done by this token");
        }
        if let Some(other) = names.insert(&name.value, name.place) {
            self.error(name.place, format!("two tokens are named `{}`", name.value)).beside(other, "the other one");
        }
        if table.token.is_absent() && table.token_file.is_absent() {
            self.error(*place, format!("the token `{}` has no `token` and no `token_file`", name.value))
                .help("such as token_file = \"/run/secrets/token\"");
        }
        let token = self.value_or_file("admin.tokens.token", &table.token, &table.token_file)?;
        Some((name.value.clone(), token, table.may.copied()?.0))
    }
}
