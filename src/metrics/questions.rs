//! What other proxies ask.

use std::sync::Arc;

use prometheus::{IntCounter, IntCounterVec};

use super::Metrics;
use super::register::Register;
use super::remembered::Remembered;

/// What is counted of questions. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Questions {
    asked: IntCounterVec,
    /// By language and answer.
    known: Arc<Remembered<[&'static str; 2], IntCounter>>,
}

impl Questions {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            asked: register.counters(
                "schemagate_questions_total",
                &["language", "answer"],
                "Questions of other proxies, by how they ask and whether the request may pass, is refused, or it is not \
                 clear which one they mean. What is decided counts among the requests, too.",
            )?,
            known: Arc::default(),
        })
    }
}

impl Metrics {
    /// Counts a question. `language` and `answer` are each one of a few fixed words.
    pub fn asked(&self, language: &'static str, answer: &'static str) {
        let Questions { asked, known } = &self.questions;
        known.with([language, answer], || asked.with_label_values(&[language, answer]), IntCounter::inc);
    }
}
