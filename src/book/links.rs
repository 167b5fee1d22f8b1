//! Where links lead.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::markdown::Page;
use super::root;

#[test]
fn every_link_within_the_documentation_leads_somewhere() {
    let pages = Page::all();
    let anchors: BTreeMap<&Path, &[String]> = pages.iter().map(|page| (&*page.path, &*page.anchors)).collect();
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in &pages {
        for link in page.links.iter().filter(|link| !is_elsewhere(link)) {
            followed += 1;
            let (path, fragment) = link.split_once('#').map_or((&**link, None), |(path, name)| (path, Some(name)));
            let target = if path.is_empty() { page.path.clone() } else { resolved(&page.path, path) };
            let there = target.exists() && target.starts_with(root());
            let named = fragment.is_none_or(|name| {
                anchors.get(&*target).is_some_and(|anchors| anchors.iter().any(|anchor| anchor == name))
            });
            if !there || !named {
                broken.push(format!("{}: {link}", page.name()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(followed > 100, "{followed} links were found");
}

/// Whether it leads to another site, which no test asks.
pub(super) fn is_elsewhere(link: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| link.starts_with(scheme))
}

/// What a link on a page means.
pub(super) fn resolved(page: &Path, link: &str) -> PathBuf {
    let mut path = page.parent().expect("a file").to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}
