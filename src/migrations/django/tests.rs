use std::fs;

use gate::ledger::{Change, Reach, Step, Tool};

use crate::migrations::Folder;

/// What the operations of an app's one migration do; `body` stands in its class.
fn steps(body: &str) -> Vec<Step> {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("shop/migrations");
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("__init__.py"), "").unwrap();
    let text = format!("class Migration(migrations.Migration):\n{body}\n");
    fs::write(package.join("0001_initial.py"), text).unwrap();
    let found = Folder::read(Tool::named("django").unwrap(), folder.path()).unwrap_or_else(|error| panic!("{error}"));
    found.migrations[0].steps.read().to_vec()
}

/// Why its steps are not told, with their lines.
fn unread(body: &str) -> Vec<String> {
    let why = |step: Step| match step.change {
        Change::Unread { why, reach: Reach::Anything } => Some(format!("{}: {why}", step.line)),
        Change::Unread { why, .. } => Some(format!("{}: {why} (rows)", step.line)),
        _ => None,
    };
    steps(body).into_iter().filter_map(why).collect()
}

#[test]
fn what_is_computed_is_said_to_be_unread_and_never_nothing() {
    let computed = "holds something that is computed, or of a model that is not known";
    for (body, expected) in [
        (" operations = [] if settings.DEBUG else []", "1: its operations are computed".to_owned()),
        (" operations = [make()()]", "1: an operation is computed".to_owned()),
        (" operations = [Own('x')]", "2: `Own` is no operation of Django's".to_owned()),
        (
            " operations = [\n  migrations.AddField('none', 'x', models.TextField())]",
            format!("3: `AddField` {computed}"),
        ),
        (" operations = [migrations.CreateModel(NAME, [])]", format!("2: `CreateModel` {computed}")),
        (" operations = [migrations.CreateModel('a', FIELDS)]", format!("2: `CreateModel` {computed}")),
        (
            " operations = [migrations.CreateModel('a', [('x', field())], options=own())]",
            format!("2: `CreateModel` {computed}"),
        ),
        (
            " operations = [migrations.CreateModel('a', [], options={'db_table': f'{x}'})]",
            format!("2: `CreateModel` {computed}"),
        ),
        (" operations = [migrations.RunSQL(SQL)]", format!("2: `RunSQL` {computed}")),
        (" operations = [migrations.RunPython(forwards)]", "2: it runs Python: `forwards` (rows)".to_owned()),
        (" operations = []\n operations += [x]", "1: its operations are changed after they are listed".to_owned()),
        (" operations = []\n def apply(self): pass", "1: it has methods of its own".to_owned()),
        (" operations = [migrations.RunSQL('SELECT f()')]", "2: it calls a function that may do anything".to_owned()),
    ] {
        assert_eq!(unread(body), [expected], "{body}");
    }
}

#[test]
fn a_field_of_the_projects_own_is_a_column_of_unknown_type() {
    let steps = steps(
        " operations = [migrations.CreateModel('A', [('x', own.CharField(max_length=3)), ('y', models.CharField(max_length=3))])]",
    );
    let [Step { change: Change::CreateRelation(table), line: 2 }] = &*steps else { panic!("{steps:?}") };
    assert_eq!(table.name.to_string(), "shop_a");
    let types: Vec<_> = table.columns.iter().map(|column| column.ty.as_ref().map(ToString::to_string)).collect();
    assert_eq!(types, [None, Some("character varying(3)".to_owned())]);
}

#[test]
fn operations_that_touch_no_table_are_no_steps() {
    let body = " operations = [migrations.AlterModelOptions('a', {}), migrations.AlterModelManagers('a', []),\n  \
                migrations.RunPython(migrations.RunPython.noop), migrations.RunSQL(migrations.RunSQL.noop),\n  \
                migrations.SeparateDatabaseAndState(state_operations=[migrations.CreateModel('A', [])])]";
    assert_eq!(steps(body), []);
}
