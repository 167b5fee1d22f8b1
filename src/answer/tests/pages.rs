//! What people see.

use super::*;
use crate::config::Logo;

fn branded(brand: &Brand) -> String {
    visit(&[]).of(&render(AnswerSpec::Block(block()), brand), ROUTE).text().to_owned()
}

#[test]
fn a_page_has_one_heading_no_script_and_nothing_from_elsewhere() {
    let answers = blocking();
    for saying in sayings() {
        let answer = visit(&[]).of(&answers, saying);
        let page = answer.text();
        assert_eq!(page.matches("<h1>").count(), 1);
        assert!(page.contains("<html lang=\"en\">"));
        for forbidden in ["<script", "javascript:", "<link", "@import", "url(", "http:", "https:", " on"] {
            let attributes = page.split("<body").nth(1).unwrap();
            assert!(
                !attributes.contains(&format!("{forbidden}=")) && (forbidden == " on" || !page.contains(forbidden))
            );
        }
    }
}

#[test]
fn a_page_says_when_to_come_back_and_how_to_be_found_in_the_log() {
    let page = branded(&Brand::default());
    assert!(page.contains("Please try again in about 30\u{a0}seconds."));
    assert!(page.contains("<a class=\"button\" href=\"\">Try again</a>"));
    assert!(page.contains("<code>0199f3c2-7d1e</code>"));
}

#[test]
fn who_sent_a_form_is_told_what_became_of_it_and_gets_no_link_that_would_lose_it() {
    let answers = blocking();
    let send = |saying| asked(Method::POST, &[("accept", "text/html")]).of(&answers, saying).text().to_owned();
    let refused = send(ROUTE);
    assert!(refused.contains("has not been saved") && !refused.contains("Try again</a>"));
    let broken = send(Saying::Upstream(UpstreamFailure::Broken));
    assert!(broken.contains("can’t tell whether") && !broken.contains("Try again</a>"));
    assert!(!visit(&[]).of(&answers, ROUTE).text().contains("has not been saved"));
}

#[test]
fn who_is_lost_is_shown_the_way_to_the_start() {
    let page = visit(&[]).of(&blocking(), Saying::NoRoute);
    assert!(page.text().contains(">Go to the start page</a>") && !page.text().contains("Try again"));
}

#[test]
fn the_brand_is_on_the_page_and_cannot_break_it() {
    let brand = Brand {
        name: Some("Chef <& Cloud>".to_owned()),
        logo: Some(Logo::Svg("<?xml version=\"1.0\"?><svg id=\"logo\"></svg>".to_owned())),
        color: Some("#123456".to_owned()),
        contact: Some("help@example.com".to_owned()),
        ..Brand::default()
    };
    let page = branded(&brand);
    assert!(page.contains("Chef &lt;&amp; Cloud&gt;"));
    assert!(page.contains("<svg id=\"logo\"></svg>") && !page.contains("<?xml"));
    assert!(page.contains("--accent: #123456; --on-accent: #ffffff;"));
    assert!(page.contains("href=\"mailto:help@example.com?subject=0199f3c2-7d1e\""), "{page}");
}

#[test]
fn images_are_allowed_only_on_a_page_that_has_one() {
    let policy = |brand: &Brand| {
        let answer = visit(&[]).of(&render(AnswerSpec::Block(block()), brand), ROUTE);
        answer.header("content-security-policy").unwrap().to_owned()
    };
    assert!(!policy(&Brand::default()).contains("img-src"));
    let logo = Logo::Image { content_type: "image/png", bytes: Bytes::from_static(b"png") };
    assert!(policy(&Brand { logo: Some(logo), ..Brand::default() }).contains("img-src data:;"));
}

#[test]
fn a_template_of_the_users_replaces_every_page_and_one_of_a_route_that_of_the_route() {
    let brand = Brand { page: Some(template("brand {{ occasion }} {{ status }}")), ..Brand::default() };
    let own = Template { path: "pages/route.html".into(), source: "route {{ code }} {{ request_id }}".into() };
    let answers = render(AnswerSpec::Block(BlockSpec { page: Some(own), ..block() }), &brand);
    assert_eq!(visit(&[]).of(&answers, ROUTE).text(), "route BACKUPS_NOT_READY 0199f3c2-7d1e");
    assert_eq!(visit(&[]).of(&answers, Saying::NoRoute).text(), "brand not_found 404");
    assert_eq!(visit(&[]).of(&answers, Saying::BadRequest("x")).text(), "brand malformed 400");
}

#[test]
fn routes_that_say_the_same_share_it() {
    let specs = vec![AnswerSpec::Block(block()); 10_000];
    let started = std::time::Instant::now();
    let answers = Answers::render(&specs, &maintenance(), &Brand::default()).unwrap();
    assert_eq!(visit(&[]).of(&answers, Saying::Route(AnswerId(9_999))).status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
