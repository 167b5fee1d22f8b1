//! What is known of each schema, each distinct content once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gate::Shape;

/// What was said of a schema: question by question, then of tools' tables.
pub(super) type Likeness = Arc<[Part]>;

/// What was said of one kind of thing in a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// It is not there.
    #[default]
    Absent,
    /// It holds this.
    Content(Arc<str>),
    /// It may not be read.
    Denied(Arc<str>),
    /// It cannot be read now, and never was.
    Unread,
}

/// What is known of each schema, from one look or several.
#[derive(Debug, Default)]
pub(super) struct Known {
    schemas: BTreeMap<Box<str>, Likeness>,
    shapes: HashMap<Likeness, Arc<Shape>>,
}

impl Known {
    /// Every schema that is there, in order.
    pub(super) fn schemas(&self) -> impl ExactSizeIterator<Item = &str> {
        self.schemas.keys().map(AsRef::as_ref)
    }

    /// What was said of a schema; `None` if nothing is known of it.
    pub(super) fn likeness(&self, schema: &str) -> Option<&[Part]> {
        self.schemas.get(schema).map(AsRef::as_ref)
    }

    /// Every distinct content.
    pub(super) fn distinct(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.values().map(AsRef::as_ref)
    }

    /// Learns what a schema holds; whether that is news. `shape` makes of it what has not been made.
    pub(super) fn learn(&mut self, schema: Box<str>, parts: &[Part], shape: impl FnOnce(&[Part]) -> Shape) -> bool {
        let made = self.shapes.get_key_value(parts).map(|(likeness, _)| Arc::clone(likeness));
        let likeness = made.unwrap_or_else(|| {
            let likeness: Likeness = parts.into();
            self.shapes.insert(Arc::clone(&likeness), Arc::new(shape(parts)));
            likeness
        });
        let before = self.schemas.insert(schema, Arc::clone(&likeness));
        before.is_none_or(|before| !Arc::ptr_eq(&before, &likeness))
    }

    /// Forgets the schemas that are gone; whether there are any.
    pub(super) fn retain(&mut self, is_there: impl Fn(&str) -> bool) -> bool {
        let before = self.schemas.len();
        self.schemas.retain(|schema, _| is_there(schema));
        self.schemas.len() < before
    }

    /// Forgets what no schema holds any more.
    pub(super) fn tidy(&mut self) {
        // What a schema holds is held by it, too.
        self.shapes.retain(|likeness, _| Arc::strong_count(likeness) > 1);
    }

    /// Makes all shapes anew.
    pub(super) fn reshape(&mut self, shape: impl Fn(&[Part]) -> Shape) {
        for (likeness, made) in &mut self.shapes {
            *made = Arc::new(shape(likeness));
        }
    }

    /// Every shape and the schemas that have it.
    pub(super) fn by_shape(&self) -> Vec<(Arc<Shape>, Vec<Box<str>>)> {
        let mut alike: HashMap<*const Part, (Arc<Shape>, Vec<Box<str>>)> = HashMap::with_capacity(self.shapes.len());
        // Equal ones are one and the same, so that none has to be compared.
        for (likeness, shape) in &self.shapes {
            alike.insert(likeness.as_ptr(), (Arc::clone(shape), Vec::new()));
        }
        for (schema, likeness) in &self.schemas {
            alike.entry(likeness.as_ptr()).and_modify(|(_, schemas)| schemas.push(schema.clone()));
        }
        alike.into_values().collect()
    }
}
