//! Nothing leaks: a public answer never names a table, a column, a schema or a command.

use proptest::prelude::*;

use super::*;

proptest! {
    // Each case renders every page anew.
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// The rules, the databases and the upstreams are not even handed to [`Answers::render`]. What
    /// is left to leak by are a route's name, which operators may make of a table's, and the code
    /// and the message, which are written for the public.
    #[test]
    fn no_answer_names_what_the_configuration_names(table in "zq[a-z]{6}_[a-z]{4}", column in "zq[a-z]{5}At") {
        let route = RespondSpec { route: "list".to_owned(), ..respond() };
        let own = Template { path: format!("{table}.html").into(), source: "<p>{{ message }}</p>".into() };
        let specs = [
            AnswerSpec::Block(block()),
            AnswerSpec::Block(BlockSpec { page: Some(own), ..block() }),
            AnswerSpec::Respond(route),
        ];
        let brand = Brand::default();
        let answers = Answers::render(&specs, &maintenance(), &brand).unwrap();
        let mut all = sayings();
        all.extend([Saying::Route(AnswerId(1)), Saying::Route(AnswerId(2))]);
        for saying in all {
            for accept in ["text/html", "*/*", "text/plain"] {
                let asked = get(&[("accept", accept), ("x-org-id", &column)]);
                let answer = asked.of(&answers, saying);
                let said = format!("{:?} {}", answer.headers, answer.text());
                prop_assert!(!said.contains(&table) && !said.contains(&column), "{said}");
            }
        }
    }
}

#[test]
fn no_answer_of_ours_speaks_of_databases() {
    let answers = blocking();
    for saying in sayings() {
        for (accept, language) in
            [("text/html", "en"), ("text/html", "fr"), ("*/*", "en"), ("*/*", "fr"), ("text/plain", "fr")]
        {
            let answer = get(&[("accept", accept), ("accept-language", language)]).of(&answers, saying);
            let words = answer.text().to_lowercase();
            for word in
                ["database", "données", "migrat", "postgres", "sql", "schema ", "prisma", "django", "column", "colonne"]
            {
                assert!(!words.contains(word), "{word} in {words}");
            }
        }
    }
}
