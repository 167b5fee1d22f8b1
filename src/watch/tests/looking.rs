//! What a single look finds.

use super::*;

#[tokio::test]
async fn measure() {
    let cluster = Cluster::start();
    let mut ddl = String::from("CREATE EXTENSION pg_stat_statements;");
    let mut wanted = Wanted::default();
    for t in 0..100 {
        let columns: Vec<String> = (0..10).map(|c| format!("\"col{c}\" timestamp(3)")).collect();
        ddl += &format!("CREATE TABLE \"Table{t}\" ({});", columns.join(","));
        wanted.tables.insert(ObjectName::unqualified(&format!("Table{t}")));
    }
    for t in 100..400 {
        ddl += &format!("CREATE TABLE \"Table{t}\" (a int, b int primary key, c text);");
    }
    cluster.sql("postgres", &ddl);
    let db = settings(cluster.socket_url("postgres", "postgres"));
    for analyzed in [false, true] {
        if analyzed {
            cluster.sql("postgres", "VACUUM ANALYZE");
        }
        for privileges in [false, true] {
            wanted.privileges = privileges;
            wanted.constraints = privileges;
            let mut reader = Reader::open(&postgres(db.clone()), &Arc::new(wanted.clone()), &Arc::new(Hint::unheard()))
                .await
                .unwrap();
            cluster.sql("postgres", "SELECT pg_stat_statements_reset()");
            let mut times = Vec::new();
            for _ in 0..100 {
                let t = std::time::Instant::now();
                let c = reader.look().await.unwrap();
                times.push(t.elapsed());
                assert_eq!(c.schemas["public"].relations.len(), 100);
                assert_eq!(c.schemas["public"].relations["Table7"].columns.len(), 10);
            }
            times.sort();
            eprintln!(
                "analyzed {analyzed} privileges {privileges}: client p50 {:?} p95 {:?} max {:?}",
                times[50], times[95], times[99]
            );
            eprintln!("{}", cluster.sql("postgres", "SELECT calls, round(total_plan_time::numeric/calls,3), round(total_exec_time::numeric/calls,3), rows/calls, left(query,60) FROM pg_stat_statements WHERE calls >= 99 ORDER BY total_exec_time desc"));
            reader.close().await;
        }
    }
}
