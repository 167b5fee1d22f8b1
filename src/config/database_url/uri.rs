//! `postgresql://user:password@host:port/database?key=value`, as libpq's manual has it in section
//! "Connection URIs": several hosts, and every part may be left out.

use percent_encoding::percent_decode_str;

use super::DatabaseUrlError;
use super::parameters::Parameters;

/// Reads what follows `scheme://`.
pub(super) fn parse(rest: &str) -> Result<Parameters, DatabaseUrlError> {
    let (authority, after) = split_before(rest, &['/', '?', '#']);
    raw_delimiters(authority, after)?;
    let (path, query) = match after.split_once('?') {
        Some((path, query)) => (path, query),
        None => (after, ""),
    };
    let mut parameters = Parameters::default();
    let hosts = match authority.rsplit_once('@') {
        Some((user, hosts)) => {
            let (user, password) = match user.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (user, None),
            };
            parameters.set("user", decode(user)?);
            if let Some(password) = password {
                parameters.set("password", decode(password)?);
            }
            hosts
        }
        None => authority,
    };
    set_hosts(hosts, &mut parameters)?;
    let mut database = path.strip_prefix('/').unwrap_or(path);
    // Django on Cloud SQL: `//cloudsql/project:region:instance/database`.
    if hosts.is_empty()
        && database.starts_with('/')
        && let Some((folder, name)) = database.rsplit_once('/')
    {
        parameters.set("host", decode(folder)?);
        database = name;
    }
    parameters.set("dbname", decode(database.strip_suffix('/').unwrap_or(database))?);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        // In a query a plus is a space to Django and Prisma, and itself to libpq; only `options`
        // has spaces.
        let value = if key == "options" { value.replace('+', " ") } else { value.to_owned() };
        parameters.set(&decode(key)?, decode(&value)?);
    }
    Ok(parameters)
}

/// Refuses a password that was not percent-encoded: every reader of the URL splits it elsewhere.
fn raw_delimiters(authority: &str, after: &str) -> Result<(), DatabaseUrlError> {
    let raw = |c: char| {
        Err(DatabaseUrlError::new(format!(
            "the password (or the user) seems to hold a raw `{c}`; percent-encode it as %{:02X}",
            u32::from(c)
        )))
    };
    if authority.matches('@').count() > 1 {
        return raw('@');
    }
    let path = after.split('?').next().unwrap_or_default();
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) || port.ends_with(']');
    // Before the at sign stood a delimiter, so what should be a port is the front of a password.
    let cut_short = !authority.contains('@')
        && after.contains('@')
        && authority.rsplit_once(':').is_some_and(|(_, port)| !is_port(port) || path.contains('@'));
    if cut_short && let Some(delimiter) = after.chars().next() {
        return raw(delimiter);
    }
    if after.contains('#') {
        return Err(DatabaseUrlError::new(
            "a raw `#` begins a fragment, which databases have not; percent-encode it as %23",
        ));
    }
    Ok(())
}

fn set_hosts(list: &str, parameters: &mut Parameters) -> Result<(), DatabaseUrlError> {
    if list.is_empty() {
        return Ok(());
    }
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for one in list.split(',') {
        let (host, port) = host_and_port(one)?;
        let host = decode(host)?;
        // A comma of a socket's folder would be taken for the next host.
        if host.contains(',') {
            return Err(DatabaseUrlError::new("a host holds a comma"));
        }
        hosts.push(host);
        ports.push(port);
    }
    parameters.set("host", hosts.join(","));
    if ports.iter().any(|port| !port.is_empty()) {
        parameters.set("port", ports.join(","));
    }
    Ok(())
}

/// One host and its port, which is empty where none was given.
fn host_and_port(one: &str) -> Result<(&str, &str), DatabaseUrlError> {
    if let Some(inner) = one.strip_prefix('[') {
        let (address, after) = inner
            .split_once(']')
            .ok_or_else(|| DatabaseUrlError::new("the bracket of an IPv6 address is not closed; write [::1]:5432"))?;
        return Ok((address, after.strip_prefix(':').unwrap_or(after)));
    }
    if one.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f")) {
        // The folder of a socket may hold colons, as on Cloud SQL.
        let port = one.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        return Ok(port.unwrap_or((one, "")));
    }
    match one.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(DatabaseUrlError::new(
            "a host has several colons; write an IPv6 address as [::1]:5432, and percent-encode a colon or at sign of a \
             password",
        )),
        Some(pair) => Ok(pair),
        None => Ok((one, "")),
    }
}

fn split_before<'t>(text: &'t str, delimiters: &[char]) -> (&'t str, &'t str) {
    text.split_at_checked(text.find(delimiters).unwrap_or(text.len())).unwrap_or((text, ""))
}

/// Escapes that are none stay as they are, as Prisma and Django leave them.
fn decode(text: &str) -> Result<String, DatabaseUrlError> {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) if decoded.contains('\0') => Err(DatabaseUrlError::new("the database URL holds %00")),
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(DatabaseUrlError::new("the percent-encoding of the database URL is not UTF-8")),
    }
}
