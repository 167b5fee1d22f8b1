use super::*;
use crate::config::Template;

fn error_of(source: &str) -> String {
    let template = Template { path: "pages/own.html".into(), source: source.into() };
    let brand = Brand { page: Some(template), ..Brand::default() };
    let pages = match Pages::new(&brand) {
        Ok(pages) => pages,
        Err(error) => return error.to_string(),
    };
    pages.render(None, &Letter::own(Occasion::Updating), Language::En, Visit::Reading).unwrap_err().to_string()
}

fn page_of(source: &str) -> String {
    let template = Template { path: "pages/own.html".into(), source: source.into() };
    let brand = Brand { name: Some("<Chef>".to_owned()), page: Some(template), ..Brand::default() };
    let pages = Pages::new(&brand).unwrap();
    let (body, _) = pages.render(None, &Letter::own(Occasion::Malformed), Language::Fr, Visit::Reading).unwrap();
    let reference = super::super::reference::Reference::new(b"id-1");
    let filling =
        super::super::body::Filling { reference: &reference, retry_after: None, detail: "a<b", message: "", when: "" };
    String::from_utf8(body.fill(&filling).to_vec()).unwrap()
}

#[test]
fn a_mistake_in_the_syntax_is_told_with_file_and_line() {
    let error = error_of("<h1>\n{% if %}");
    assert!(error.starts_with("pages/own.html:2: syntax error: "), "{error}");
}

#[test]
fn a_word_that_is_no_variable_is_told_with_file_line_and_name() {
    let error = error_of("<h1>\n\n{{ titel }}");
    assert!(error.starts_with("pages/own.html:3: ") && error.contains("titel"), "{error}");
    let error = error_of("{{ brand.nmae }}");
    assert!(error.starts_with("pages/own.html:1: ") && error.contains("nmae"), "{error}");
}

#[test]
fn a_template_without_an_end_does_not_keep_schemagate_from_starting() {
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{{ a }}{% endfor %}{% endfor %}{% endfor %}";
    assert!(error_of(endless).contains("pages/own.html:1: "), "{}", error_of(endless));
    assert!(!error_of("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}").is_empty());
    assert!(!error_of("{% include 'pages/own.html' %}").is_empty());
}

#[test]
fn a_page_that_grows_without_bounds_is_refused() {
    let error = error_of("{% for a in range(9000) %}{{ message ~ message ~ message ~ message }}{% endfor %}");
    assert!(error.starts_with("pages/own.html") && error.contains("1 MiB"), "{error}");
}

#[test]
fn a_variable_that_is_none_prints_as_nothing() {
    assert_eq!(page_of("[{{ sent }}{{ when }}{{ brand.contact }}]"), "[]");
}

#[test]
fn values_are_escaped_whatever_the_file_is_called() {
    assert_eq!(page_of("{{ brand.name }} {{ detail }} {{ request_id|upper }}"), "&lt;Chef&gt; a&lt;b id-1");
}

#[test]
fn the_example_of_the_documentation_is_a_page() {
    let text = include_str!("../../../docs/page-template.md");
    let example = text.split("```jinja\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let page = page_of(example);
    assert!(page.contains("<h1>") && page.contains("Main Street 1."), "{page}");
}

#[test]
fn a_template_may_keep_our_page_and_replace_a_part() {
    let page = page_of("{% extends 'schemagate' %}{% block footer %}<footer>ours</footer>{% endblock %}");
    assert!(page.contains("<footer>ours</footer>") && page.contains("<h1>") && !page.contains("id-1"));
}

#[test]
fn every_documented_variable_is_there() {
    let page = page_of(
        "{{ lang }} {{ status }} {{ occasion }} {{ code }} {{ title }} {{ message }} {{ detail }} {{ sent }} {{ when }} \
         {{ retry_after }} {{ reloads }} {{ link.href }} {{ link.text }} {{ request_id }} {{ brand.name }} {{ brand.logo }} \
         {{ brand.contact }} {{ brand.light.accent }} {{ brand.dark.text }} {{ brand.dark.edge }} {{ words.reloads }} \
         {{ words.help }} {{ words.reference }}",
    );
    assert!(page.starts_with("fr 400 malformed BAD_REQUEST Nous n’avons"), "{page}");
}
