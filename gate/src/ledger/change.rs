//! What one statement of a migration does to a schema.

use std::collections::BTreeSet;

use crate::{ObjectName, RelationKind, TypeName};

/// What a migration's file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Steps {
    /// What it does, in its order; single steps may be [`Change::Unread`].
    Read(Vec<Step>),
    /// Nothing of it was read: it is a program, or too big.
    NotRead {
        /// Why, in words that follow "it was not read: ".
        why: Box<str>,
    },
}

impl Default for Steps {
    fn default() -> Self {
        Self::NotRead { why: "nobody has looked into it".into() }
    }
}

impl Steps {
    /// What was read; nothing where nothing was.
    pub fn read(&self) -> &[Step] {
        if let Self::Read(steps) = self { steps } else { &[] }
    }

    /// Whether every statement is understood, so that nothing else can happen.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Read(steps) => steps.iter().all(|step| !matches!(step.change, Change::Unread { .. })),
            Self::NotRead { .. } => false,
        }
    }
}

/// One thing that a migration does, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub change: Change,
    /// The line of its statement in the migration's file, from 1.
    pub line: u32,
}

/// One thing that a migration does to a database.
///
/// Names are as PostgreSQL understands them (unquoted ones in lower case, cut to 63 bytes); a name
/// without a schema is looked for, or made, along the search path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// From here to the migration's end, unqualified names are looked for in these schemas; in
    /// those in which they were at its beginning if there are none.
    SearchPath(Vec<Box<str>>),

    /// A schema is made.
    CreateSchema {
        /// Its name.
        name: Box<str>,
    },
    /// A schema is dropped with all that is in it.
    DropSchema {
        /// Its name.
        name: Box<str>,
    },
    /// A schema gets another name.
    RenameSchema {
        /// Its name so far.
        name: Box<str>,
        /// Its new name.
        to: Box<str>,
    },

    /// A table, a view or a materialized view is made.
    CreateRelation(NewRelation),
    /// A table, a view or a materialized view is dropped.
    DropRelation {
        /// Its name.
        name: ObjectName,
    },
    /// A relation (or, as PostgreSQL allows that too, an index) gets another name.
    RenameRelation {
        /// Its name so far.
        name: ObjectName,
        /// Its new name, in the same schema.
        to: Box<str>,
    },
    /// A relation goes to another schema.
    MoveRelation {
        /// Its name so far.
        name: ObjectName,
        /// Where it goes.
        schema: Box<str>,
    },
    /// Something else is done to a relation that no catalog of ours shows: a default, a trigger, a
    /// policy, an owner.
    AlterRelation {
        /// Its name.
        name: ObjectName,
        /// What is done, as SQL calls it: `SET DEFAULT`, `CREATE TRIGGER`.
        how: Box<str>,
    },

    /// A table gets another column.
    AddColumn {
        /// The table.
        table: ObjectName,
        /// The column.
        column: NewColumn,
        /// Whether one that is there already stays as it is (`IF NOT EXISTS`).
        if_absent: bool,
    },
    /// A column is dropped, with the indexes and constraints that hold it.
    DropColumn {
        /// The table.
        table: ObjectName,
        /// The column.
        column: Box<str>,
    },
    /// A column gets another name.
    RenameColumn {
        /// The table.
        table: ObjectName,
        /// Its name so far.
        column: Box<str>,
        /// Its new name.
        to: Box<str>,
    },
    /// A column gets another type.
    ColumnType {
        /// The table.
        table: ObjectName,
        /// The column.
        column: Box<str>,
        /// Its new type; `None` if it cannot be told.
        ty: Option<TypeName>,
    },
    /// A column starts or stops to accept NULL.
    ColumnNull {
        /// The table.
        table: ObjectName,
        /// The column.
        column: Box<str>,
        /// Whether it accepts NULL from now on.
        nullable: bool,
    },

    /// A table gets another constraint.
    AddConstraint {
        /// The table.
        table: ObjectName,
        /// The constraint.
        constraint: NewConstraint,
    },
    /// A constraint is dropped, with the index that backs it.
    DropConstraint {
        /// The table.
        table: ObjectName,
        /// The constraint.
        name: Box<str>,
    },
    /// A constraint is now known to hold for every row.
    ValidateConstraint {
        /// The table.
        table: ObjectName,
        /// The constraint.
        name: Box<str>,
    },
    /// A constraint gets another name, as does the index that backs it.
    RenameConstraint {
        /// The table.
        table: ObjectName,
        /// Its name so far.
        name: Box<str>,
        /// Its new name.
        to: Box<str>,
    },

    /// An index is built.
    CreateIndex {
        /// Its name; `None` where PostgreSQL makes one up.
        name: Option<Box<str>>,
        /// Its table, in whose schema it lies.
        table: ObjectName,
        /// Its columns, in order; none where it is on expressions too.
        columns: Vec<Box<str>>,
        /// Other words of it that may be columns: in expressions, `INCLUDE`, `WHERE`.
        mentions: Vec<Box<str>>,
        /// Whether it keeps values apart.
        unique: bool,
        /// Whether one of that name stays as it is (`IF NOT EXISTS`).
        if_absent: bool,
    },
    /// An index is dropped.
    DropIndex {
        /// Its name.
        name: ObjectName,
    },
    /// An index gets another name.
    RenameIndex {
        /// Its name so far.
        name: ObjectName,
        /// Its new name, in the same schema.
        to: Box<str>,
    },

    /// An enum type is made.
    CreateEnum {
        /// Its name.
        name: ObjectName,
        /// Its values, in order.
        values: Vec<Box<str>>,
        /// Whether one of that name stays as it is, as in `EXCEPTION WHEN duplicate_object`.
        if_absent: bool,
    },
    /// An enum gets another value.
    AddEnumValue {
        /// The enum.
        name: ObjectName,
        /// The value.
        value: Box<str>,
        /// Where it goes.
        place: EnumPlace,
    },
    /// A value of an enum gets another name.
    RenameEnumValue {
        /// The enum.
        name: ObjectName,
        /// Its name so far.
        value: Box<str>,
        /// Its new name.
        to: Box<str>,
    },
    /// A type that is no enum is made: a domain, a composite, a range.
    CreateType {
        /// Its name.
        name: ObjectName,
        /// What it is, as SQL calls it: `DOMAIN`.
        what: &'static str,
    },
    /// Something else is done to a type.
    AlterType {
        /// Its name.
        name: ObjectName,
    },
    /// A type, an enum or not, gets another name.
    RenameType {
        /// Its name so far.
        name: ObjectName,
        /// Its new name, in the same schema.
        to: Box<str>,
    },
    /// A type goes to another schema.
    MoveType {
        /// Its name so far.
        name: ObjectName,
        /// Where it goes.
        schema: Box<str>,
    },
    /// A type, an enum or not, is dropped.
    DropType {
        /// Its name.
        name: ObjectName,
        /// Whether the columns of that type go with it.
        cascade: bool,
    },

    /// A function or a procedure is made, or made anew.
    CreateFunction {
        /// Its name.
        name: ObjectName,
        /// The types of its input arguments; `None` if they cannot be told.
        arguments: Option<Vec<TypeName>>,
    },
    /// A function or a procedure is dropped.
    DropFunction {
        /// Its name.
        name: ObjectName,
        /// The types of its input arguments; `None` where the name alone is given.
        arguments: Option<Vec<TypeName>>,
    },
    /// An extension is installed.
    CreateExtension {
        /// Its name.
        name: Box<str>,
    },
    /// An extension is dropped.
    DropExtension {
        /// Its name.
        name: Box<str>,
    },

    /// Rows of a table are written: its shape stays as it is.
    Rows {
        /// The table.
        table: ObjectName,
        /// What is done to them, as SQL calls it: `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `COPY`,
        /// `TRUNCATE`.
        how: &'static str,
    },
    /// Something that is understood and touches nothing that a catalog of ours shows: a sequence,
    /// a publication.
    Other {
        /// What is done, as SQL calls it: `CREATE SEQUENCE`.
        how: Box<str>,
        /// What it is done to, where it has a name.
        name: Option<ObjectName>,
    },
    /// What this does cannot be told.
    Unread {
        /// Why, in words that follow a colon.
        why: Box<str>,
        /// What it can do at most.
        reach: Reach,
    },
}

/// What a step can do that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Anything: names are put together while it runs.
    Anything,
    /// Anything to objects that these words, as they stand in it, can name. A name that is not
    /// among them is neither made nor dropped, but by what is done to what holds it.
    Words(BTreeSet<Box<str>>),
    /// Rows: the tool means it for that, though it could do more (Django's `RunPython`).
    Rows,
}

impl Reach {
    /// Whether an object of that name may be made.
    pub fn may_name(&self, name: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Words(words) => words.contains(name),
            Self::Rows => false,
        }
    }
}

/// A relation that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRelation {
    /// Its name.
    pub name: ObjectName,
    /// What it is.
    pub kind: RelationKind,
    /// The columns that are written out.
    pub columns: Vec<NewColumn>,
    /// Whether it is a partition of the one that it copies.
    pub partition: bool,
    /// Relations whose columns it has too (`LIKE`, `INHERITS`, `PARTITION OF`), ahead of its own.
    /// Constraints and indexes that come with them are not told.
    pub copies: Vec<ObjectName>,
    /// Whether these are all its columns: not so where a query makes them.
    pub complete: bool,
    /// Its constraints.
    pub constraints: Vec<NewConstraint>,
    /// What becomes of one that is there already.
    pub existing: Existing,
}

/// What becomes of a relation of that name that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The statement fails, so there is none.
    Fails,
    /// It stays as it is (`IF NOT EXISTS`).
    Stays,
    /// It is replaced (`OR REPLACE`).
    Replaced,
}

/// A column that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewColumn {
    /// Its name.
    pub name: Box<str>,
    /// Its type; `None` if it cannot be told.
    pub ty: Option<TypeName>,
    /// Whether it accepts NULL.
    pub nullable: bool,
}

/// A constraint that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConstraint {
    /// Its name; `None` where PostgreSQL makes one up.
    pub name: Option<Box<str>>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Columns of its own table that it is on, in order; of a check, every word that may be one.
    pub columns: Vec<Box<str>>,
    /// `false` if rows that are there already may break it (`NOT VALID`).
    pub valid: bool,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintKind {
    /// A primary key: its columns accept no NULL, and an index of its name backs it.
    PrimaryKey,
    /// Values that differ: an index of its name backs it.
    Unique,
    /// Rows that are in another table.
    ForeignKey {
        /// The other table.
        to: ObjectName,
    },
    /// An expression that is true.
    Check,
    /// Rows that exclude each other: an index of its name backs it.
    Exclude,
}

/// Where a new value of an enum goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnumPlace {
    /// Behind all others.
    End,
    /// Right before this one.
    Before(Box<str>),
    /// Right behind this one.
    After(Box<str>),
}
