//! The models that migrations have made so far: an operation names fields and models, and only
//! these say which columns and tables that means.

use std::collections::BTreeMap;

use gate::{ObjectName, TypeName};

use super::fields::{Field, Kind, Target};

/// An app's label and a model's name in lower case.
pub(super) type Place = (Box<str>, Box<str>);

#[derive(Debug, Clone, Default)]
pub(super) struct Models {
    models: BTreeMap<Place, Model>,
    /// The model that stands for `settings.AUTH_USER_MODEL`, as it is made: what points to it can
    /// be made first.
    user: Option<(Place, Model)>,
}

#[derive(Debug, Clone)]
pub(super) struct Model {
    /// `db_table`, where one is given.
    pub(super) table: Option<Box<str>>,
    pub(super) fields: Vec<Field>,
    /// Whether Django makes a table for it: not so for proxies and for models of others' tables.
    pub(super) has_table: bool,
    /// Constraints of it that are indexes to PostgreSQL.
    pub(super) indexes: Vec<Box<str>>,
}

/// Models of Django's own packages, whose migrations are not on disk, with the type of their key.
const OWN: &[(&str, &str)] = &[
    ("admin", "logentry"),
    ("auth", "group"),
    ("auth", "permission"),
    ("auth", "user"),
    ("contenttypes", "contenttype"),
    ("flatpages", "flatpage"),
    ("redirects", "redirect"),
    ("sites", "site"),
];

impl Models {
    pub(super) fn get(&self, place: &Place) -> Option<&Model> {
        self.models.get(place)
    }

    pub(super) fn get_mut(&mut self, place: &Place) -> Option<&mut Model> {
        self.models.get_mut(place)
    }

    pub(super) fn set_user(&mut self, place: Place, model: Model) {
        self.user = Some((place, model));
    }

    pub(super) fn insert(&mut self, place: Place, model: Model) {
        self.models.insert(place, model);
    }

    pub(super) fn remove(&mut self, place: &Place) -> Option<Model> {
        self.models.remove(place)
    }

    /// A model's table; `None` if Django would have to cut its name.
    pub(super) fn table(&self, place: &Place) -> Option<ObjectName> {
        let said = self.get(place).and_then(|model| model.table.clone());
        table_called(&said.unwrap_or_else(|| format!("{}_{}", place.0, place.1).into()))
    }

    /// The table between two models that a field of `place` makes; `None` if it makes none, or its
    /// name would have to be cut.
    pub(super) fn table_between(&self, place: &Place, field: &Field) -> Option<ObjectName> {
        let Kind::Between { table, has_model: false, .. } = &field.kind else { return None };
        match table {
            Some(table) => table_called(table),
            None => {
                let own = self.table(place)?;
                let name = format!("{}_{}", own.name(), field.name);
                Some(match own.schema() {
                    Some(schema) => ObjectName::qualified(schema, &fitting(&name)?),
                    None => ObjectName::unqualified(&fitting(&name)?),
                })
            }
        }
    }

    /// The model that a field of `place` points to.
    pub(super) fn target(&self, place: &Place, target: &Target) -> Option<Place> {
        match target {
            Target::Model(app, model) => Some((app.clone().unwrap_or_else(|| place.0.clone()), model.clone())),
            Target::Itself => Some(place.clone()),
            Target::User => {
                let user = self.user.as_ref().map(|(place, _)| place.clone());
                Some(user.unwrap_or_else(|| ("auth".into(), "user".into())))
            }
            Target::Unknown => None,
        }
    }

    /// The type of a field's column; `None` if it cannot be told.
    pub(super) fn column_type(&self, place: &Place, field: &Field) -> Option<TypeName> {
        match &field.kind {
            Kind::Plain(ty) => ty.clone(),
            Kind::Link(target) => self.key_type(&self.target(place, target)?),
            Kind::Between { .. } => None,
        }
    }

    /// The type of a model's primary key.
    pub(super) fn key_type(&self, place: &Place) -> Option<TypeName> {
        // A key may itself point to a model, and that one's key to another.
        let mut place = place.clone();
        for _ in 0..8 {
            let user = self.user.as_ref().filter(|(user, _)| *user == place).map(|(_, model)| model);
            let Some(model) = self.get(&place).or(user) else {
                let is_own = OWN.iter().any(|(app, model)| *app == &*place.0 && *model == &*place.1);
                return is_own.then(|| "integer".parse().ok())?;
            };
            let key = model.fields.iter().find(|field| field.is_key)?;
            match &key.kind {
                Kind::Link(target) => place = self.target(&place, target)?,
                Kind::Plain(ty) => return ty.clone(),
                Kind::Between { .. } => return None,
            }
        }
        None
    }

    /// Fields of other models that make a table between those and `place`.
    pub(super) fn tables_to(&self, place: &Place) -> Vec<ObjectName> {
        let others = self.models.iter().filter(|(other, _)| *other != place);
        let fields = others.flat_map(|(other, model)| model.fields.iter().map(move |field| (other, field)));
        let points = fields.filter(|(other, field)| match &field.kind {
            Kind::Between { to, .. } => self.target(other, to).as_ref() == Some(place),
            _ => false,
        });
        points.filter_map(|(other, field)| self.table_between(other, field)).collect()
    }

    /// Fields that pointed to one model point to another from now on.
    pub(super) fn retarget(&mut self, from: &Place, to: &Place) {
        for (place, model) in &mut self.models {
            for field in &mut model.fields {
                let (Kind::Link(target) | Kind::Between { to: target, .. }) = &mut field.kind else { continue };
                let Target::Model(app, name) = target else { continue };
                if app.as_ref().unwrap_or(&place.0) == &from.0 && *name == from.1 {
                    *target = Target::Model(Some(to.0.clone()), to.1.clone());
                }
            }
        }
    }
}

/// The table of that name; a schema is smuggled in as `schema"."table`.
fn table_called(name: &str) -> Option<ObjectName> {
    match name.trim_matches('"').split_once("\".\"") {
        Some((schema, table)) => Some(ObjectName::qualified(schema, table)),
        None => Some(ObjectName::unqualified(&fitting(name.trim_matches('"'))?)),
    }
}

/// Django cuts what is longer than PostgreSQL keeps, and puts a sum at its end.
fn fitting(name: &str) -> Option<Box<str>> {
    (name.len() <= ObjectName::LONGEST).then(|| name.into())
}
