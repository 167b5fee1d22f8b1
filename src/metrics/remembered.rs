//! Metrics that a request reaches without a lock.

use std::fmt;
use std::sync::OnceLock;

/// Metrics that were looked up once, by the few values that their labels have here. Looking one up in
/// its vector takes a lock that all threads share; here it takes none, and writes nothing.
pub(super) struct Remembered<K, M>(OnceLock<Box<Entry<K, M>>>);

struct Entry<K, M> {
    key: K,
    metric: M,
    next: Remembered<K, M>,
}

impl<K: Copy + PartialEq, M> Remembered<K, M> {
    /// Uses the metric of `key`; `look_up` finds it the first time.
    pub(super) fn with(&self, key: K, look_up: impl Fn() -> M, with: impl FnOnce(&M)) {
        let mut remembered = self;
        loop {
            // Another thread may be faster, and with another key.
            let first = || Box::new(Entry { key, metric: look_up(), next: Self::default() });
            let entry = remembered.0.get_or_init(first);
            if entry.key == key {
                return with(&entry.metric);
            }
            remembered = &entry.next;
        }
    }
}

impl<K, M> Default for Remembered<K, M> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<K: fmt::Debug, M> fmt::Debug for Remembered<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        let mut next = self.0.get();
        while let Some(entry) = next {
            list.entry(&entry.key);
            next = entry.next.0.get();
        }
        list.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn every_key_has_one_metric_whoever_comes_first() {
        let remembered = Arc::new(Remembered::<usize, Arc<AtomicUsize>>::default());
        let made: Arc<[Arc<AtomicUsize>]> = (0..10).map(|_| Arc::default()).collect();
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let (remembered, made) = (Arc::clone(&remembered), Arc::clone(&made));
                thread::spawn(move || {
                    for turn in 0..1000 {
                        let key = (thread + turn) % made.len();
                        remembered.with(
                            key,
                            || Arc::clone(&made[key]),
                            |count| {
                                count.fetch_add(1, Ordering::Relaxed);
                            },
                        );
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("it counts");
        }
        assert!(made.iter().all(|count| count.load(Ordering::Relaxed) == 400));
        assert_eq!(format!("{remembered:?}").matches(|c: char| c.is_ascii_digit()).count(), made.len());
    }
}
