//! The names in an order: what they mean must be there.

use gate::{Gate, HostPattern};

use super::DeskError;
use crate::config::suggestion;

/// No list of names is longer, and no name and no sentence: it would be a mistake, and it is kept.
const MOST: usize = 200;
const LONGEST: usize = 2000;

/// Routes, by exact name.
pub(super) fn routes(names: &[String], gate: &Gate) -> Result<(), DeskError> {
    known(names, "route", "routes", &gate.rules().routes().iter().map(|route| &*route.name))
}

/// Requirements, by exact name.
pub(super) fn requirements(names: &[String], gate: &Gate) -> Result<(), DeskError> {
    let declared: Vec<&str> = gate.rules().declared().map(|(_, requirement)| &*requirement.name).collect();
    known(names, "requirement", "requirements", &declared.iter().copied())
}

/// Tenants, by schema or by the word that requests name them by. What is said to the operator where it cannot be
/// known who the tenants are.
pub(super) fn tenants(names: &[String], gate: &Gate) -> Result<Option<String>, DeskError> {
    if names.is_empty() {
        return Ok(None);
    }
    let Some(tenancy) = gate.rules().tenancy() else {
        return Err(DeskError::invalid("there are no tenants: the configuration has no [tenants]"));
    };
    let Some(directory) = gate.snapshot().tenants().and_then(|tenants| tenants.directory()) else {
        bounded(names)?;
        return Ok(Some("it is not known yet who the tenants are, so the names were not checked".to_owned()));
    };
    let schemas = || directory.tenants().iter().map(|tenant| &*tenant.schema);
    let all: Vec<&str> = schemas().chain(schemas().map(|schema| tenancy.word(schema))).collect();
    known(names, "tenant", "tenants", &all.iter().copied()).map(|()| None)
}

/// Hosts, as routes have them.
pub(super) fn hosts(names: &[String]) -> Result<Vec<HostPattern>, DeskError> {
    bounded(names)?;
    let parsed = names.iter().map(|name| {
        HostPattern::parse(name).map_err(|error| DeskError::invalid(format!("`hosts`: `{name}`: {error}")))
    });
    parsed.collect()
}

/// A sentence of bounded length, without what a terminal would act upon.
pub(super) fn sentence(name: &str, text: Option<&String>) -> Result<(), DeskError> {
    let Some(text) = text else { return Ok(()) };
    if text.len() > LONGEST {
        return Err(DeskError::invalid(format!("`{name}` is longer than {LONGEST} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(DeskError::invalid(format!("`{name}` holds a control character; write it on one line")));
    }
    Ok(())
}

fn known<'k>(
    names: &[String],
    what: &'static str,
    many: &str,
    known: &(impl Iterator<Item = &'k str> + Clone),
) -> Result<(), DeskError> {
    bounded(names)?;
    for name in names {
        if !known.clone().any(|known| known == name) {
            let help = suggestion(name, known.clone().take(MOST), many);
            return Err(DeskError::Unknown { what, name: name.clone(), help });
        }
    }
    Ok(())
}

fn bounded(names: &[String]) -> Result<(), DeskError> {
    if names.len() > MOST {
        return Err(DeskError::invalid(format!("more than {MOST} names in one list; leave the list out for all")));
    }
    names.iter().try_for_each(|name| sentence("name", Some(name)))
}
