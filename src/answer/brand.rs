//! How a page looks and whom it points to, ready to be written into one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Value, context};

use super::TemplateError;
use super::body::Hole;
use super::color::Color;
use crate::config::{Brand, Logo};

/// The accent where none is configured, on paper and on a dark screen.
const ACCENT: Color = Color::new(0x1f, 0x5c, 0x4d);
const ACCENT_DARK: Color = Color::new(0x7f, 0xcb, 0xb1);

/// The page's own background, which the accent is seen on; `page.html` says the same.
const PAPER: Color = Color::new(0xfb, 0xfa, 0xf7);
const PAPER_DARK: Color = Color::new(0x14, 0x15, 0x15);

/// What WCAG 2.2 asks of the edge of a button (1.4.11).
const EDGE_CONTRAST: f64 = 3.0;

/// The template variable `brand`.
pub(super) fn variable(brand: &Brand) -> Result<Value, TemplateError> {
    let accent = color("color", brand.color.as_deref())?;
    let dark = color("color_dark", brand.color_dark.as_deref())?.or(accent);
    let logo = brand.logo.as_ref().map(logo).transpose()?;
    Ok(context! {
        name => brand.name.clone(),
        logo => logo.map(Value::from_safe_string),
        light => palette(accent.unwrap_or(ACCENT), PAPER),
        dark => palette(dark.unwrap_or(ACCENT_DARK), PAPER_DARK),
        contact => brand.contact.as_deref().map(contact),
    })
}

fn color(key: &str, text: Option<&str>) -> Result<Option<Color>, TemplateError> {
    let parse =
        |text| Color::parse(text).ok_or_else(|| TemplateError(format!("brand.{key} must be #rrggbb: {text:?}")));
    text.map(parse).transpose()
}

/// An accent colour: itself, what is written on it, and an edge that sets it off from the page
/// even where it is as pale or as dark as that.
fn palette(accent: Color, paper: Color) -> Value {
    let edge = if accent.contrast(paper) >= EDGE_CONTRAST { accent } else { paper.text() };
    context! { accent => accent.to_string(), text => accent.text().to_string(), edge => edge.to_string() }
}

/// A logo as HTML. The page's policy keeps scripts in an SVG from running.
fn logo(logo: &Logo) -> Result<String, TemplateError> {
    match logo {
        Logo::Image { content_type, bytes } => {
            Ok(format!(r#"<img src="data:{content_type};base64,{}" alt="">"#, STANDARD.encode(bytes)))
        }
        Logo::Svg(source) => svg_element(source)
            .map(str::to_owned)
            .ok_or_else(|| TemplateError("brand.logo is not an SVG: there is no <svg> element in it".to_owned())),
    }
}

/// The element itself: an XML declaration, a document type and comments around it mean nothing in HTML.
fn svg_element(source: &str) -> Option<&str> {
    let mut rest = source;
    while let Some(comment) = rest.find("<!--").filter(|at| rest.find("<svg").is_none_or(|svg| *at < svg)) {
        rest = rest.get(comment..)?.split_once("-->")?.1;
    }
    let element = rest.get(rest.find("<svg")?..)?;
    element.get(..element.rfind("</svg>")? + "</svg>".len())
}

/// A contact as a link, if it is one: an address, a web page, a telephone number.
fn contact(text: &str) -> Value {
    let schemes = ["https://", "http://", "mailto:", "tel:"];
    let scheme = schemes.into_iter().find(|scheme| text.starts_with(scheme));
    let shown = scheme.and_then(|scheme| text.strip_prefix(scheme)).unwrap_or(text).trim_end_matches('/');
    let href = match scheme {
        Some(_) => Some(text.to_owned()),
        None if text.contains('@') && !text.contains(char::is_whitespace) => {
            Some(format!("mailto:{text}?subject={}", Hole::Reference.mark()))
        }
        None => None,
    };
    context! { text => shown, href }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn attribute(value: &Value, path: &[&str]) -> String {
        path.iter().fold(value.clone(), |value, name| value.get_attr(name).unwrap()).to_string()
    }

    #[test]
    fn a_prolog_a_document_type_and_comments_around_an_svg_are_left_out() {
        let source = "<?xml version=\"1.0\"?>\n<!DOCTYPE svg PUBLIC \"x\" \"y\">\n<!-- an <svg> by hand -->\n<svg viewBox=\"0 0 1 1\"><g/></svg>\n<!-- end -->";
        assert_eq!(svg_element(source), Some("<svg viewBox=\"0 0 1 1\"><g/></svg>"));
        assert_eq!(svg_element("<html></html>"), None);
        assert_eq!(svg_element("<!-- <svg></svg>"), None);
        assert_eq!(svg_element("</svg><svg>"), None);
    }

    #[test]
    fn a_logo_that_is_no_svg_is_an_error_that_says_so() {
        let brand = Brand { logo: Some(Logo::Svg("<html>".to_owned())), ..Brand::default() };
        assert!(variable(&brand).unwrap_err().to_string().contains("brand.logo"));
    }

    #[test]
    fn a_raster_logo_is_a_data_uri() {
        let image = Logo::Image { content_type: "image/png", bytes: Bytes::from_static(b"\x89PNG") };
        assert_eq!(logo(&image).unwrap(), r#"<img src="data:image/png;base64,iVBORw==" alt="">"#);
    }

    #[test]
    fn a_colour_that_is_none_never_reaches_the_page() {
        let brand = Brand { color: Some("red;}body{display:none".to_owned()), ..Brand::default() };
        assert!(variable(&brand).unwrap_err().to_string().contains("#rrggbb"));
    }

    #[test]
    fn one_colour_serves_light_and_dark() {
        let brand = Brand { color: Some("#FFCC00".to_owned()), ..Brand::default() };
        let value = variable(&brand).unwrap();
        assert_eq!(attribute(&value, &["light", "accent"]), "#ffcc00");
        assert_eq!(attribute(&value, &["light", "text"]), "#000000");
        assert_eq!(attribute(&value, &["light", "edge"]), "#000000");
        assert_eq!(attribute(&value, &["dark", "accent"]), "#ffcc00");
        assert_eq!(attribute(&value, &["dark", "edge"]), "#ffcc00");
    }

    #[test]
    fn a_contact_is_linked_as_what_it_is() {
        let parts = |text: &str| (attribute(&contact(text), &["text"]), attribute(&contact(text), &["href"]));
        let mark = Hole::Reference.mark();
        assert_eq!(
            parts("help@example.com"),
            ("help@example.com".to_owned(), format!("mailto:help@example.com?subject={mark}"))
        );
        assert_eq!(
            parts("https://status.example.com/"),
            ("status.example.com".to_owned(), "https://status.example.com/".to_owned())
        );
        assert_eq!(parts("tel:+33123456789").0, "+33123456789");
        assert_eq!(parts("javascript:alert(1)"), ("javascript:alert(1)".to_owned(), "None".to_owned()));
        assert_eq!(parts("the desk on floor 2").1, "None");
    }
}
