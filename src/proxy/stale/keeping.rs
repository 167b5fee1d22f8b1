//! An answer that is read along on its way to the client, to be kept.
//!
//! It is only listened to: whatever happens here, the client gets what the backend sent.

use bytes::Bytes;
use gate::Moment;
use http::{Method, StatusCode, Version, header};
use pingora::http::ResponseHeader;

use super::kept::Kept;
use super::key::{Asked, Key};
use super::lifetime::Lifetime;
use super::place::Epoch;
use super::store::{Room, Store};
use super::unfit::Unfit;
use crate::config::StaleKey;
use crate::head::Fields;

/// An answer that is read along.
#[derive(Debug)]
pub(in crate::proxy) struct Keeping {
    key: Key,
    epoch: Epoch,
    /// When it was asked for.
    began: Moment,
    came: Came,
    room: Room,
}

/// What has come of it.
#[derive(Debug)]
enum Came {
    /// Nothing yet.
    Nothing,
    /// A header, and a part of the body.
    Part(Box<Part>),
    /// What was kept is as good as new.
    Unchanged(Box<ResponseHeader>),
    /// It says nothing of what was kept: the backend is in trouble, or busy.
    Trouble,
    /// It is not kept, and what was kept is not the last good answer any more.
    Unfit(Unfit),
}

#[derive(Debug)]
struct Part {
    head: ResponseHeader,
    lifetime: Lifetime,
    body: Vec<u8>,
    /// As `Content-Length` says; without one, the framing tells the end.
    length: Option<usize>,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Fate {
    /// It is kept.
    Kept,
    /// What was kept is kept on, as of now.
    Refreshed,
    /// It says nothing of what was kept.
    Ignored,
    /// It is not kept.
    Unfit(Unfit),
}

/// Statuses that say nothing of the resource, besides all of the server's errors.
const PASSING: [StatusCode; 3] = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];

impl Keeping {
    /// Begins to listen, before the backend is asked; or why the answer will not be kept.
    pub(in crate::proxy) fn begin(asked: &Asked<'_>, epoch: Epoch, now: Moment, store: &Store) -> Result<Self, Unfit> {
        let fields = asked.request.fields;
        if *asked.request.method != Method::GET {
            return Err(Unfit::Method);
        }
        if fields.has(&header::RANGE) {
            return Err(Unfit::Range);
        }
        if forbids_storing(fields) {
            return Err(Unfit::NoStore);
        }
        Ok(Self { key: asked.key()?, epoch, began: now, came: Came::Nothing, room: store.room() })
    }

    /// The header has come, as the backend sent it.
    pub(in crate::proxy) fn header(&mut self, answer: &ResponseHeader, key: &StaleKey, store: &Store) {
        if answer.status.is_informational() {
            return;
        }
        self.came = match answer.status {
            StatusCode::NOT_MODIFIED => Came::Unchanged(Box::new(answer.clone())),
            status if status.is_server_error() || PASSING.contains(&status) => Came::Trouble,
            _ => match Part::new(answer, key) {
                Ok(part) => Came::Part(Box::new(part)),
                Err(why) => Came::Unfit(why),
            },
        };
        let expected = match &self.came {
            Came::Part(part) => part.length.unwrap_or_default(),
            _ => return,
        };
        if let Err(why) = self.make_room(expected, store) {
            self.came = Came::Unfit(why);
        }
    }

    /// A piece of the body has come.
    pub(in crate::proxy) fn body(&mut self, piece: &Bytes, store: &Store) {
        let Came::Part(part) = &self.came else { return };
        let needed = part.body.len() + piece.len();
        let room = if needed > part.body.capacity() {
            // Doubled, so that a body in many pieces is not copied for each of them.
            self.make_room(needed.max(part.body.capacity().saturating_mul(2).min(store.largest())), store)
        } else {
            Ok(())
        };
        match (room, &mut self.came) {
            (Err(why), came) => *came = Came::Unfit(why),
            (Ok(()), Came::Part(part)) => part.body.extend_from_slice(piece),
            (Ok(()), _) => {}
        }
    }

    /// Its end has come: `whole`, if nothing broke; `ready`, if its route still is.
    pub(in crate::proxy) fn end(self, whole: bool, ready: bool, key: &StaleKey, store: &Store) -> Fate {
        let Self { key: id, epoch, began, came, room, .. } = self;
        let part = match came {
            Came::Nothing | Came::Trouble => return Fate::Ignored,
            Came::Unfit(why) => {
                store.remove(&id);
                return Fate::Unfit(why);
            }
            _ if !ready => return Fate::Unfit(Unfit::Overtaken),
            Came::Unchanged(answer) => return refresh(&id, &answer, began, epoch, key, store),
            Came::Part(part) => part,
        };
        if !whole || part.length.is_some_and(|length| length != part.body.len()) {
            return Fate::Unfit(Unfit::Broken);
        }
        let Part { head, lifetime, body, .. } = *part;
        let kept = Kept::new(&head, body, began, lifetime, epoch);
        drop(room);
        match store.put(id, kept) {
            Ok(()) => Fate::Kept,
            Err(why) => Fate::Unfit(why),
        }
    }

    /// Makes the body's buffer so large, if it may be.
    fn make_room(&mut self, bytes: usize, store: &Store) -> Result<(), Unfit> {
        if bytes > store.largest() {
            return Err(Unfit::TooLarge);
        }
        if !self.room.grow_to(bytes) {
            return Err(Unfit::Crowded);
        }
        if let Came::Part(part) = &mut self.came {
            part.body.reserve_exact(bytes - part.body.len());
        }
        Ok(())
    }
}

impl Part {
    fn new(answer: &ResponseHeader, key: &StaleKey) -> Result<Self, Unfit> {
        let lifetime = Lifetime::of(answer, key)?;
        let length = answer.headers.get(header::CONTENT_LENGTH);
        let length = length.map(|length| length.to_str().ok().and_then(|length| length.parse().ok()));
        let bodiless = answer.status == StatusCode::NO_CONTENT;
        let ends =
            bodiless || answer.version == Version::HTTP_2 || answer.headers.contains_key(header::TRANSFER_ENCODING);
        match length {
            Some(None) => return Err(Unfit::Framing),
            None if !ends => return Err(Unfit::Framing),
            _ => {}
        }
        Ok(Self { head: answer.clone(), lifetime, body: Vec::new(), length: length.flatten().filter(|_| !bodiless) })
    }
}

impl Fate {
    /// The word in metrics.
    pub(in crate::proxy) const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Refreshed => "refreshed",
            Self::Ignored => "ignored",
            Self::Unfit(why) => why.as_str(),
        }
    }
}

/// A 304 for the very answer that is kept makes it as good as new (RFC 9111, section 4.3.4). One for
/// another answer says nothing of it.
fn refresh(id: &Key, answer: &ResponseHeader, began: Moment, epoch: Epoch, key: &StaleKey, store: &Store) -> Fate {
    let Some(kept) = store.peek(id) else { return Fate::Ignored };
    if kept.etag().is_none() || kept.etag() != answer.headers.get(header::ETAG) {
        return Fate::Ignored;
    }
    let said = Lifetime::of_validated(&answer.headers, key);
    match said {
        Ok(said) => {
            let silent = !answer.headers.contains_key(header::CACHE_CONTROL);
            // What a 304 does not say is as it was.
            let (fresh, limit) =
                if silent { (kept.lifetime.fresh, kept.lifetime.limit) } else { (said.fresh, said.limit) };
            match store.put(*id, kept.refreshed(began, Lifetime { age: said.age, fresh, limit }, epoch)) {
                Ok(()) => Fate::Refreshed,
                Err(why) => Fate::Unfit(why),
            }
        }
        Err(why) => {
            store.remove(id);
            Fate::Unfit(why)
        }
    }
}

/// `no-store` in a request (RFC 9111, section 5.2.1.5).
fn forbids_storing(fields: Fields<'_>) -> bool {
    fields
        .all(&header::CACHE_CONTROL)
        .any(|value| value.to_ascii_lowercase().windows(8).any(|part| part == b"no-store"))
}
