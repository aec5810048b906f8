# Sourced: command-line tools, those on PATH if they are new enough, otherwise built from their Go modules.

need_helm() { new_enough helm "$HELM_MINIMUM" || go_tool helm "$HELM_VERSION" helm.sh/helm/v4/cmd/helm; }

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
