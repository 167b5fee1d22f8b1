use proptest::prelude::*;

use super::*;
use crate::sample::{name, requirement, table};

/// What a raw answer says: `code kind object`, `-` for what it does not say, empty for no symptom.
fn read(body: &[u8]) -> String {
    Symptom::read(body).map_or_else(String::new, |symptom| match symptom.object {
        Some(object) => format!("{} {} {object}", symptom.code.as_str(), object.kind()),
        None => format!("{} -", symptom.code.as_str()),
    })
}

/// The body of a raw answer.
fn body(raw: &[u8]) -> &[u8] {
    let ends = |end: &[u8]| raw.windows(end.len()).position(|window| window == end).map(|at| at + end.len());
    let at = ends(b"\r\n\r\n").or_else(|| ends(b"\n\n")).unwrap_or_default();
    &raw[at..]
}

/// Answers that real stacks gave, and what is read in each.
macro_rules! answers {
    ($($file:literal => $said:literal,)*) => {
        &[$(($file, include_bytes!(concat!("../../../tests/fixtures/symptoms/", $file, ".http")).as_slice(), $said)),*]
    };
}

const ANSWERS: &[(&str, &[u8], &str)] = answers! {
    "prisma_json_table" => "P2021 table public.AdminBackupJob",
    "prisma_json_column" => "P2022 column customers.agreementFileUrl",
    "prisma_message_table" => "P2021 table public.AdminBackupJob",
    "prisma_html_column" => "P2022 column customers.agreementFileUrl",
    "prisma_json_type" => "42704 type public.AdminBackupStatus",
    "prisma_json_enum_value" => "22P02 enum value AdminBackupStatus: SUCCEEDED",
    "prisma_json_privilege" => "",
    "prisma_json_database" => "",
    "prisma_json_not_null" => "",
    "prisma_production" => "",
    "express_pg_err_42883_function" => "42883 -",
    "express_pg_err_42P10_on_conflict" => "42P10 -",
    "express_pg_err_22P02_enum" => "22P02 -",
    "express_pg_err_22P02_int" => "",
    "express_pg_err_3F000_schema" => "3F000 -",
    "express_pg_err_23502_not_null" => "",
    "express_pg_err_42P07_dup_table" => "",
    "express_pg_err_0A000_ext" => "",
    "express_pg_err_missing_table" => "42P01 -",
    "express_pg_dev_missing_table" => "42P01 table maintenance_windows",
    "express_pg_production_missing_table" => "",
    "express_knex_message_missing_column" => "42703 column agreement_file_url",
    "express_knex_problem_missing_table" => "42P01 table maintenance_windows",
    "express_objection_err_missing_column" => "42703 -",
    "sequelize_full_enum" => "22P02 enum value enum_x: archived",
    "sequelize_json_table" => "42P01 -",
    "typeorm_full_column" => "42703 column Customer.agreementFileUrl",
    "typeorm_default_table" => "42P01 table MaintenanceWindow",
    "fastapi_debug_table" => "42P01 table maintenance_windows",
    "fastapi_debug_asyncpg" => "42P01 table maintenance_windows",
    "nestjs_default" => "",
    "nestjs_wrapped" => "42P01 table maintenance_windows",
    "django_debug_table_html" => "42P01 table messages_sys_userstatus",
    "django_debug_column_text" => "42703 column messages_sys_userstatus.last_seen_note",
    "django_leaks" => "42P01 table messages_sys_userstatus",
    "django_production" => "",
};

#[test]
fn what_real_stacks_answered_is_read() {
    for (file, raw, said) in ANSWERS {
        assert_eq!(read(body(raw)), *said, "{file}");
    }
}

#[test]
fn every_sentence_of_every_database_is_read() {
    for (text, said) in [
        (r#"relation "public.AdminBackupJob" does not exist"#, "42P01 table public.AdminBackupJob"),
        (r#"column "nope" of relation "customers" does not exist"#, "42703 column customers.nope"),
        ("column c.nope does not exist", "42703 column c.nope"),
        (r#"type "nosuchtype" does not exist"#, "42704 type nosuchtype"),
        ("function nope_fn(integer, text) does not exist", "42883 function nope_fn(integer, text)"),
        ("operator does not exist: integer @@@ integer", "42883 -"),
        (r#"schema "nosuch" does not exist"#, "3F000 schema nosuch"),
        (r#"invalid input value for enum "Status": "NEW""#, "22P02 enum value Status: NEW"),
        ("there is no unique or exclusion constraint matching the ON CONFLICT specification", "42P10 -"),
        ("cached plan must not change result type", "0A000 -"),
        ("The column `(not available)` does not exist in the current database.", "P2022 -"),
        ("SQLITE_ERROR: no such table: orders", "no_such_table table orders"),
        ("no such column: o.total.", "no_such_column column o.total"),
        ("Table 'shop.orders' doesn't exist", "42S02 table shop.orders"),
        ("Unknown column 'o.total' in 'field list'", "42S22 column o.total"),
        ("SQLSTATE[42P01]: Undefined table: 7", "42P01 -"),
        ("ERROR: relation \"x\" does not exist (SQLSTATE 42P01)", "42P01 table x"),
        ("ERREUR:  42P01: la relation « nope » n'existe pas", "42P01 table nope"),
        ("la colonne « c » de la relation « t » n'existe pas", "42703 column t.c"),
        ("la colonne «\u{a0}nope\u{a0}» n'existe pas", "42703 column nope"),
        ("le type « nosuch » n'existe pas", "42704 type nosuch"),
        ("la fonction f(integer) n'existe pas", "42883 function f(integer)"),
        ("le schéma « s » n'existe pas", "3F000 schema s"),
        (r#"{"code":"P2010","meta":{"code":"42P01","message":"relation \"x\" does not exist"}}"#, "42P01 table x"),
        (r#"{"code":"P2021","meta":{"modelName":"Job","table":"public.Job"}}"#, "P2021 table public.Job"),
        (r#"{ code: 'P2022', meta: { "column" : "jobs.at" } }"#, "P2022 column jobs.at"),
    ] {
        assert_eq!(read(text.as_bytes()), said, "{text}");
    }
}

#[test]
fn what_merely_sounds_like_it_is_no_symptom() {
    for text in [
        r#"{"error":"user \"ada\" does not exist"}"#,
        "The user does not exist",
        "the correlation \"x\" does not exist",
        "relation x does not exist",
        "column nope does not exist",
        "order 42703 could not be shipped",
        r#"{"error":"room P2021 is taken"}"#,
        r#"{"order":"42P01"}"#,
        r#"{"code":"42P012"}"#,
        r#"{"code":"22P02"}"#,
        r#"{"code":"0A000"}"#,
        r#"{"code":"23505","detail":"Key (name)=(relation \"x\" does not exist) already exists."}"#,
        r#"{"code":"42501","message":"permission denied for table customers"}"#,
        "Internal Server Error",
        "",
    ] {
        assert_eq!(read(text.as_bytes()), "", "{text}");
    }
}

#[test]
fn a_name_that_no_object_can_have_is_not_told() {
    for name in ["", " x", "a\nb", "a.b.c", &"x".repeat(64), &"x".repeat(10_000)] {
        let text = format!("relation \"{name}\" does not exist");
        assert!(!read(text.as_bytes()).contains("table"), "{name:?}");
    }
    assert_eq!(read(format!("relation \"{}\" does not exist", "x".repeat(63)).as_bytes()).len(), 12 + 63);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the clock is what is tested")]
fn the_longest_bodies_that_only_begin_like_a_sentence_are_read_in_no_time() {
    let pieces = [
        "relation \"",
        "column ",
        "code\":\"22P02 ",
        "&quot",
        "\\\\",
        "no such table: ",
        "\"table\":",
        "code code ",
        "é",
    ];
    for piece in pieces {
        let body = piece.repeat(Symptom::LONGEST_BODY / piece.len());
        let start = std::time::Instant::now();
        let _ = Symptom::read(body.as_bytes());
        // 20 ms unoptimized; what is not linear takes minutes.
        assert!(start.elapsed().as_secs() < 2, "{piece}: {:?}", start.elapsed());
    }
}

#[test]
fn a_requirement_covers_what_its_look_at_the_catalog_would_miss() {
    let column = Fact::Column { table: name("customers"), column: "url".into(), ty: None, nullable: None };
    let known = requirement("a", [table("AdminBackupJob"), column]);
    let covers =
        |text: &str| known.covers(&Symptom::read(text.as_bytes()).and_then(|symptom| symptom.object).expect(text));
    assert!(covers(r#"relation "AdminBackupJob" does not exist"#));
    assert!(covers(r#"relation "public.AdminBackupJob" does not exist"#));
    assert!(covers(r#"relation "customers" does not exist"#));
    assert!(covers(r#"column "url" of relation "customers" does not exist"#));
    assert!(covers("column c0.url does not exist"));
    assert!(!covers(r#"relation "adminbackupjob" does not exist"#));
    assert!(!covers(r#"column "other" of relation "customers" does not exist"#));
    let qualified = requirement("b", [table("app.orders")]);
    let missing = SymptomObject::Table(name("other.orders"));
    assert!(!qualified.covers(&missing));
}

proptest! {
    #[test]
    fn whatever_a_body_holds_nothing_panics(body in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = Symptom::read(&body);
    }

    #[test]
    fn a_real_answer_may_be_cut_and_damaged_anywhere(
        (raw, at, with) in (0..ANSWERS.len()).prop_flat_map(|index| {
            let raw = ANSWERS[index].1;
            (Just(raw), 0..raw.len(), any::<[u8; 3]>())
        })
    ) {
        let _ = Symptom::read(&raw[..at]);
        let _ = Symptom::read(&raw[at..]);
        let _ = Symptom::read(&[&raw[..at], &with, &raw[at..]].concat());
    }

    #[test]
    fn any_name_that_an_object_can_have_is_read_back(table in "[^\\p{C}\".&\\\\\u{a0}\u{202f}\u{fffd}]{1,15}") {
        prop_assume!(table.trim() == table);
        let said = Symptom::read(format!("relation \"{table}\" does not exist").as_bytes());
        let object = said.and_then(|symptom| symptom.object);
        prop_assert_eq!(object, Some(SymptomObject::Table(ObjectName::unqualified(&table))));
    }
}
