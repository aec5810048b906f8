# Sourced: command-line tools, those on PATH if they are new enough, otherwise built from their Go modules.

need_helm() { new_enough helm "$HELM_MINIMUM" || go_tool helm "$HELM_VERSION" helm.sh/helm/v4/cmd/helm; }

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
