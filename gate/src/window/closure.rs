//! What all windows together mean for one request.

use crate::{Gate, Moment, Request, Route, Whose, Window, WindowId, WindowSource};

/// What all windows together mean for a request that some of them keep out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closure {
    /// The one to tell of: that of the request's organisation, then the table's, then the file's; of
    /// several the one that ends last.
    pub window: WindowId,
    /// When the last of them ends; `None`: one has to be lifted.
    pub until: Option<Moment>,
    /// The one whose message the client reads, in the same order; `None`: none has any.
    pub message: Option<WindowId>,
}

impl Gate {
    /// What windows mean for a request that `route` serves, by whose it is; `None`: none keeps it out.
    pub fn closure(&self, request: &Request<'_>, route: &Route, whose: Whose, now: Moment) -> Option<Closure> {
        let windows = self.snapshot().windows();
        if windows.is_empty() || !route.windows {
            return None;
        }
        let open = windows.of(request.organisation).filter(|(_, window)| self.is_in_force(window, now));
        let mut kept_out = open.filter(|(_, window)| self.keeps_out(window, request, route, whose));
        let (first, window) = kept_out.next()?;
        let mut best = (first, window);
        let mut says = window.message.is_some().then_some(best);
        let mut until = window.until;
        for (id, window) in kept_out {
            until = until.zip(window.until).map(|(one, other)| one.max(other));
            if goes_before(window, best.1) {
                best = (id, window);
            }
            if window.message.is_some() && says.is_none_or(|(_, known)| goes_before(window, known)) {
                says = Some((id, window));
            }
        }
        Some(Closure { window: best.0, until, message: says.map(|(id, _)| id) })
    }

    /// The windows that are open at `now`, as far as they are known.
    pub fn open_windows(&self, now: Moment) -> impl Iterator<Item = (WindowId, &Window)> {
        self.snapshot().windows().all().filter(move |(_, window)| self.is_in_force(window, now))
    }

    /// Whether a window is open, and whoever says so is still believed.
    fn is_in_force(&self, window: &Window, now: Moment) -> bool {
        let is_believed = match window.source {
            WindowSource::Table(_) => now <= self.snapshot().windows().table().counts_until,
            WindowSource::Operator | WindowSource::File => true,
        };
        is_believed && window.is_open(now)
    }

    /// Whether a window is about such a request. Its organisation has been compared.
    fn keeps_out(&self, window: &Window, request: &Request<'_>, route: &Route, whose: Whose) -> bool {
        let scope = &window.scope;
        window.blocks.keep_out(request.method)
            && (scope.routes.is_empty() || scope.routes.contains(&route.name))
            && (scope.hosts.is_empty() || scope.hosts.iter().any(|host| host.contains(request.host)))
            && (scope.tenants.is_empty() || self.is_one_of(&scope.tenants, whose))
    }

    fn is_one_of(&self, names: &[Box<str>], whose: Whose) -> bool {
        let own = self.names_of(whose);
        own.is_some_and(|own| names.iter().any(|name| own.contains(&&**name)))
    }
}

/// Whether it is the one to tell of.
fn goes_before(window: &Window, other: &Window) -> bool {
    let rank = |window: &Window| (window.scope.organisation.is_none(), window.source.rank());
    let end = |window: &Window| window.until.map_or((true, Moment::default()), |until| (false, until));
    rank(window).cmp(&rank(other)).then(end(other).cmp(&end(window))).is_lt()
}
