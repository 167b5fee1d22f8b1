//! From text to declarations.
//!
//! Source: the Prisma schema reference and `psl` of prisma-engines 6. What does not bear on tables,
//! columns and enums is passed over; what is no schema at all is an error.

use super::schema::{Enum, Field, Model, Place, Schema, Source, Value};
use super::token::{Kind, Token, tokens};

/// What is wrong, and where.
pub(super) type Complaint = (Place, String);

/// Types that Prisma gives to columns.
pub(super) const SCALARS: &[&str] =
    &["String", "Boolean", "Int", "BigInt", "Float", "Decimal", "DateTime", "Json", "Bytes"];

/// Adds what `text`, one of the schema's files, declares. Whether it says what database it is for.
pub(super) fn add(schema: &mut Schema, text: &str, file: usize) -> Result<bool, Complaint> {
    let tokens = tokens(text).map_err(|place| (place, "this string does not end on its line".to_owned()))?;
    let mut parser = Parser { rest: &tokens, file, last: Place { line: 1, column: 1 } };
    let mut has_source = false;
    while parser.skip_ends() {
        let (word, place) = parser.word("`model`, `view`, `enum`, `type`, `datasource` or `generator`")?;
        match &*word {
            "model" | "view" => {
                let model = parser.model(&word)?;
                refuse_twice(schema.model(&model.name).is_some(), &model.name, model.source)?;
                schema.models.push(model);
            }
            "enum" => {
                let found = parser.enumeration()?;
                refuse_twice(schema.enumeration(&found.name).is_some(), &found.name, found.source)?;
                schema.enums.push(found);
            }
            "datasource" => {
                schema.provider = parser.provider()?.or(schema.provider.take());
                has_source = true;
            }
            "generator" | "type" => {
                parser.word("a name")?;
                parser.mark('{')?;
                parser.skip_block()?;
            }
            other => {
                let known = "`model`, `view`, `enum`, `type`, `datasource` or `generator`";
                return Err((place, format!("expected {known}, found `{other}`")));
            }
        }
    }
    Ok(has_source)
}

fn refuse_twice(is_twice: bool, name: &str, source: Source) -> Result<(), Complaint> {
    if is_twice { Err((source.place, format!("{name} is declared twice"))) } else { Ok(()) }
}

struct Parser<'t> {
    rest: &'t [Token],
    file: usize,
    /// Where the last token stands: the place of what is missing behind it.
    last: Place,
}

/// `@name(arguments)` or `@@name(arguments)`.
struct Attribute<'t> {
    name: String,
    arguments: &'t [Token],
}

impl<'t> Parser<'t> {
    fn next(&mut self) -> Option<&'t Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        self.last = first.place;
        Some(first)
    }

    fn peek(&self) -> Option<&'t Kind> {
        self.rest.first().map(|token| &token.kind)
    }

    fn next_if(&mut self, mark: char) -> bool {
        let is_next = self.peek() == Some(&Kind::Mark(mark));
        if is_next {
            self.next();
        }
        is_next
    }

    /// Goes behind the ends of lines; whether anything follows.
    fn skip_ends(&mut self) -> bool {
        while self.peek() == Some(&Kind::End) {
            self.next();
        }
        !self.rest.is_empty()
    }

    fn word(&mut self, expected: &str) -> Result<(String, Place), Complaint> {
        match self.next() {
            Some(Token { kind: Kind::Word(word), place }) => Ok((word.clone(), *place)),
            found => Err(self.unexpected(expected, found)),
        }
    }

    fn mark(&mut self, mark: char) -> Result<(), Complaint> {
        match self.next() {
            Some(token) if token.kind == Kind::Mark(mark) => Ok(()),
            found => Err(self.unexpected(&format!("`{mark}`"), found)),
        }
    }

    fn unexpected(&self, expected: &str, found: Option<&Token>) -> Complaint {
        let shown = match found.map(|token| &token.kind) {
            None => "the end of the file".to_owned(),
            Some(Kind::End) => "the end of the line".to_owned(),
            Some(Kind::Word(word)) => format!("`{word}`"),
            Some(Kind::Text(text)) => format!("{text:?}"),
            Some(Kind::Mark(mark)) => format!("`{mark}`"),
        };
        (found.map_or(self.last, |token| token.place), format!("expected {expected}, found {shown}"))
    }

    fn source(&self, place: Place) -> Source {
        Source { file: self.file, place }
    }

    /// Goes behind the block that is open.
    fn skip_block(&mut self) -> Result<(), Complaint> {
        let mut depth = 1;
        while depth > 0 {
            match self.next() {
                Some(Token { kind: Kind::Mark('{'), .. }) => depth += 1,
                Some(Token { kind: Kind::Mark('}'), .. }) => depth -= 1,
                Some(_) => {}
                None => return Err(self.unexpected("`}`", None)),
            }
        }
        Ok(())
    }

    /// Goes behind the rest of a line of an attribute-less block.
    fn skip_line(&mut self) {
        while !matches!(self.peek(), None | Some(Kind::End | Kind::Mark('}'))) {
            self.next();
        }
    }

    fn provider(&mut self) -> Result<Option<Box<str>>, Complaint> {
        self.word("a name")?;
        self.mark('{')?;
        let mut provider = None;
        loop {
            if !self.skip_ends() {
                return Err(self.unexpected("`}`", None));
            }
            if self.next_if('}') {
                return Ok(provider);
            }
            let (key, _) = self.word("a key")?;
            self.mark('=')?;
            if let (true, Some(Kind::Text(text))) = (key == "provider", self.peek()) {
                provider = Some(text.as_str().into());
            }
            // Lists may go over several lines.
            if self.next_if('[') {
                while !matches!(self.peek(), None | Some(Kind::Mark(']' | '}'))) {
                    self.next();
                }
            }
            self.skip_line();
        }
    }

    fn model(&mut self, word: &str) -> Result<Model, Complaint> {
        let (name, place) = self.word("a name")?;
        self.mark('{')?;
        let mut model = Model {
            name: name.into(),
            is_view: word == "view",
            source: self.source(place),
            map: None,
            schema: None,
            ignored: false,
            fields: Vec::new(),
            id: Vec::new(),
        };
        loop {
            if !self.skip_ends() {
                return Err(self.unexpected("`}`", None));
            }
            if self.next_if('}') {
                return Ok(model);
            }
            if self.peek() == Some(&Kind::Mark('@')) {
                let attribute = self.block_attribute()?;
                match &*attribute.name {
                    "map" => model.map = attribute.text("name"),
                    "schema" => model.schema = attribute.text("map"),
                    "ignore" => model.ignored = true,
                    "id" => model.id = attribute.list(),
                    _ => {}
                }
            } else {
                let field = self.field()?;
                let is_twice = model.fields.iter().any(|other| other.name == field.name);
                refuse_twice(is_twice, &field.name, field.source)?;
                model.fields.push(field);
            }
            self.end_of_line()?;
        }
    }

    fn enumeration(&mut self) -> Result<Enum, Complaint> {
        let (name, place) = self.word("a name")?;
        self.mark('{')?;
        let source = self.source(place);
        let mut found = Enum { name: name.into(), source, map: None, schema: None, values: Vec::new() };
        loop {
            if !self.skip_ends() {
                return Err(self.unexpected("`}`", None));
            }
            if self.next_if('}') {
                return Ok(found);
            }
            if self.peek() == Some(&Kind::Mark('@')) {
                let attribute = self.block_attribute()?;
                match &*attribute.name {
                    "map" => found.map = attribute.text("name"),
                    "schema" => found.schema = attribute.text("map"),
                    _ => {}
                }
            } else {
                let (name, place) = self.word("a value")?;
                let mut value = Value { name: name.into(), source: self.source(place), map: None };
                while let Some(attribute) = self.attribute()? {
                    if attribute.name == "map" {
                        value.map = attribute.text("name");
                    }
                }
                found.values.push(value);
            }
            self.end_of_line()?;
        }
    }

    fn field(&mut self) -> Result<Field, Complaint> {
        let (name, place) = self.word("a field")?;
        let (ty, _) = self.word("a type")?;
        let is_unsupported = ty == "Unsupported";
        if is_unsupported {
            self.mark('(')?;
            self.arguments()?;
        }
        let mut field = Field {
            name: name.into(),
            source: self.source(place),
            ty: (!is_unsupported).then(|| ty.into()),
            list: false,
            map: None,
            ignored: false,
            id: false,
            native: None,
            relation: None,
        };
        if self.next_if('[') {
            self.mark(']')?;
            field.list = true;
        }
        // What follows a type: that it may be left out, or (by introspection) that it must not.
        if !self.next_if('?') {
            self.next_if('!');
        }
        while let Some(attribute) = self.attribute()? {
            match &*attribute.name {
                "map" => field.map = attribute.text("name"),
                "ignore" => field.ignored = true,
                "id" => field.id = true,
                "relation" => field.relation = attribute.text("name"),
                other => {
                    if let Some((_, native)) = other.split_once('.') {
                        field.native = Some((native.into(), attribute.list()));
                    }
                }
            }
        }
        Ok(field)
    }

    fn block_attribute(&mut self) -> Result<Attribute<'t>, Complaint> {
        self.mark('@')?;
        match self.attribute()? {
            Some(attribute) => Ok(attribute),
            None => Err(self.unexpected("`@`: a block's attributes begin with two", self.rest.first())),
        }
    }

    fn attribute(&mut self) -> Result<Option<Attribute<'t>>, Complaint> {
        if !self.next_if('@') {
            return Ok(None);
        }
        let (mut name, _) = self.word("an attribute's name")?;
        while self.next_if('.') {
            name = format!("{name}.{}", self.word("an attribute's name")?.0);
        }
        let arguments = if self.next_if('(') { self.arguments()? } else { &[] };
        Ok(Some(Attribute { name, arguments }))
    }

    /// What stands up to the parenthesis that closes.
    fn arguments(&mut self) -> Result<&'t [Token], Complaint> {
        let all = self.rest;
        let mut depth = 1;
        loop {
            match self.next().map(|token| &token.kind) {
                Some(Kind::Mark('(' | '[')) => depth += 1,
                Some(Kind::Mark(')' | ']')) => depth -= 1,
                // A block that begins or ends is no argument: something does not close.
                Some(Kind::Mark('}')) | None => return Err((self.last, "expected `)` before this".to_owned())),
                Some(_) => {}
            }
            if depth == 0 {
                return Ok(all.get(..all.len() - self.rest.len() - 1).unwrap_or_default());
            }
        }
    }

    fn end_of_line(&mut self) -> Result<(), Complaint> {
        match self.peek() {
            Some(Kind::End | Kind::Mark('}')) => Ok(()),
            _ => {
                let found = self.rest.first();
                Err(self.unexpected("the end of the line", found))
            }
        }
    }
}

impl Attribute<'_> {
    /// The string that is given alone, or by that name.
    fn text(&self, name: &str) -> Option<Box<str>> {
        let mut depth = 0_usize;
        let mut before: [Option<&Kind>; 2] = [None, None];
        for token in self.arguments.iter().map(|token| &token.kind).filter(|kind| **kind != Kind::End) {
            match (token, before) {
                (Kind::Text(text), [_, None | Some(Kind::Mark(','))]) if depth == 0 => {
                    return Some(text.as_str().into());
                }
                (Kind::Text(text), [Some(Kind::Word(word)), Some(Kind::Mark(':'))]) if depth == 0 && word == name => {
                    return Some(text.as_str().into());
                }
                (Kind::Mark('(' | '['), _) => depth += 1,
                (Kind::Mark(')' | ']'), _) => depth = depth.saturating_sub(1),
                _ => {}
            }
            before = [before[1], Some(token)];
        }
        None
    }

    /// The words that are given, but those before a colon.
    fn list(&self) -> Vec<Box<str>> {
        let next = self.arguments.iter().skip(1).map(Some).chain([None]);
        let words = self.arguments.iter().zip(next).filter_map(|(token, next)| match &token.kind {
            Kind::Word(word) if next.is_none_or(|next| next.kind != Kind::Mark(':')) => Some(word.as_str().into()),
            _ => None,
        });
        words.collect()
    }
}
