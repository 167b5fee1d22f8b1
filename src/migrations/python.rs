//! What stands in a Python file as plain values.

use std::path::Path;

use ruff_python_ast::{Expr, ModModule, Operator, Stmt};

use super::{FolderError, Problem, script};

/// A Python file.
pub(super) struct Module(ModModule);

/// A class in it.
pub(super) struct Class<'m>(&'m [Stmt]);

/// A value, as far as it stands there and is not computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// `None`.
    None,
    /// A string.
    Text(Box<str>),
    /// A list, a tuple or a set.
    Items(Vec<Value>),
    /// Anything else: it would take running the file to know.
    Unread,
}

impl Module {
    pub(super) fn read(path: &Path) -> Result<Self, FolderError> {
        let text = script::text(path)?;
        let parsed = ruff_python_parser::parse_module(&text).map_err(|error| {
            let before = text.get(..error.location.start().to_usize()).unwrap_or_default();
            FolderError {
                place: path.to_owned(),
                line: Some(before.matches('\n').count() + 1),
                problem: Problem::Content(format!("it is not Python: {}", error.error)),
            }
        })?;
        Ok(Self(parsed.into_syntax()))
    }

    /// The value that the file gives to `name`, outside of classes and functions.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        assigned(&self.0.body, name)
    }

    /// Its classes, with their names.
    pub(super) fn classes(&self) -> impl Iterator<Item = (&str, Class<'_>)> {
        self.0.body.iter().filter_map(|statement| {
            let class = statement.as_class_def_stmt()?;
            Some((class.name.as_str(), Class(&class.body)))
        })
    }
}

impl Class<'_> {
    /// The value that the class gives to `name`.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        assigned(self.0, name)
    }
}

impl Value {
    /// The string, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The items, if it has any.
    pub(super) fn items(&self) -> &[Self] {
        if let Self::Items(items) = self { items } else { &[] }
    }

    fn of(expression: &Expr) -> Self {
        match expression {
            Expr::NoneLiteral(_) => Self::None,
            Expr::StringLiteral(text) => Self::Text(text.value.to_str().into()),
            Expr::List(list) => Self::Items(list.elts.iter().map(Self::of).collect()),
            Expr::Tuple(tuple) => Self::Items(tuple.elts.iter().map(Self::of).collect()),
            Expr::Set(set) => Self::Items(set.elts.iter().map(Self::of).collect()),
            Expr::BinOp(sum) if sum.op == Operator::Add => match (Self::of(&sum.left), Self::of(&sum.right)) {
                (Self::Items(left), Self::Items(right)) => Self::Items([left, right].concat()),
                _ => Self::Unread,
            },
            _ => Self::Unread,
        }
    }
}

/// The last value that one of these statements gives to `name`.
fn assigned(statements: &[Stmt], name: &str) -> Option<Value> {
    let is_name = |target: &Expr| target.as_name_expr().is_some_and(|target| target.id.as_str() == name);
    statements.iter().rev().find_map(|statement| match statement {
        Stmt::Assign(assign) if assign.targets.iter().any(is_name) => Some(Value::of(&assign.value)),
        Stmt::AnnAssign(assign) if is_name(&assign.target) => assign.value.as_deref().map(Value::of),
        _ => None,
    })
}
