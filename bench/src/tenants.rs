//! A gate of many tenants, and requests that spread over all of them.

use std::sync::Arc;
use std::time::Duration;

use gate::{
    Catalog, DatabaseId, Directory, DomainTables, Gate, MatchingForm, Requirement, Rules, Shape, Stranger, Tenancy,
    TenantKey, TenantsSeen,
};

use super::{NOW, Scene, Sent, requirement, route};

impl Scene {
    /// A gate of so many tenants, known by their hosts, half of them broken; one route, which
    /// needs something of each.
    ///
    /// # Panics
    /// If the scene itself is wrong.
    pub fn of_tenants(tenants: u32) -> Self {
        let names = || (0..tenants).map(|id| format!("tenant{id}"));
        let tables = DomainTables {
            domains: None,
            domain: "domain".into(),
            tenant: "tenant_id".into(),
            tenants: None,
            id: "id".into(),
            schema: "schema_name".into(),
        };
        let shared = vec!["public".into()];
        let tenancy = Tenancy {
            database: DatabaseId(0),
            key: TenantKey::Domains(tables),
            shared: shared.clone(),
            stranger: Stranger::NotFound,
        };
        let messages = Requirement { per_tenant: true, ..requirement(1) };
        let needing = gate::Route { needs: [gate::RequirementId(0)].into_iter().collect(), ..route(0, "/*") };
        let rules = Rules::new(vec![needing], vec![messages], 1, MatchingForm::default(), None).expect("one route");
        let gate = Gate::new(Arc::new(rules.with_tenancy(Some(tenancy))));
        let rows = names().map(|name| (name.as_str().into(), vec![format!("{name}.example.com").into()]));
        let seen = TenantsSeen {
            directory: Some(Arc::new(Directory::of_domains(rows, &shared))),
            problem: None,
            // The others have no schema at all.
            shapes: vec![(Arc::new(Shape::default()), names().step_by(2).map(String::into_boxed_str).collect())],
            shared,
        };
        let catalog = Catalog { tenants: Some(seen), ..Catalog::default() };
        let requirements = gate.rules().requirements();
        let (snapshot, _) =
            gate.snapshot().after_look(requirements, DatabaseId(0), &catalog, NOW, Duration::from_secs(30));
        let sent = |id: u32| Sent {
            method: "GET",
            host: format!("{}tenant{id}.example.com", if id.is_multiple_of(3) { "www." } else { "" }),
            path: "/en/app/messages/".to_owned(),
        };
        // So far apart that neighbours share no cache line.
        let requests = (0..tenants).map(|id| sent(id.wrapping_mul(7919) % tenants)).collect();
        Self { gate: gate.with_snapshot(snapshot), requests }
    }
}
