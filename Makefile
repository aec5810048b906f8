# The few commands a person needs. Each can be run again at any point: what is done is skipped.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The whole workspace is always named: a part of it alone would compile its dependencies with other features, once more.
CARGO_FLAGS := --release --locked --workspace
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
	$(CLUSTER_ENV) cargo test $(CARGO_FLAGS) --test browser -- --test-threads=2
	$(CLUSTER_ENV) cargo test $(CARGO_FLAGS) --test e2e -- --test-threads=4   # which mostly wait

.PHONY: check
check: ## Formatting, clippy, dependencies' licences, and whether generated files are what the code generates
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	cargo clippy $(CARGO_FLAGS) --test e2e --test browser --test nodeless -- -D warnings   # which --all-targets leaves out, with `test = false`
	@tests/deny
	@tests/mutations/run --check
	@$(MAKE) --no-print-directory generate
	git diff --exit-code -- crds charts/confab/files docs/reference

.PHONY: deny
deny: ## Licences, bans and sources of the dependencies (deny.toml)
	@tests/deny

.PHONY: test-rust
test-rust: ## Unit tests, HTTP tests on PostgreSQL, relay tests on Kafka, the operator on an API server; all are started from packages
	@tests/services/up --no-fsync
	cargo test $(CARGO_FLAGS) --no-run
	cargo test $(CARGO_FLAGS) --no-run --test nodeless
	@echo "Those of the operator without nodes and all others, at the same time, as they mostly wait: some three minutes, then what they say."
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-nodeless test-others

.PHONY: test-nodeless test-others
test-nodeless:
	$(SERVICES_ENV) RUST_TEST_THREADS=5 cargo test $(CARGO_FLAGS) --test nodeless
test-others:
	$(SERVICES_ENV) RUST_TEST_THREADS=4 cargo test $(CARGO_FLAGS)

# Two thousand live connections, each through a proxy.
CHAOS = prlimit --nofile=16384:16384 $${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release/chaos
CHAOS_SIZE = $(if $(SENDS),--sends $(SENDS) --rate 200 --report docs/delivery-report.md,--brief)

.PHONY: chaos-fast
chaos-fast: ## Break a chat of local processes in every way, and check the delivery contract; SENDS=200000 does it at length
	@tests/services/up --fetch postgres kafka
	cargo build $(CARGO_FLAGS) --bin chat-app --bin chaos
	$(SERVICES_ENV) $(CHAOS) --local $(CHAOS_SIZE)

.PHONY: chaos
chaos: up ## Break a chat on the cluster, and check the delivery contract; SENDS=1000000 does it at length
	cargo build $(CARGO_FLAGS) --bin chaos
	$(CLUSTER_ENV) $(CHAOS) --cluster $(CHAOS_SIZE)

.PHONY: test-crashes
test-crashes: ## The operator killed before and after every request that it makes (test-fast: a sample of them)
	@tests/services/up --no-fsync
	$(SERVICES_ENV) CONFAB_CRASH_SAMPLE=1 cargo test $(CARGO_FLAGS) --test nodeless -- --nocapture crash

.PHONY: test-idle
test-idle: ## 200 settled chats for 10 minutes: no write but the Lease's (test-fast: 20 for a minute)
	@tests/services/up --no-fsync
	$(SERVICES_ENV) CONFAB_IDLE_CHATS=200 CONFAB_IDLE_SECONDS=600 cargo test $(CARGO_FLAGS) --test nodeless -- --nocapture idle

.PHONY: test-mutants
test-mutants: up ## Confab with a fault planted, time after time, each of which a test must catch
	@tests/services/up --no-fsync
	$(SERVICES_ENV) tests/mutations/run

.PHONY: generate
generate: ## Write the CRD and its reference page from the code
	cargo build $(CARGO_FLAGS) --bin operator
	@operator=$${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release/operator; \
	$$operator crd > crds/chatdeployments.yaml; \
	$$operator reference > docs/reference/chatdeployment.md; \
	cp crds/chatdeployments.yaml charts/confab/files/chatdeployments.yaml
