//! How pages look.

use bytes::Bytes;

use super::Check;
use crate::config::file::BrandTable;
use crate::config::place::Placed;
use crate::config::reader::Key;
use crate::config::{Brand, Logo};

/// A logo is written into every page.
const LONGEST_LOGO: u64 = 64 << 10;

/// Images by their first bytes: offset, bytes, type.
const IMAGES: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF8", "image/gif"),
];

impl Check<'_> {
    pub(super) fn brand(&mut self, brand: &BrandTable) -> Brand {
        Brand {
            name: brand.name.get().cloned(),
            logo: brand.logo.placed().and_then(|file| self.logo(file)),
            color: self.color("brand.color", &brand.color),
            color_dark: self.color("brand.color_dark", &brand.color_dark),
            contact: self.contact(&brand.contact),
            language: brand.language.get().map(|language| language.0.tag().to_owned()),
            page: self.template("brand.page", &brand.page),
        }
    }

    fn logo(&mut self, file: &Placed<String>) -> Option<Logo> {
        let bytes = self.file("brand.logo", file, LONGEST_LOGO)?;
        let starts = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        if let Some((.., content_type)) = IMAGES.iter().find(|(offset, magic, _)| starts(*offset, magic)) {
            return Some(Logo::Image { content_type, bytes: Bytes::from(bytes) });
        }
        match String::from_utf8(bytes) {
            Ok(text) if text.contains("<svg") => {
                // An XML declaration or doctype has no place within a page.
                let start = text.find("<svg").unwrap_or_default();
                Some(Logo::Svg(text.get(start..).unwrap_or_default().to_owned()))
            }
            _ => {
                let message =
                    format!("`brand.logo`: {} is no image that browsers show", self.path(&file.value).display());
                self.error(file.place, message).help("svg, png, jpg, webp or gif");
                None
            }
        }
    }

    /// A colour as `#rrggbb`.
    fn color(&mut self, name: &str, key: &Key<String>) -> Option<String> {
        let typed = key.placed()?;
        let digits = typed.value.strip_prefix('#').unwrap_or_default();
        let long = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => digits.to_owned(),
        };
        if long.len() == 6 && long.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(format!("#{}", long.to_ascii_lowercase()));
        }
        self.error(typed.place, format!("`{name}`: `{}` is not a colour", typed.value)).help("such as \"#0b5fff\"");
        None
    }

    fn contact(&mut self, key: &Key<String>) -> Option<String> {
        let typed = key.placed()?;
        let url = ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| typed.value.starts_with(scheme));
        let mail = typed.value.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
        if !(url || mail) || typed.value.contains(|c: char| c.is_whitespace() || c.is_control()) {
            self.error(
                typed.place,
                format!("`brand.contact`: `{}` is neither a URL nor an e-mail address", typed.value),
            )
            .help("such as \"https://status.example.com\" or \"help@example.com\"");
            return None;
        }
        Some(typed.value.clone())
    }
}
