# Sourced by the scripts of tests/release: a registry on this machine, and what `make publish` pushes to it.
# shellcheck disable=SC2034 # the scripts that source this file use the variables
# shellcheck source=dist/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../dist/lib.sh"
release_port=${CONFAB_REGISTRY_PORT:-19400}
release_home=$CONFAB_CACHE/release-test

# A registry as its project releases it, with an empty store.
start_registry() { # ADDRESS
  rm -rf "$release_home/store"
  cat >"$release_home/registry.yml" <<YAML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $release_home/store}}
http: {addr: "$1:$release_port"}
YAML
  OTEL_TRACES_EXPORTER=none registry serve "$release_home/registry.yml" >>"$release_home/registry.log" 2>&1 9>&- &
  registry_pid=$!
  wait_until 20 curl -sf -o /dev/null "http://$1:$release_port/v2/" || die "the registry does not answer; see $release_home/registry.log"
}

digest_of() { sed -n "s|^$registry/$1:$version@||p" "$artifacts/images.txt"; } # IMAGE
