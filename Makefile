# The commands that a developer needs. Each can run again at any point and skips what is done.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Suites that a plain `cargo test` leaves out (`test = false`): those on the services of tests/services/up, and those on the
# cluster of `make up`.
SERVICE_SUITES := --test http --test live --test search_index --test secured --test store
CLUSTER_SUITES := --test browser --test e2e
CLUSTER_ENV := . tests/cluster/env.sh &&

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: ## Start a kind cluster with an ingress, the operator and an example chat at http://chat.localhost:8080
	@tests/cluster/up

.PHONY: down
down: ## Remove the cluster and everything that `make up` started; keep what was built
	@tests/cluster/down

.PHONY: dev
dev: ## Run two replicas of the chat-app as local processes, without a cluster; SEED=1 adds example content
	@tests/services/dev $(if $(SEED),--seed)

.PHONY: test
test: test-fast test-cluster test-cloudnativepg ## Run every test: test-fast, then those on the cluster

.PHONY: test-fast
test-fast: check test-rust chaos-fast ## Run everything that needs no cluster: check, test-rust, chaos-fast

.PHONY: test-cluster
test-cluster: up ## Start the cluster, then test the chart, the operator and the chat in a real browser
	@tests/browser/install
	@tests/services/up bucket
	$(CLUSTER_ENV) tests/chart.sh --cluster
	$(CLUSTER_ENV) tests/cargo test --test browser -- --test-threads=2
	$(CLUSTER_ENV) tests/cargo test --test e2e -- --test-threads=4   # these mostly wait

.PHONY: test-cloudnativepg
test-cloudnativepg: up ## Start CloudNativePG on the cluster and test chats on its PostgreSQL, with a failover under load
	@tests/cluster/cloudnativepg
	$(CLUSTER_ENV) tests/cargo test --test e2e -- --ignored cloudnativepg

.PHONY: check
check: ## Check formatting, lints, the licenses of dependencies, and that generated files are up to date
	cargo fmt --all --check
	tests/cargo clippy --all-targets -- -D warnings
	tests/cargo clippy $(SERVICE_SUITES) --test nodeless $(CLUSTER_SUITES) -- -D warnings   # --all-targets leaves them out
	@tests/lint
	@tests/javascript --test-reporter=dot
	@tests/monitoring/check
	@tests/deny
	@tests/mutations/run --check
	@tests/released/check
	@$(MAKE) --no-print-directory generate
	git diff --exit-code -- crds charts/confab/files docs/reference

.PHONY: deny
deny: ## Check licenses, bans and sources of the dependencies (deny.toml)
	@tests/deny

.PHONY: test-unit
test-unit: ## Run the unit tests, which need only Rust, a C compiler, make and Perl: no service, no cluster
	cargo test --locked --workspace

.PHONY: test-rust
test-rust: ## Run the unit tests and the suites on PostgreSQL, Kafka, an S3 server and a Kubernetes API server
	@tests/services/up --no-fsync
	tests/cargo test --no-run
	tests/cargo test --no-run $(SERVICE_SUITES) --test nodeless
	@echo "Two groups run at the same time, because both mostly wait. Their output follows in about three minutes."
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-nodeless test-others

.PHONY: test-nodeless test-others
test-nodeless:
	RUST_TEST_THREADS=5 tests/cargo test --test nodeless
test-others:
	RUST_TEST_THREADS=4 tests/cargo test -- --include-ignored   # the ignored unit tests need Kafka
	RUST_TEST_THREADS=4 tests/cargo test $(SERVICE_SUITES)

# Open files: two thousand live connections, each through a proxy.
CHAOS = prlimit --nofile=16384:16384 tests/cargo run --bin chaos --
CHAOS_SIZE = $(if $(SENDS),--sends $(SENDS) --rate 200 --report docs/delivery-report.md,--brief)

.PHONY: chaos-fast
chaos-fast: ## Inject every fault into a chat of local processes and check the delivery contract; SENDS=200000 for a long run
	@tests/services/up --fetch postgres kafka
	tests/cargo build --bin chat-app --bin chaos
	$(CHAOS) --local $(CHAOS_SIZE)

.PHONY: chaos
chaos: up ## Inject every fault into a chat on the cluster and check the delivery contract; SENDS=1000000 for a long run
	$(CLUSTER_ENV) $(CHAOS) --cluster $(CHAOS_SIZE)

.PHONY: test-crashes
test-crashes: ## Kill the operator before and after every request that it sends (test-fast kills it at a sample of them)
	@tests/services/up --no-fsync
	CONFAB_CRASH_SAMPLE=1 tests/cargo test --test nodeless -- --nocapture crash

.PHONY: test-idle
test-idle: ## Check that 200 settled chats cause no write but the Lease's for 10 minutes (test-fast: 20 chats, one minute)
	@tests/services/up --no-fsync
	CONFAB_IDLE_CHATS=200 CONFAB_IDLE_SECONDS=600 tests/cargo test --test nodeless -- --nocapture idle

.PHONY: test-mutants
test-mutants: up ## Plant one fault after the other in Confab and check that a test fails for each (tests/mutations)
	@tests/services/up --no-fsync
	tests/mutations/run

.PHONY: dist
dist: ## Build what a release consists of, for amd64 and arm64, into target/artifacts (docs/releasing.md)
	@VERSION='$(VERSION)' REGISTRY='$(REGISTRY)' dist/make

.PHONY: publish
publish: ## Push what `make dist` built to REGISTRY, and sign it when there is a key
	@VERSION='$(VERSION)' REGISTRY='$(REGISTRY)' dist/publish

.PHONY: test-release
test-release: ## Publish a release to a registry on this machine and use it, with the programs for arm64 under QEMU
	@tests/release/run

.PHONY: generate
generate: ## Write the CRD, its reference page and the OpenAPI document from the code
	tests/cargo build --bin operator --bin chat-app
	@tests/cargo run --quiet --bin operator -- crd > crds/chatdeployments.yaml
	@tests/cargo run --quiet --bin operator -- reference > docs/reference/chatdeployment.md
	@tests/cargo run --quiet --bin chat-app -- openapi > docs/reference/openapi.json
	@cp crds/chatdeployments.yaml charts/confab/files/chatdeployments.yaml
