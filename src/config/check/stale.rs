//! Good answers that are kept, and how they are told apart.

use std::time::Duration;

use http::{HeaderName, header};

use super::Check;
use super::action::Answers;
use crate::config::duration::show;
use crate::config::file::{BlockTable, StaleKeyTable, StaleStoreTable, StaleTable};
use crate::config::place::Placed;
use crate::config::reader::Key;
use crate::config::size;
use crate::config::values::List;
use crate::config::{StaleKey, StaleStore};

const YOUNGEST: Duration = Duration::from_secs(1);
const OLDEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Less holds nothing worth the effort.
const SMALLEST_STORE: usize = 64 * 1024;

/// Who asks: an answer to one is none to another, whatever is typed.
const CREDENTIALS: [HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

impl Check<'_> {
    /// How old an answer may be, and what was typed of the refusal. The key is the route's.
    pub(super) fn stale<'t>(
        &mut self,
        table: &'t StaleTable,
        answers: &mut Answers,
    ) -> (Duration, Option<&'t BlockTable>) {
        let up_to = self.duration("up_to", &table.up_to, YOUNGEST);
        if up_to > OLDEST {
            let message = format!("`up_to` is {}, and must be at most {}", show(up_to), show(OLDEST));
            self.error(table.up_to.place(), message);
        }
        if let Some(typed) = table.key.get() {
            let key = self.stale_key(typed);
            match &answers.stale_key {
                Some(other) if other.value != key => {
                    let other = other.place;
                    self.error(table.key.place().or(other), "the route's stale answers have two different keys")
                        .help("give the same `key` in each of its actions: the answers are kept once")
                        .beside(other, "the other");
                }
                Some(_) => {}
                None => answers.stale_key = Some(Placed { value: key, place: table.key.place() }),
            }
        }
        (up_to, table.otherwise.get())
    }

    fn stale_key(&mut self, typed: &StaleKeyTable) -> StaleKey {
        let names = self.header_names(&typed.headers);
        let ignores = self.header_names(&typed.ignore);
        for name in typed.ignore.get().into_iter().flat_map(|list| &list.0) {
            let Ok(header) = HeaderName::from_bytes(name.value.as_bytes()) else { continue };
            if CREDENTIALS.contains(&header) {
                self.error(name.place, format!("`{header}` says who asks, and cannot be ignored"))
                    .help("name it in `headers`, and answers are kept for each value of it");
            } else if header == header::HOST {
                self.error(name.place, "`host` says who is asked, and cannot be ignored");
            } else if names.contains(&header) {
                self.error(name.place, format!("`{header}` is both in `headers` and in `ignore`"));
            }
        }
        StaleKey { names, ignores }
    }

    fn header_names(&mut self, typed: &Key<List<String>>) -> Vec<HeaderName> {
        let list = typed.get().map_or(&[][..], |list| &list.0);
        let mut names: Vec<HeaderName> = list.iter().filter_map(|name| self.header_name(name)).collect();
        // In whatever order they are typed, they mean the same key.
        names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        names.dedup();
        names
    }

    /// How much is kept in all.
    pub(super) fn stale_store(&mut self, table: &StaleStoreTable) -> Option<StaleStore> {
        let max_bytes = self.bytes("stale.max_bytes", &table.max_bytes)?;
        let max_answer_bytes = self.bytes("stale.max_answer_bytes", &table.max_answer_bytes)?;
        if max_bytes < SMALLEST_STORE {
            let (typed, least) = (size::show(max_bytes as u64), size::show(SMALLEST_STORE as u64));
            let message = format!("`stale.max_bytes` is {typed}, and must be at least {least}");
            self.error(table.max_bytes.place(), message);
        }
        if max_answer_bytes > max_bytes / 4 {
            let place = table.max_answer_bytes.place().or(table.max_bytes.place());
            self.error(place, "`stale.max_answer_bytes` is more than a quarter of `stale.max_bytes`")
                .help("a quarter of the memory is for answers that are just being read, and each must fit there");
        }
        Some(StaleStore { max_bytes, max_answer_bytes })
    }
}
