# Sourced: command-line tools, those on PATH if they are new enough, otherwise built from their Go modules.

need_helm() { new_enough helm "$HELM_MINIMUM" || go_tool helm "$HELM_VERSION" helm.sh/helm/v4/cmd/helm; }

# What pushes a release, signs it, and the registry that the test of it pushes to.
need_oras() { go_tool oras "$ORAS_VERSION" oras.land/oras/cmd/oras; }
need_cosign() { go_tool cosign "$COSIGN_VERSION" github.com/sigstore/cosign/v2/cmd/cosign; }
need_registry() { go_tool registry "$DISTRIBUTION_VERSION" github.com/distribution/distribution/v3/cmd/registry; }

# Helm is the one program here that reads YAML: a chart of one template prints it as JSON.
yaml_to_json() { # FILE
  local chart
  chart=$(mktemp -d)
  mkdir "$chart/templates"
  printf 'apiVersion: v2\nname: to-json\nversion: 0.0.0\n' >"$chart/Chart.yaml"
  # shellcheck disable=SC2016 # a template of Helm
  echo '{{ .Files.Get "file.yaml" | fromYaml | toJson }}' >"$chart/templates/file.yaml"
  cp "$1" "$chart/file.yaml"
  helm template to-json "$chart" | sed -n 's/^{/{/p'
  rm -r "$chart"
}

prometheus_home=$CONFAB_CACHE/prometheus-$PROMETHEUS_VERSION

need_prometheus() {
  command -v go >/dev/null || die "missing: Go, to build Prometheus"
  product "$prometheus_home" prometheus "build $PROMETHEUS_VERSION from its Go module (3 minutes)" install_prometheus
}

# Prometheus and promtool, without the service discovery of clouds, which would be most of the build.
install_prometheus() {
  local module=github.com/prometheus/prometheus
  GOBIN=$1 CGO_ENABLED=0 GOFLAGS='-buildvcs=false -modcacherw' go install -trimpath -ldflags='-s -w' -tags remove_all_sd \
    "$module/cmd/prometheus@$PROMETHEUS_VERSION" "$module/cmd/promtool@$PROMETHEUS_VERSION"
}

alertmanager_home=$CONFAB_CACHE/alertmanager-$ALERTMANAGER_VERSION

need_alertmanager() {
  command -v go >/dev/null || die "missing: Go, to build Alertmanager"
  product "$alertmanager_home" alertmanager "build $ALERTMANAGER_VERSION from its Go module (2 minutes)" install_alertmanager
}

# Without its pages: the module has their sources only, and an empty folder cannot be embedded.
install_alertmanager() { # DIR
  local module
  module=$(go mod download -json "github.com/prometheus/alertmanager@$ALERTMANAGER_VERSION" | jq -r .Dir)
  cp -r --no-preserve=mode "$module" "$1/src"
  mkdir -p "$1/src/ui/app/dist"
  : >"$1/src/ui/app/dist/index.html"
  (cd "$1/src" && CGO_ENABLED=0 GOFLAGS='-buildvcs=false -modcacherw' go build -trimpath -ldflags='-s -w' -o "$1/alertmanager" ./cmd/alertmanager)
  rm -rf "$1/src"
}

webhook_clients=$CONFAB_CACHE/webhook-clients-$(sha256sum "$tests_dir/webhook-clients/requirements.txt" | cut -c 1-12)

need_webhook_clients() {
  command -v python3 >/dev/null || die "missing: python3 with pip, for the clients of the chat's hooks"
  product "$webhook_clients" clients "install the clients of hooks from PyPI" install_webhook_clients
}

install_webhook_clients() { # DIR
  python3 -m pip install --quiet --require-hashes --target "$1" --requirement "$tests_dir/webhook-clients/requirements.txt"
}

oidc_source=$tests_dir/services/oidc-provider
# Another one for each state of the source.
oidc_home=$CONFAB_CACHE/oidc-provider-$(cat "$oidc_source"/* | sha256sum | cut -c1-8)

need_oidc_provider() {
  for tool in node npm; do command -v "$tool" >/dev/null || die "missing: $tool, for a provider of OpenID Connect"; done
  product "$oidc_home" oidc "install oidc-provider from npm" install_oidc_provider
}

install_oidc_provider() { # DIR
  cp "$oidc_source"/* "$1"
  cd "$1"
  npm ci --silent --no-audit --no-fund
}

version_of() {
  case $1 in
    kind) kind version ;;
    helm) helm version --template '{{.Version}}' ;;
    kubectl) kubectl version --client ;;
  esac 2>/dev/null | grep -oE 'v[0-9]+(\.[0-9]+)+' | head -n 1
}

new_enough() { # TOOL VERSION
  command -v "$1" >/dev/null || return 1
  [ "$(printf '%s\n' "$2" "$(version_of "$1")" | sort -V | head -n 1)" = "$2" ]
}

go_tool() { # NAME VERSION PACKAGE
  command -v go >/dev/null || die "missing: $1 $2 or newer, or Go to build it with"
  go_tool_package=$3@$2
  product "$CONFAB_CACHE/$1-$2" "$1" "build $2 from its Go module" go_install
  ln -sfn "../$1-$2/$1" "$CONFAB_CACHE/bin/$1"
}

go_install() { # with the flags of cluster/from-packages/, so that the builds share Go's cache
  GOBIN=$1 CGO_ENABLED=0 GOFLAGS='-buildvcs=false -modcacherw' go install -trimpath -ldflags='-s -w' "$go_tool_package"
}
