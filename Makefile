# The few commands a person needs. Each can be run again at any point: what is done is skipped.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# What a plain `cargo test` does not run (`test = false`): suites on the services of tests/services/up, and suites on the
# cluster of `make up`.
SERVICE_SUITES := --test http --test live --test search_index --test secured --test store
CLUSTER_SUITES := --test browser --test e2e
CLUSTER_ENV := . tests/cluster/env.sh &&
SERVICES_ENV := set -a && . "$${CONFAB_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/confab}/services/env" && set +a &&

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: ## Make a kind cluster with ingress, install the operator, start the example chat at http://chat.localhost:8080
	@tests/cluster/up

.PHONY: down
down: ## Remove the cluster and all that `make up` started; what was built stays cached
	@tests/cluster/down

.PHONY: dev
dev: ## Run two replicas of the chat-app as local processes, without a cluster; SEED=1 fills them with an example
	@tests/services/dev $(if $(SEED),--seed)

.PHONY: test
test: test-fast test-cluster ## Run every test: test-fast, then test-cluster

.PHONY: test-fast
test-fast: check test-rust chaos-fast ## Check formatting, lints and generated files; run the tests that need no cluster

.PHONY: test-cluster
test-cluster: up ## Bring the cluster up, then test the chart, the operator and the chat in a real browser
	@tests/browser/install
	$(CLUSTER_ENV) tests/chart.sh --cluster
	$(CLUSTER_ENV) tests/cargo test --test browser -- --test-threads=2
	$(CLUSTER_ENV) tests/cargo test --test e2e -- --test-threads=4   # which mostly wait

.PHONY: check
check: ## Formatting, clippy, dependencies' licences, and whether generated files are what the code generates
	cargo fmt --all --check
	tests/cargo clippy --all-targets -- -D warnings
	tests/cargo clippy $(SERVICE_SUITES) --test nodeless $(CLUSTER_SUITES) -- -D warnings   # --all-targets leaves them out
	@tests/lint
	@tests/deny
	@tests/mutations/run --check
	@$(MAKE) --no-print-directory generate
	git diff --exit-code -- crds charts/confab/files docs/reference

.PHONY: deny
deny: ## Licences, bans and sources of the dependencies (deny.toml)
	@tests/deny

.PHONY: test-unit
test-unit: ## Unit tests, on any machine with Rust: no service, and no flag of this Makefile
	cargo test --locked --workspace

.PHONY: test-rust
test-rust: ## Unit tests, HTTP tests on PostgreSQL, relay tests on Kafka, the operator on an API server; all are started from packages
	@tests/services/up --no-fsync
	tests/cargo test --no-run
	tests/cargo test --no-run $(SERVICE_SUITES) --test nodeless
	@echo "Those of the operator without nodes and all others, at the same time, as they mostly wait: some three minutes, then what they say."
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-nodeless test-others

.PHONY: test-nodeless test-others
test-nodeless:
	RUST_TEST_THREADS=5 tests/cargo test --test nodeless
test-others:
	RUST_TEST_THREADS=4 tests/cargo test -- --include-ignored   # unit tests; the ignored ones need Kafka
	RUST_TEST_THREADS=4 tests/cargo test $(SERVICE_SUITES)

# Two thousand live connections, each through a proxy.
CHAOS = prlimit --nofile=16384:16384 tests/cargo run --bin chaos --
CHAOS_SIZE = $(if $(SENDS),--sends $(SENDS) --rate 200 --report docs/delivery-report.md,--brief)

.PHONY: chaos-fast
chaos-fast: ## Break a chat of local processes in every way, and check the delivery contract; SENDS=200000 does it at length
	@tests/services/up --fetch postgres kafka
	tests/cargo build --bin chat-app --bin chaos
	$(CHAOS) --local $(CHAOS_SIZE)

.PHONY: chaos
chaos: up ## Break a chat on the cluster, and check the delivery contract; SENDS=1000000 does it at length
	$(CLUSTER_ENV) $(CHAOS) --cluster $(CHAOS_SIZE)

.PHONY: test-crashes
test-crashes: ## The operator killed before and after every request that it makes (test-fast: a sample of them)
	@tests/services/up --no-fsync
	CONFAB_CRASH_SAMPLE=1 tests/cargo test --test nodeless -- --nocapture crash

.PHONY: test-idle
test-idle: ## 200 settled chats for 10 minutes: no write but the Lease's (test-fast: 20 for a minute)
	@tests/services/up --no-fsync
	CONFAB_IDLE_CHATS=200 CONFAB_IDLE_SECONDS=600 tests/cargo test --test nodeless -- --nocapture idle

.PHONY: test-mutants
test-mutants: up ## Confab with a fault planted, time after time, each of which a test must catch
	@tests/services/up --no-fsync
	$(SERVICES_ENV) tests/mutations/run

.PHONY: generate
generate: ## Write the CRD and its reference page from the code
	tests/cargo build --bin operator
	@tests/cargo run --quiet --bin operator -- crd > crds/chatdeployments.yaml
	@tests/cargo run --quiet --bin operator -- reference > docs/reference/chatdeployment.md
	@cp crds/chatdeployments.yaml charts/confab/files/chatdeployments.yaml
