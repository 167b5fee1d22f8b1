//! A page of Markdown, as what the tests ask of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{files, root};

/// A page of the documentation.
pub(super) struct Page {
    pub(super) path: PathBuf,
    /// Where its links and pictures lead.
    pub(super) links: Vec<String>,
    /// The anchors of its headings.
    pub(super) anchors: Vec<String>,
    pub(super) blocks: Vec<Block>,
    /// Code within a sentence.
    pub(super) spans: Vec<String>,
}

/// A block of code.
pub(super) struct Block {
    /// What stands behind the fence; nothing where it is indented.
    pub(super) info: String,
    pub(super) text: String,
    /// The line of the page that it begins at.
    pub(super) line: usize,
}

impl Page {
    /// Every page there is.
    pub(super) fn all() -> Vec<Self> {
        files(root(), "md").iter().map(|path| Self::read(path)).collect()
    }

    pub(super) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a page");
        let mut page = Self {
            path: path.to_owned(),
            links: Vec::new(),
            anchors: Vec::new(),
            blocks: Vec::new(),
            spans: Vec::new(),
        };
        let (mut heading, mut block) = (None::<String>, None::<Block>);
        let mut taken = BTreeMap::<String, usize>::new();
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let name = anchor(&heading.take().unwrap_or_default());
                    let times = taken.entry(name.clone()).or_default();
                    page.anchors.push(if *times == 0 { name } else { format!("{name}-{times}") });
                    *times += 1;
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => info.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    let line = text.get(..range.start).unwrap_or_default().lines().count() + 1;
                    block = Some(Block { info, text: String::new(), line });
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Text(text) => {
                    if let Some(block) = &mut block {
                        block.text.push_str(&text);
                    } else if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    page.spans.push(code.to_string());
                }
                _ => {}
            }
        }
        page
    }

    /// Its path below the root.
    pub(super) fn name(&self) -> String {
        self.path.strip_prefix(root()).expect("below the root").display().to_string()
    }
}

/// A heading's anchor, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
