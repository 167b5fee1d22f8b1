//! What stands in a Python file as plain values.

use std::path::Path;

use tree_sitter::{Node, Parser, Tree};

use super::{FolderError, Problem, script};

/// How deeply a file may be nested: nobody writes deeper, and whoever reads it calls itself for each level.
const DEEPEST: u32 = 500;

/// A Python file.
pub(crate) struct Module {
    tree: Tree,
    text: String,
}

/// A class in it.
pub(crate) struct Class<'m> {
    name: &'m str,
    body: Node<'m>,
    text: &'m str,
}

/// A value, as far as it stands there and is not computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
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
    pub(crate) fn read(path: &Path) -> Result<Self, FolderError> {
        Self::parse(script::text(path)?).map_err(|(line, message)| FolderError {
            place: path.to_owned(),
            line,
            problem: Problem::Content(message),
        })
    }

    pub(crate) fn parse(text: String) -> Result<Self, (Option<usize>, String)> {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).map_err(|error| (None, error.to_string()))?;
        let tree = parser.parse(&text, None).ok_or_else(|| (None, "it cannot be parsed".to_owned()))?;
        if let Some(line) = too_deep(&tree) {
            return Err((Some(line), "it is nested too deeply from here on".to_owned()));
        }
        match first_error(tree.root_node()) {
            Some(place) => Err((Some(place.start_position().row + 1), "it is not Python from here on".to_owned())),
            None => Ok(Self { tree, text }),
        }
    }

    /// The value that the file gives to `name`, outside of classes and functions.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        assigned(self.tree.root_node(), &self.text, name)
    }

    /// Its classes.
    pub(crate) fn classes(&self) -> impl Iterator<Item = Class<'_>> {
        let definitions = children(self.tree.root_node()).filter(|node| node.kind() == "class_definition");
        definitions.filter_map(|node| {
            let name = words(node.child_by_field_name("name")?, &self.text);
            Some(Class { name, body: node.child_by_field_name("body")?, text: &self.text })
        })
    }

    /// The class of that name.
    pub(crate) fn class(&self, name: &str) -> Option<Class<'_>> {
        self.classes().find(|class| class.name == name)
    }
}

impl Class<'_> {
    /// The value that the class gives to `name`.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        assigned(self.body, self.text, name)
    }
}

impl Value {
    /// The string, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The items, if it has any.
    pub(crate) fn items(&self) -> &[Self] {
        if let Self::Items(items) = self { items } else { &[] }
    }

    fn of(node: Node<'_>, text: &str) -> Self {
        match node.kind() {
            "none" => Self::None,
            "string" => plain(node, text).map_or(Self::Unread, |plain| Self::Text(plain.into())),
            "concatenated_string" => {
                let parts: Option<Vec<&str>> = children(node).map(|part| plain(part, text)).collect();
                parts.map_or(Self::Unread, |parts| Self::Text(parts.concat().into()))
            }
            "list" | "tuple" | "set" | "expression_list" => {
                Self::Items(children(node).map(|item| Self::of(item, text)).collect())
            }
            "parenthesized_expression" => children(node).next().map_or(Self::Unread, |inner| Self::of(inner, text)),
            "binary_operator" => match ["left", "operator", "right"].map(|field| node.child_by_field_name(field)) {
                [Some(left), Some(sign), Some(right)] if words(sign, text) == "+" => {
                    match (Self::of(left, text), Self::of(right, text)) {
                        (Self::Items(left), Self::Items(right)) => Self::Items([left, right].concat()),
                        _ => Self::Unread,
                    }
                }
                _ => Self::Unread,
            },
            _ => Self::Unread,
        }
    }
}

/// The last value that the statements of `block` give to `name`.
fn assigned(block: Node<'_>, text: &str, name: &str) -> Option<Value> {
    let statements = children(block).filter(|node| node.kind() == "expression_statement").flat_map(children);
    let values = statements.filter(|node| node.kind() == "assignment").filter_map(|assignment| {
        let target = assignment.child_by_field_name("left")?;
        let value = assignment.child_by_field_name("right")?;
        (words(target, text) == name).then_some(value)
    });
    values.last().map(|value| Value::of(value, text))
}

/// A string in which nothing is escaped or computed, without its quotes.
fn plain<'t>(node: Node<'_>, text: &'t str) -> Option<&'t str> {
    let is_quote =
        |prefix: &str| prefix.trim_end_matches(['"', '\'']).chars().all(|c| matches!(c, 'r' | 'R' | 'u' | 'U'));
    let mut found = "";
    for part in children(node) {
        match part.kind() {
            "string_start" if is_quote(words(part, text)) => {}
            "string_content" if part.named_child_count() == 0 => found = words(part, text),
            "string_end" => {}
            _ => return None,
        }
    }
    Some(found)
}

fn words<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// The named children that are not comments.
fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    (0..).map_while(move |place| node.named_child(place)).filter(|child| child.kind() != "comment")
}

/// The first line, from 1, on which something stands deeper than [`DEEPEST`].
fn too_deep(tree: &Tree) -> Option<usize> {
    let mut cursor = tree.walk();
    loop {
        if cursor.depth() > DEEPEST {
            return Some(cursor.node().start_position().row + 1);
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}

/// The first place that the grammar could not read.
fn first_error(node: Node<'_>) -> Option<Node<'_>> {
    if node.is_error() || node.is_missing() {
        return Some(node);
    }
    let mut parts = (0..).map_while(|place| node.child(place)).filter(Node::has_error);
    if node.has_error() { parts.find_map(first_error) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<Value> {
        Module::parse(text.to_owned()).expect("Python").value("x")
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn plain_values_are_read_and_computed_ones_are_said_to_be_unread() {
        for (source, expected) in [
            ("x = None", Value::None),
            ("x: str = 'a'", text("a")),
            ("x = \"\"\"a\"\"\"", text("a")),
            ("x = ('a'\n  'b')", text("ab")),
            ("x = 'a', 'b'", Value::Items(vec![text("a"), text("b")])),
            (
                "x = [('a', 'b'),  # why\n ('c', 'd')] + []",
                Value::Items(vec![Value::Items(vec![text("a"), text("b")]), Value::Items(vec![text("c"), text("d")])]),
            ),
            ("x = ['a', f()]", Value::Items(vec![text("a"), Value::Unread])),
            ("x = f'{a}'", Value::Unread),
            ("x = b'a'", Value::Unread),
            ("x = 'a\\n'", Value::Unread),
            ("x = ['a'] if y else []", Value::Unread),
            ("x = 1\nx = 'a'", text("a")),
        ] {
            assert_eq!(value(source), Some(expected), "{source}");
        }
        assert_eq!(value("def f():\n    x = 'a'\n"), None);
    }

    #[test]
    fn what_is_nested_beyond_reason_is_refused() {
        let deep = |levels: usize| format!("a = 1\nx = {}{}\n", "[".repeat(levels), "]".repeat(levels));
        assert!(Module::parse(deep(200)).is_ok());
        for text in [deep(60_000), format!("a = 1\nx = []{}\n", " + []".repeat(40_000))] {
            assert_eq!(Module::parse(text).err().expect("too deep").0, Some(2));
        }
    }

    #[test]
    fn a_syntax_error_has_its_line() {
        let error = Module::parse("a = 1\nb = = 2\n".to_owned()).err().expect("not Python");
        assert_eq!(error.0, Some(2));
    }
}
