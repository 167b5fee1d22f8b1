use gate::ledger::{Change, Migration, Replay, Steps};
use proptest::prelude::*;

fn migration(text: &str) -> Migration {
    Migration { key: "1".into(), steps: super::steps(text, 1), ..Migration::default() }
}

/// Why statements of `text` are not understood.
fn unread(text: &str) -> Vec<String> {
    let Steps::Read(steps) = super::steps(text, 1) else { panic!("not read") };
    let why = |step: gate::ledger::Step| match step.change {
        Change::Unread { why, .. } => Some(format!("{}: {why}", step.line)),
        _ => None,
    };
    steps.into_iter().filter_map(why).collect()
}

/// The catalog that `text` leaves behind, as lines.
fn catalog(text: &str) -> Vec<String> {
    assert_eq!(unread(text), [""; 0], "{text}");
    let migration = migration(text);
    let replay = Replay::of(&["public".into()], [&migration]);
    let mut lines = Vec::new();
    for (schema, objects) in &replay.catalog().schemas {
        for (name, relation) in &objects.relations {
            let columns: Vec<String> = relation
                .columns
                .iter()
                .map(|(name, column)| format!("{name} {}{}", column.ty, if column.nullable { "?" } else { "" }))
                .collect();
            lines.push(format!("{schema}.{name}: {}", columns.join(", ")));
            lines.extend(relation.constraints.iter().map(|(constraint, valid)| {
                format!("{schema}.{name} has {constraint}{}", if *valid { "" } else { " (not valid)" })
            }));
        }
        for (name, values) in &objects.enums {
            lines.push(format!("{schema}.{name}: {}", values.join("|")));
        }
        lines.extend(objects.indexes.keys().map(|name| format!("index {schema}.{name}")));
        for (name, overloads) in &objects.functions {
            lines.extend(overloads.iter().map(|arguments| format!("{schema}.{name}({arguments})")));
        }
    }
    lines
}
