//! `docs/SUMMARY.md`, of which mdBook makes the book.

use std::collections::BTreeSet;

use super::links::resolved;
use super::markdown::Page;
use super::{files, root};

#[test]
fn the_contents_name_every_page_once() {
    let docs = root().join("docs");
    let contents = Page::read(&docs.join("SUMMARY.md"));
    let named: BTreeSet<_> = contents.links.iter().map(|link| resolved(&contents.path, link)).collect();
    assert_eq!(named.len(), contents.links.len(), "a page is named twice");
    let there: BTreeSet<_> = files(&docs, "md").into_iter().filter(|path| *path != contents.path).collect();
    let missing: Vec<_> = there.difference(&named).collect();
    assert!(missing.is_empty(), "docs/SUMMARY.md does not name {missing:?}");
    assert!(named.is_subset(&there), "{:?}", named.difference(&there));
}

#[test]
fn no_page_of_the_book_leads_to_markdown_outside_of_it() {
    // mdBook makes .html of every .md in a link, and makes no such file of what is not its own.
    let docs = root().join("docs");
    for path in files(&docs, "md") {
        let page = Page::read(&path);
        for link in page.links.iter().filter(|link| link.starts_with("../")) {
            assert!(!link.contains(".md"), "{}: {link}", page.name());
        }
    }
}
