# schemagate: the few commands that build, show and prove it.
#
#   make demo            see it: break a schema and mend it, in the browser
#   make demo ARGS=--tour   the same, by itself
#   make test            prove it: everything that CI checks but the next
#   make test-apps       prove it on real applications, migrated by their own tools
#   make test-browser    prove its pages in a real Chromium
#   make budgets         prove that a request takes no more instructions than it did
#   make packages        prove what it is shipped as: image, compose file, unit, Debian package
#   make rules           prove the alert rules and the dashboard's queries with Prometheus' own tool
#
# All work on a fresh Debian or Ubuntu machine that has only rustup: what is missing is installed
# where that is allowed (root, or sudo that asks no password), and named where it is not.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
# cargo-deny is a tool, not a dependency: pinned here, installed into .tools, never into ~/.cargo.
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := .tools/bin/cargo-deny
# Likewise what makes the book; CI has no need of it.
MDBOOK_VERSION := 0.5.4
MDBOOK := .tools/bin/mdbook
# Likewise.
CARGO_DEB_VERSION := 3.8.0
CARGO_DEB := .tools/bin/cargo-deb
# What looks at files that no program of ours reads, in an environment of its own.
LINT := .tools/lint
PROFILE ?= release
BUILT = target/$(PROFILE:dev=debug)
DEB ?= --output target/debian/
TIME ?= 60
ROUNDS ?= 10
SECONDS ?= 4
BACKEND := tests/backends/express
# What each example has installed, which is written last.
EXAMPLES := $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard examples/*/package-lock.json)) \
	$(patsubst %/requirements.txt,%/.venv/installed,$(wildcard examples/*/requirements.txt))
BROWSER := tests/browser

.PHONY: help demo test test-apps test-browser pictures book reference packages deb deb-of rules bench bench-micro bench-refresh bench-swap budgets deps-build deps-test deps-apps deps-browser deps-bench deps-wire deps-slow wire-differences format clippy docs tests proofs fuzz deny

help: ## This list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

demo: deps-build ## A backend, an SQLite database and the proxy in front; ARGS=--tour walks through by itself.
	$(CARGO) run --locked -- demo $(ARGS)

test: deps-build deps-test format clippy docs tests deny ## Everything that CI checks, but for test-apps.

test-apps: deps-apps ## Real applications, migrated by their own tools, behind the real schemagate.
	$(CARGO) test --locked --test apps

test-browser: deps-browser ## The pages in a real Chromium, by mouse and by keyboard, held against axe.
	$(CARGO) test --locked --test browser

pictures: deps-browser ## The pictures of the documentation, taken anew.
	PICTURES=$(CURDIR)/docs/pictures $(CARGO) test --locked --test browser

book: $(MDBOOK) ## The documentation as a book: target/book/docs/index.html.
	$(MDBOOK) build
	@# What its pages lead to beside themselves.
	cp -R --update proxy.toml proxy.schema.json deploy target/book/
	rm -rf target/book/examples target/book/bench && mkdir -p target/book/bench
	git archive HEAD examples bench/runs | tar -x -C target/book

$(MDBOOK): Makefile
	@if [ "$$($@ --version 2>/dev/null)" != "mdbook v$(MDBOOK_VERSION)" ]; then \
		$(CARGO) install mdbook --version $(MDBOOK_VERSION) --locked --root .tools; \
	fi
	@touch $@

reference: ## Pages of the documentation that are made of the code: keys, commands, metrics, log lines.
	WRITE_DOCS=1 $(CARGO) test --locked --lib the_documentation_names

rules: ## Alert rules against made-up series, and the queries of the Grafana dashboard, by promtool.
	@scripts/install-missing.sh rules
	scripts/check-rules.sh

.PHONY: kubernetes replicas
kubernetes: ## The manifests, built by kustomize and held against Kubernetes' own schemas.
	scripts/check-kubernetes.sh

packages: deps-build $(LINT)/installed $(CARGO_DEB) ## The image, the compose file, the unit and the Debian package, as far as a machine without Docker can.
	@scripts/install-missing.sh packages
	@# The program as the tests have it: by itself it would be built once more, with other features of what it is linked to.
	$(CARGO) test --locked --test suite --no-run
	$(MAKE) --no-print-directory deb-of PROFILE=dev DEB="--fast --output target/deb/schemagate.deb"
	scripts/check-packages.sh target/debug/schemagate $(LINT)/bin target/deb/schemagate.deb

# Written last, so that a half-done installation is done again. The list names everything, each exactly.
$(LINT)/installed: deploy/lint/requirements.txt
	@scripts/install-missing.sh packages
	python3 -m venv $(LINT)
	$(LINT)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

deb: deps-build $(CARGO_DEB) ## The Debian package, into target/debian; PROFILE=profiling for a quicker one.
	$(CARGO) build --locked --profile $(PROFILE)
	@$(MAKE) --no-print-directory deb-of

# The Debian package of what was built. cargo-deb warns of the profile `dev`, which is for the proof alone.
deb-of:
	rm -rf target/deb && mkdir -p target/deb/completions
	$(BUILT)/schemagate man --into target/deb/man
	for shell in bash zsh fish; do $(BUILT)/schemagate completions $$shell >target/deb/completions/$$shell; done
	$(CARGO_DEB) --no-build --profile $(PROFILE) $(DEB)

$(CARGO_DEB): Makefile
	@if [ "$$($@ --version 2>/dev/null)" != "$(CARGO_DEB_VERSION)" ]; then \
		$(CARGO) install cargo-deb --version $(CARGO_DEB_VERSION) --locked --root .tools; \
	fi
	@touch $@

bench: deps-bench ## schemagate beside pingora alone, nginx, HAProxy, Caddy and what people build: ROUNDS=10 of SECONDS=4 each, into bench/runs.
	$(CARGO) build --release --locked --workspace --bins
	target/release/peers --rounds $(ROUNDS) --seconds $(SECONDS) $(if $(ONLY),--only $(ONLY))

# In a profile that has release's optimisations but those of linking: names stay, and it is built in half the time.
budgets: deps-build ## Instructions of decisions and requests, held against bench/budgets.toml; WRITE=1 records them.
	@scripts/install-missing.sh budgets
	$(CARGO) build --profile profiling --locked --workspace --bins
	target/profiling/budgets $(if $(WRITE),--write)

bench-micro: deps-build ## How long a decision takes, and that it allocates nothing.
	$(CARGO) bench -p schemagate-bench

bench-refresh: deps-test ## What it costs to watch a thousand tenants, of the database's time and of schemagate's.
	$(CARGO) bench --bench refresh

# In the profile whose builds are there: linking changes nothing of what is seen.
bench-swap: deps-build ## Whether a swap of what is known keeps a request waiting.
	$(CARGO) bench --locked --profile profiling --bench swap

replicas: deps-test ## What one, two and four replicas cost the database that all of them watch: docs/kubernetes.md.
	$(CARGO) test --test suite --locked replicas_cost -- --ignored --nocapture

deps-build: ## What a build needs beside rustup: cmake (zlib-ng), a C compiler (SQLite, ring), make.
	@scripts/install-missing.sh build

deps-test: deps-build $(BACKEND)/node_modules/.package-lock.json ## What the tests need besides.

# npm writes this file last: a half-done installation is done again.
$(BACKEND)/node_modules/.package-lock.json: $(BACKEND)/package-lock.json
	@scripts/install-missing.sh test
	cd $(BACKEND) && npm ci --no-progress --loglevel=error
	@touch $@

deps-browser: deps-test $(BROWSER)/node_modules/.package-lock.json examples/express-knex/node_modules/.package-lock.json ## What test-browser needs besides.
	@scripts/install-missing.sh browser

$(BROWSER)/node_modules/.package-lock.json: $(BROWSER)/package-lock.json
	@scripts/install-missing.sh test
	cd $(BROWSER) && npm ci --no-progress --loglevel=error
	@touch $@

deps-apps: deps-build $(EXAMPLES) ## What test-apps needs besides.

# Scripts of packages are left out: what they would do is download programs. That is why Prisma is told of an engine, which
# making its client does not need.
examples/%/node_modules/.package-lock.json: examples/%/package-lock.json
	@scripts/install-missing.sh apps
	cd examples/$* && npm ci --ignore-scripts --no-progress --loglevel=error
	cd examples/$* && PRISMA_SCHEMA_ENGINE_BINARY=/bin/true npm run build --if-present --silent
	@touch $@

# Written last, so that a half-done installation is done again. The list names everything, each exactly.
examples/%/.venv/installed: examples/%/requirements.txt
	@scripts/install-missing.sh apps
	python3 -m venv --clear examples/$*/.venv
	examples/$*/.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

deps-bench: deps-test examples/django/.venv/installed ## What bench needs besides.
	@scripts/install-missing.sh bench

deps-wire: deps-build ## What wire-differences needs besides.
	@scripts/install-missing.sh wire

format: ## Whether every file is formatted.
	$(CARGO) fmt --all --check

# Warnings are errors by an argument and not by RUSTFLAGS: those would build everything twice. `apps` and `browser` are named because
# --all-targets leaves out what is run by name only.
clippy: ## The lints.
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --test apps --test browser --locked -- -D warnings
	$(CARGO) clippy --no-default-features --locked -- -D warnings

# Only rustdoc reads RUSTDOCFLAGS, so nothing is built again for it. The documentation is for those who work in
# the house: private items are in it, so a room's door may point at what is behind it.
docs: ## Whether the documentation has broken links.
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" $(CARGO) doc --workspace --no-deps --document-private-items --locked

wire-differences: deps-wire ## What nginx and HAProxy make of the corpus of raw requests, into docs/wire.md.
	WRITE_DOCS=1 $(CARGO) test --test suite --locked wire::differences -- --ignored

tests: ## Unit, property and integration tests.
	CARGO="$(CARGO)" scripts/run-tests.sh

deps-slow: deps-build ## What the proofs of slow clients and of many streams need besides.
	@scripts/install-missing.sh slow

proofs: deps-test deps-wire deps-slow ## The long proofs: a minute and more each, with their figures.
	$(CARGO) test --test suite --locked -- --ignored --nocapture --test-threads=1

# On stable Rust and by the tests' own build: only the workspace's crates are built once more, with instruments, and one program
# holds all targets, so that it is linked once. That takes 1.5 minutes of processor time, where cargo-fuzz, which instruments
# and optimises all 300 crates, took 14 and ran a third faster on files (five times on paths).
# What the fuzzer finds on its way goes to fuzz/corpus, what fails to fuzz/artifacts.
fuzz: deps-build ## Everything that reads what strangers write, each for TIME=60 seconds.
	RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/scripts/instrumented-rustc.sh \
		$(CARGO) build --locked -p schemagate-fuzz --features libfuzzer --bin any
	@for seeds in fuzz/seeds/*; do \
		target=$${seeds##*/}; mkdir -p fuzz/corpus/$$target fuzz/artifacts/$$target; echo "== $$target"; \
		FUZZ=$$target target/debug/any -artifact_prefix=fuzz/artifacts/$$target/ -max_total_time=$(TIME) -max_len=8192 \
			-timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 fuzz/corpus/$$target $$seeds; \
	done

# Advisories are left out: they need a database from the network, and a new one would break an old commit.
deny: $(CARGO_DENY) ## Licences, banned crates, and where crates come from.
	$(CARGO_DENY) --locked check --hide-inclusion-graph bans licenses sources

$(CARGO_DENY): Makefile
	@if [ "$$($@ --version 2>/dev/null)" != "cargo-deny $(CARGO_DENY_VERSION)" ]; then \
		$(CARGO) install cargo-deny --version $(CARGO_DENY_VERSION) --locked --root .tools; \
	fi
	@touch $@
