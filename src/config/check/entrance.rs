//! Where clients come in.

use std::num::NonZero;
use std::time::Duration;

use super::Check;
use crate::config::file::{File, ListenTable};
use crate::config::place::Placed;
use crate::config::{Address, Listen};

impl Check<'_> {
    pub(super) fn listen(&mut self, listen: &ListenTable) -> Option<Listen> {
        let https = listen.https.get().map(|https| self.https(https));
        // The default is for those who name no listener at all.
        let named = listen.http.place().is_some() || listen.https.is_absent();
        let typed = listen.http.get().map_or(&[][..], |list| &list.0).iter().filter(|_| named);
        let http: Vec<Option<Address>> = typed.map(|address| self.address("listen.http", address)).collect();
        if http.is_empty() && https.is_none() && listen.https.is_absent() {
            self.error(listen.http.place(), "there is no address to listen on").help("write http = \"0.0.0.0:8080\"");
        }
        let threads = match listen.threads.placed() {
            Some(threads) if threads.value == 0 || threads.value > 1024 => {
                self.error(threads.place, "`listen.threads` must be from 1 to 1024");
                None
            }
            Some(threads) => Some(usize::from(threads.value)),
            None => Some(std::thread::available_parallelism().map_or(1, NonZero::get)),
        };
        let ranges = listen.trusted_proxies.get().map_or(&[][..], |list| &list.0);
        let announcing = listen.proxy_protocol.get().map_or(&[][..], |list| &list.0);
        Some(Listen {
            proxy_protocol: self.ranges("listen.proxy_protocol", announcing),
            trusted_proxies: self.ranges("listen.trusted_proxies", ranges),
            drain: self.duration("listen.drain", &listen.drain, Duration::ZERO),
            drain_wait: self.duration("listen.drain_wait", &listen.drain_wait, Duration::ZERO),
            http: http.into_iter().collect::<Option<_>>()?,
            https: https.map_or(Some(None), |https| https.map(Some))?,
            threads: threads?,
        })
    }

    /// No two listeners can have one address.
    pub(super) fn distinct_addresses(&mut self, file: &File) {
        let listen = file.listen.get();
        let http = listen.and_then(|listen| listen.http.get()).map_or(&[][..], |list| &list.0).iter();
        let https = listen.and_then(|listen| listen.https.get()?.address.placed());
        let decisions = file.decisions.get().and_then(|decisions| decisions.listen.placed());
        let admin = file.admin.get().and_then(|admin| admin.listen.placed());
        let mut before: Vec<&Placed<String>> = Vec::new();
        // Port 0 is another port each time.
        let all = http.chain(https).chain(decisions).chain(admin);
        for address in all.filter(|address| !address.value.ends_with(":0")) {
            match before.iter().find(|before| before.value == address.value) {
                Some(same) => {
                    self.error(
                        address.place.or(same.place),
                        format!("two listeners have the address `{}`", address.value),
                    )
                    .beside(same.place.filter(|_| address.place.is_some()), "the other one");
                }
                None => before.push(address),
            }
        }
    }
}
