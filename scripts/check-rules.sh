#!/usr/bin/env bash
# Whether Prometheus takes the alert rules, whether each fires when it should and only then, and whether
# every query of the dashboard is one.
set -euo pipefail
cd "$(dirname "$0")/../deploy"

promtool check rules prometheus/alerts.yml
promtool test rules prometheus/alerts.test.yml

# The dashboard's queries as rules, with a value for each of Grafana's variables: JSON is YAML.
queries=$(mktemp --suffix=.json)
trap 'rm -f "$queries"' EXIT
node -e '
    const board = JSON.parse(require("fs").readFileSync("grafana/schemagate.json", "utf8"));
    const queries = board.panels.flatMap((panel) => panel.targets ?? []).concat(board.annotations.list);
    const plain = (query) => query.replaceAll("$__rate_interval", "5m").replaceAll(/\$(job|instance|route)/g, ".*");
    const rules = queries.map(({ expr }, number) => ({ record: `dashboard:query:${number}`, expr: plain(expr) }));
    if (rules.length < 20) throw new Error(`only ${rules.length} queries found`);
    console.log(JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
' >"$queries"
promtool check rules "$queries"
