//! Django's fields, and the columns that they make in PostgreSQL.
//!
//! Source: `DatabaseWrapper.data_types` of `django.db.backends.postgresql` (Django 5.2), and what
//! `django.contrib.postgres` adds.

use gate::TypeName;

use crate::migrations::python::{Call, Value};

/// A model's field, as far as it bears on the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Box<str>,
    pub(super) kind: Kind,
    /// `db_column`: a column's name that is not made of the field's.
    pub(super) column: Option<Box<str>>,
    pub(super) nullable: bool,
    pub(super) is_key: bool,
    pub(super) unique: bool,
    /// Whether PostgreSQL is told to refuse what is below zero.
    pub(super) is_positive: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A column of its own; `None` if its type cannot be told.
    Plain(Option<TypeName>),
    /// A column that points to a model.
    Link(Target),
    /// No column: a table between two models, unless the project has a model for it.
    Between {
        to: Target,
        /// `db_table`: a table's name that is not made of the model's and the field's.
        table: Option<Box<str>>,
        has_model: bool,
    },
}

/// The model that a field points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// An app's label, if it is another's, and a model's name in lower case.
    Model(Option<Box<str>>, Box<str>),
    /// The model itself.
    Itself,
    /// Whatever `settings.AUTH_USER_MODEL` names.
    User,
    /// It is computed.
    Unknown,
}

/// Fields whose type is always the same.
const TYPES: &[(&str, &str)] = &[
    ("AutoField", "integer"),
    ("BigAutoField", "bigint"),
    ("BigIntegerField", "bigint"),
    ("BinaryField", "bytea"),
    ("BooleanField", "boolean"),
    ("CICharField", "citext"),
    ("CIEmailField", "citext"),
    ("CITextField", "citext"),
    ("DateField", "date"),
    ("DateTimeField", "timestamp with time zone"),
    ("DurationField", "interval"),
    ("FloatField", "double precision"),
    ("GenericIPAddressField", "inet"),
    ("HStoreField", "hstore"),
    ("IPAddressField", "inet"),
    ("IntegerField", "integer"),
    ("JSONField", "jsonb"),
    ("NullBooleanField", "boolean"),
    ("PositiveBigIntegerField", "bigint"),
    ("PositiveIntegerField", "integer"),
    ("PositiveSmallIntegerField", "smallint"),
    ("SearchVectorField", "tsvector"),
    ("SmallAutoField", "smallint"),
    ("SmallIntegerField", "smallint"),
    ("TextField", "text"),
    ("TimeField", "time"),
    ("UUIDField", "uuid"),
    ("BigIntegerRangeField", "int8range"),
    ("DateRangeField", "daterange"),
    ("DateTimeRangeField", "tstzrange"),
    ("DecimalRangeField", "numrange"),
    ("IntegerRangeField", "int4range"),
];

/// Fields that are text of at most so many characters; `None` if only the field says how many.
const TEXTS: &[(&str, Option<&str>)] = &[
    ("CharField", None),
    ("CommaSeparatedIntegerField", None),
    ("EmailField", Some("254")),
    ("FileField", Some("100")),
    ("FilePathField", Some("100")),
    ("ImageField", Some("100")),
    ("SlugField", Some("50")),
    ("URLField", Some("200")),
];

/// Fields that point to one row of a model.
const LINKS: &[&str] = &["ForeignKey", "OneToOneField", "ParentalKey"];

/// Fields that point to many rows of a model.
const BETWEEN: &[&str] = &["ManyToManyField", "ParentalManyToManyField"];

impl Field {
    /// The field that a call makes; `None` if it is none of Django's and makes no sense as one.
    pub(super) fn of(name: &str, value: &Value) -> Option<Self> {
        let Value::Call(call) = value else { return None };
        let text = |argument: &str| call.named(argument).and_then(Value::text).map(Into::into);
        // A name that is computed would not be told.
        let is_plain = |argument: &str| matches!(call.named(argument), None | Some(Value::Text(_) | Value::None));
        (is_plain("db_column") && is_plain("db_table")).then_some(())?;
        let class = call.last_name();
        let kind = if LINKS.contains(&class) {
            Kind::Link(Target::of(call.argument("to", 0)))
        } else if BETWEEN.contains(&class) {
            let has_model = call.named("through").is_some_and(|through| *through != Value::None);
            Kind::Between { to: Target::of(call.argument("to", 0)), table: text("db_table"), has_model }
        } else {
            Kind::Plain(type_of(call))
        };
        let is_key = call.says("primary_key");
        Some(Self {
            name: name.into(),
            kind,
            column: text("db_column"),
            nullable: (call.says("null") || class == "NullBooleanField") && !is_key,
            is_key,
            unique: call.says("unique") || class == "OneToOneField",
            is_positive: class.starts_with("Positive"),
        })
    }

    /// The name of its column; `None` if it has none.
    pub(super) fn column(&self) -> Option<Box<str>> {
        match (&self.kind, &self.column) {
            (Kind::Between { .. }, _) => None,
            (_, Some(column)) => Some(column.clone()),
            (Kind::Link(_), None) => Some(format!("{}_id", self.name).into()),
            (Kind::Plain(_), None) => Some(self.name.clone()),
        }
    }
}

impl Target {
    fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Text(text)) if &**text == "self" => Self::Itself,
            Some(Value::Text(text)) => match text.split_once('.') {
                Some((app, model)) => Self::Model(Some(app.into()), model.to_ascii_lowercase().into()),
                None => Self::Model(None, text.to_ascii_lowercase().into()),
            },
            Some(Value::Name(name)) if &**name == "settings.AUTH_USER_MODEL" => Self::User,
            _ => Self::Unknown,
        }
    }
}

/// The type of a field's column, where the field is one of Django's.
fn type_of(call: &Call) -> Option<TypeName> {
    let class = call.last_name();
    // A field of the project's own may be called as one of Django's.
    let is_djangos = ["models.", "django.", "fields."].iter().any(|lead| call.name.starts_with(lead));
    let is_postgress = call.name.starts_with("django.contrib.postgres.");
    (is_djangos || is_postgress).then_some(())?;
    if let Some((_, ty)) = TYPES.iter().find(|(name, _)| *name == class) {
        return ty.parse().ok();
    }
    if let Some((_, default)) = TEXTS.iter().find(|(name, _)| *name == class) {
        let ty = match (call.named("max_length"), default) {
            (Some(Value::Number(length)), _) => format!("varchar({length})"),
            (None, Some(length)) => format!("varchar({length})"),
            // Since Django 4.2 text of any length, to PostgreSQL.
            (None | Some(Value::None), None) => "varchar".to_owned(),
            _ => return None,
        };
        return ty.parse().ok();
    }
    match class {
        "DecimalField" => match [call.named("max_digits")?, call.named("decimal_places")?] {
            [Value::Number(digits), Value::Number(places)] => format!("numeric({digits},{places})").parse().ok(),
            _ => None,
        },
        "ArrayField" => match call.argument("base_field", 0)? {
            Value::Call(element) => format!("{}[]", type_of(element)?).parse().ok(),
            _ => None,
        },
        "GeneratedField" => match call.named("output_field")? {
            Value::Call(output) => type_of(output),
            _ => None,
        },
        _ => None,
    }
}
