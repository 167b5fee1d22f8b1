//! What stands in a Python file as plain values.

use std::path::Path;

use tree_sitter::{Node, Parser, Tree};

use super::{FolderError, Problem, script};

/// Values within values that are read: a file could nest them until the stack ends.
const DEEPEST: usize = 60;

/// How deeply a file may be nested: nobody writes deeper, and whoever reads it calls itself for each level.
const DEEPEST_NODE: u32 = 500;

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
    /// `True` or `False`.
    Truth(bool),
    /// A whole number, as it is written.
    Number(Box<str>),
    /// A name, with what stands before its dots: `settings.AUTH_USER_MODEL`.
    Name(Box<str>),
    /// A dictionary whose keys are strings.
    Pairs(Vec<(Box<str>, Value)>),
    /// A call of something that has a name.
    Call(Call),
    /// Anything else: it would take running the file to know.
    Unread,
}

/// A call, which is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// What is called, with what stands before its dots: `models.CharField`.
    pub(super) name: Box<str>,
    /// What it is given by place.
    pub(super) places: Vec<Value>,
    /// What it is given by name.
    pub(super) names: Vec<(Box<str>, Value)>,
    /// The lines on which the call and its first argument begin, from 1.
    pub(super) lines: (u32, u32),
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

    /// How often `name` stands in it, but as the name of an argument.
    pub(super) fn mentions(&self, name: &str) -> usize {
        let is_it = |node: &Node<'_>| node.kind() == "identifier" && words(*node, &self.text) == name;
        let is_argument = |node: &Node<'_>| {
            node.parent().is_some_and(|parent| {
                parent.kind() == "keyword_argument" && parent.child_by_field_name("name") == Some(*node)
            })
        };
        let mut cursor = self.tree.walk();
        let mut found = 0;
        loop {
            let node = cursor.node();
            found += usize::from(is_it(&node) && !is_argument(&node));
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return found;
                }
            }
        }
    }

    /// The class of that name.
    pub(crate) fn class(&self, name: &str) -> Option<Class<'_>> {
        self.classes().find(|class| class.name == name)
    }
}

impl Class<'_> {
    /// Whether it has methods.
    pub(super) fn has_methods(&self) -> bool {
        children(self.body).any(|node| matches!(node.kind(), "function_definition" | "decorated_definition"))
    }

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
        Self::within(node, text, DEEPEST)
    }

    /// The value of a node that may hold others down to so many levels.
    fn within(node: Node<'_>, text: &str, levels: usize) -> Self {
        let Some(levels) = levels.checked_sub(1) else { return Self::Unread };
        match node.kind() {
            "none" => Self::None,
            "true" => Self::Truth(true),
            "false" => Self::Truth(false),
            "integer" => Self::Number(words(node, text).into()),
            "identifier" | "attribute" => dotted(node, text).map_or(Self::Unread, Self::Name),
            "call" => Call::within(node, text, levels).map_or(Self::Unread, Self::Call),
            "dictionary" => {
                let pair = |pair: Node<'_>| {
                    let key = Self::within(pair.child_by_field_name("key")?, text, levels).text()?.into();
                    Some((key, Self::within(pair.child_by_field_name("value")?, text, levels)))
                };
                children(node).map(pair).collect::<Option<_>>().map_or(Self::Unread, Self::Pairs)
            }
            "string" => plain(node, text).map_or(Self::Unread, |plain| Self::Text(plain.into())),
            "concatenated_string" => {
                let parts: Option<Vec<String>> = children(node).map(|part| plain(part, text)).collect();
                parts.map_or(Self::Unread, |parts| Self::Text(parts.concat().into()))
            }
            "list" | "tuple" | "set" | "expression_list" => {
                Self::Items(children(node).map(|item| Self::within(item, text, levels)).collect())
            }
            "parenthesized_expression" => {
                children(node).next().map_or(Self::Unread, |inner| Self::within(inner, text, levels))
            }
            "binary_operator" => match ["left", "operator", "right"].map(|field| node.child_by_field_name(field)) {
                [Some(left), Some(sign), Some(right)] if words(sign, text) == "+" => {
                    match (Self::within(left, text, levels), Self::within(right, text, levels)) {
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

/// A string in which nothing is computed, without its quotes.
fn plain(node: Node<'_>, text: &str) -> Option<String> {
    let mut found = String::new();
    let mut is_raw = false;
    for part in children(node) {
        match part.kind() {
            "string_start" => {
                let prefix = words(part, text).trim_end_matches(['"', '\'']);
                is_raw = prefix.contains(['r', 'R']);
                prefix.chars().all(|c| matches!(c, 'r' | 'R' | 'u' | 'U')).then_some(())?;
            }
            "string_content" if is_raw => found.push_str(words(part, text)),
            "string_content" => unescape(words(part, text), &mut found)?,
            "string_end" => {}
            _ => return None,
        }
    }
    Some(found)
}

/// Adds what a text means to Python; `None` where a character is given by its number or its name.
fn unescape(text: &str, found: &mut String) -> Option<()> {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            found.push(c);
            continue;
        }
        match rest.next()? {
            '\n' => {}
            'n' => found.push('\n'),
            't' => found.push('\t'),
            'r' => found.push('\r'),
            quoted @ ('\\' | '\'' | '"') => found.push(quoted),
            'x' | 'u' | 'U' | 'N' | 'a' | 'b' | 'f' | 'v' | '0'..='7' => return None,
            other => found.extend(['\\', other]),
        }
    }
    Some(())
}

/// A name and what stands before its dots.
fn dotted(node: Node<'_>, text: &str) -> Option<Box<str>> {
    let mut inner = node;
    while inner.kind() == "attribute" {
        inner = inner.child_by_field_name("object")?;
    }
    let plain = words(node, text);
    (inner.kind() == "identifier" && !plain.contains(char::is_whitespace)).then(|| plain.into())
}

impl Call {
    fn within(node: Node<'_>, text: &str, levels: usize) -> Option<Self> {
        let name = dotted(node.child_by_field_name("function")?, text)?;
        let arguments = node.child_by_field_name("arguments")?;
        let (mut places, mut names) = (Vec::new(), Vec::new());
        let mut first = None;
        for argument in children(arguments) {
            match argument.kind() {
                "keyword_argument" => {
                    let value = argument.child_by_field_name("value")?;
                    first = first.or(Some(value));
                    names.push((
                        words(argument.child_by_field_name("name")?, text).into(),
                        Value::within(value, text, levels),
                    ));
                }
                // `*these` and `**those`.
                "list_splat" | "dictionary_splat" => return None,
                _ => {
                    first = first.or(Some(argument));
                    places.push(Value::within(argument, text, levels));
                }
            }
        }
        let line = |node: Node<'_>| u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX);
        Some(Self { name, places, names, lines: (line(node), line(first.unwrap_or(node))) })
    }

    /// What is called, without what stands before its dots.
    pub(super) fn last_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }

    /// The argument of that name, or at that place.
    pub(super) fn argument(&self, name: &str, place: usize) -> Option<&Value> {
        let named = self.names.iter().find(|(found, _)| **found == *name).map(|(_, value)| value);
        named.or_else(|| self.places.get(place))
    }

    /// The argument that can only be given by its name.
    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.argument(name, usize::MAX)
    }

    /// Whether the argument of that name is `True`.
    pub(super) fn says(&self, name: &str) -> bool {
        self.named(name) == Some(&Value::Truth(true))
    }
}

fn words<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// The named children that are not comments.
fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    (0..).map_while(move |place| node.named_child(place)).filter(|child| child.kind() != "comment")
}

/// The first line, from 1, on which something stands deeper than [`DEEPEST_NODE`].
fn too_deep(tree: &Tree) -> Option<usize> {
    let mut cursor = tree.walk();
    loop {
        if cursor.depth() > DEEPEST_NODE {
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
fn first_error(root: Node<'_>) -> Option<Node<'_>> {
    let mut node = root;
    while node.has_error() && !node.is_error() && !node.is_missing() {
        node = (0..).map_while(|place| node.child(place)).find(|child| child.has_error() || child.is_missing())?;
    }
    (node.is_error() || node.is_missing()).then_some(node)
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
            ("x = ['a', f()()]", Value::Items(vec![text("a"), Value::Unread])),
            ("x = ['a', f(*y)]", Value::Items(vec![text("a"), Value::Unread])),
            (
                "x = {'a': True, 'b': 2}",
                Value::Pairs(vec![("a".into(), Value::Truth(true)), ("b".into(), Value::Number("2".into()))]),
            ),
            ("x = a.b", Value::Name("a.b".into())),
            ("x = f'{a}'", Value::Unread),
            ("x = b'a'", Value::Unread),
            ("x = 'a\\n\\''", text("a\n'")),
            ("x = r'a\\n'", text("a\\n")),
            ("x = 'a\\x41'", Value::Unread),
            ("x = ['a'] if y else []", Value::Unread),
            ("x = 1\nx = 'a'", text("a")),
        ] {
            assert_eq!(value(source), Some(expected), "{source}");
        }
        assert_eq!(value("def f():\n    x = 'a'\n"), None);
    }

    #[test]
    fn a_call_is_read_with_its_arguments_and_lines() {
        let Some(Value::Call(call)) = value("x = a.F(\n  'b', c=None,\n)") else { panic!("a call") };
        assert_eq!((&*call.name, call.last_name(), call.lines), ("a.F", "F", (1, 2)));
        assert_eq!(call.argument("z", 0), Some(&text("b")));
        assert_eq!((call.argument("c", 1), call.named("z")), (Some(&Value::None), None));
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
