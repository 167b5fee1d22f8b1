use super::*;
use crate::sample::{catalog, name, relation, requirement, table};

/// What an operator reads of a fact in the sample catalog; empty if the fact holds.
fn judge(fact: Fact) -> String {
    judge_in(&catalog(), fact)
}

fn judge_in(catalog: &Catalog, fact: Fact) -> String {
    let judged = requirement("r", [fact]).judge(catalog);
    judged.findings.iter().map(ToString::to_string).collect::<Vec<_>>().join(" / ")
}

fn column(table: &str, column: &str, ty: Option<&str>, nullable: Option<bool>) -> Fact {
    let ty = ty.map(|ty| ty.parse().expect("a type"));
    Fact::Column { table: name(table), column: column.into(), ty, nullable }
}

fn values(ty: &str, values: &[&str]) -> Fact {
    Fact::Enum { name: name(ty), values: values.iter().copied().map(Into::into).collect() }
}

fn constraint(table: &str, constraint: &str) -> Fact {
    Fact::Constraint { table: name(table), constraint: constraint.into() }
}

fn function(text: &str, arguments: Option<&[&str]>) -> Fact {
    let arguments = arguments.map(|types| types.iter().map(|ty| ty.parse().expect("a type")).collect());
    Fact::Function { name: name(text), arguments }
}

fn privilege(table: &str, privilege: Privilege) -> Fact {
    Fact::Privilege { table: name(table), privilege }
}

#[test]
fn a_schema_exists_under_its_exact_name() {
    assert_eq!(judge(Fact::Schema("app".into())), "");
    assert_eq!(judge(Fact::Schema("App".into())), "schema App is missing");
}

#[test]
fn a_table_exists_under_its_exact_name() {
    assert_eq!(judge(table("AdminBackupJob")), "");
    assert_eq!(judge(table("adminbackupjob")), "table adminbackupjob is missing");
}

#[test]
fn an_unqualified_name_is_looked_for_along_the_search_path() {
    assert_eq!(judge(table("customers")), "");
    assert_eq!(judge(table("AdminBackupJob")), "");
    let mut elsewhere = catalog();
    elsewhere.search_path = vec!["missing".into(), "public".into()];
    assert_eq!(judge_in(&elsewhere, table("customers")), "table customers is missing");
}

#[test]
fn a_qualified_name_is_looked_for_in_its_schema_alone() {
    assert_eq!(judge(table("app.customers")), "");
    assert_eq!(judge(table("public.customers")), "table public.customers is missing");
    assert_eq!(judge(table("nowhere.customers")), "table nowhere.customers is missing");
}

#[test]
fn the_first_object_along_the_search_path_hides_the_others() {
    let mut catalog = catalog();
    let public = catalog.schemas.get_mut("public").expect("a schema");
    public.relations.insert("customers".into(), relation(&["note text"]));
    assert_eq!(judge_in(&catalog, column("customers", "note", None, None)), "column customers.note is missing");
    assert_eq!(judge_in(&catalog, column("public.customers", "note", None, None)), "");
    // As PostgreSQL would, once the first is gone.
    catalog.schemas.get_mut("app").expect("a schema").relations.remove("customers");
    assert_eq!(judge_in(&catalog, column("customers", "note", None, None)), "");
}

#[test]
fn a_materialized_view_must_have_been_refreshed() {
    assert_eq!(
        judge(table("report")),
        "materialized view report is not valid: it was never refreshed, so reading it fails"
    );
}

#[test]
fn a_column_exists_under_its_exact_name() {
    assert_eq!(judge(column("customers", "agreementUploadedAt", None, None)), "");
    assert_eq!(
        judge(column("customers", "agreementFileUrl", None, None)),
        "column customers.agreementFileUrl is missing"
    );
    assert_eq!(
        judge(column("customers", "agreementuploadedat", None, None)),
        "column customers.agreementuploadedat is missing: there is agreementUploadedAt, in another case"
    );
    assert_eq!(judge(column("orders", "id", None, None)), "table orders is missing");
}

#[test]
fn a_column_has_the_type_that_is_required() {
    assert_eq!(judge(column("customers", "agreementUploadedAt", Some("timestamp(3)"), None)), "");
    assert_eq!(judge(column("customers", "status", Some("Status"), None)), "");
    assert_eq!(
        judge(column("customers", "agreementUploadedAt", Some("timestamptz"), None)),
        "column customers.agreementUploadedAt is different: \
         its type is timestamp(3) without time zone, required is timestamp with time zone"
    );
}

#[test]
fn a_column_accepts_null_or_not_as_required() {
    assert_eq!(judge(column("customers", "email", None, Some(true))), "");
    assert_eq!(judge(column("customers", "id", None, Some(false))), "");
    assert_eq!(
        judge(column("customers", "id", None, Some(true))),
        "column customers.id is different: it is NOT NULL, required is NULL"
    );
    assert_eq!(
        judge(column("customers", "email", Some("uuid"), Some(false))),
        "column customers.email is different: its type is text, required is uuid; it accepts NULL, required is NOT NULL"
    );
}

#[test]
fn an_enum_has_at_least_the_values_that_are_required() {
    assert_eq!(judge(values("Status", &["PAID"])), "");
    assert_eq!(judge(values("Status", &[])), "");
    assert_eq!(judge(values("status", &[])), "enum type status is missing");
    assert_eq!(
        judge(values("Status", &["SENT", "PAID", "LOST"])),
        "enum type Status is different: it lacks SENT, LOST"
    );
}

#[test]
fn an_index_exists_and_is_valid() {
    assert_eq!(judge(Fact::Index(name("customers_email_idx"))), "");
    assert_eq!(judge(Fact::Index(name("customers_id_idx"))), "index customers_id_idx is missing");
    assert_eq!(
        judge(Fact::Index(name("customers_status_idx"))),
        "index customers_status_idx is not valid: its build is running or has failed"
    );
}

#[test]
fn a_constraint_exists_and_is_validated() {
    assert_eq!(judge(constraint("customers", "customers_pkey")), "");
    assert_eq!(judge(constraint("customers", "x")), "constraint x on customers is missing");
    assert_eq!(judge(constraint("orders", "x")), "table orders is missing");
    assert_eq!(
        judge(constraint("customers", "customers_email_check")),
        "constraint customers_email_check on customers is not valid: \
         it was added NOT VALID and existing rows were not checked"
    );
}

#[test]
fn a_function_has_an_overload_with_the_arguments_that_are_required() {
    assert_eq!(judge(function("add_tax", None)), "");
    assert_eq!(judge(function("app.add_tax", Some(&["decimal", "int"]))), "");
    assert_eq!(judge(function("add_tax", Some(&["numeric"]))), "");
    assert_eq!(judge(function("touch", None)), "function touch is missing");
    assert_eq!(
        judge(function("add_tax", Some(&["text"]))),
        "function add_tax is different: it takes (numeric) and (numeric, integer), required is (text)"
    );
    assert_eq!(
        judge(function("add_tax", Some(&[]))),
        "function add_tax is different: it takes (numeric) and (numeric, integer), required is ()"
    );
}

#[test]
fn a_function_without_arguments_is_an_overload_too() {
    let mut catalog = catalog();
    let app = catalog.schemas.get_mut("app").expect("a schema");
    app.functions.insert("touch".into(), ["".into()].into());
    assert_eq!(judge_in(&catalog, function("touch", Some(&[]))), "");
}

#[test]
fn a_comma_within_a_type_separates_no_arguments() {
    assert_eq!(split_arguments("numeric(10,2), text").collect::<Vec<_>>(), ["numeric(10,2)", "text"]);
    assert_eq!(split_arguments("").count(), 0);
}

#[test]
fn an_extension_is_installed() {
    assert_eq!(judge(Fact::Extension("pgcrypto".into())), "");
    assert_eq!(judge(Fact::Extension("postgis".into())), "extension postgis is missing");
}

#[test]
fn the_applications_role_has_the_privilege_or_the_finding_says_how_to_grant_it() {
    assert_eq!(judge(privilege("customers", Privilege::Select)), "");
    assert_eq!(
        judge(privilege("customers", Privilege::Insert)),
        "privilege INSERT on customers is denied: \
         role shop was not granted it: GRANT INSERT ON \"app\".\"customers\" TO \"shop\""
    );
    assert_eq!(
        judge(privilege("AdminBackupJob", Privilege::Select)),
        "privilege SELECT on AdminBackupJob is denied: \
         role shop may not use schema public: GRANT USAGE ON SCHEMA \"public\" TO \"shop\""
    );
    assert_eq!(judge(privilege("orders", Privilege::Select)), "table orders is missing");
}

#[test]
fn a_role_that_is_not_there_has_no_privilege() {
    let mut catalog = catalog();
    catalog.role = None;
    assert_eq!(
        judge_in(&catalog, privilege("customers", Privilege::Select)),
        "privilege SELECT on customers is denied: there is no such role"
    );
}
