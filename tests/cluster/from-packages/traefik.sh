# Sourced: Traefik from its Go module, with three changes:
# - The module's zip lacks the nested module dynamic/ext; two empty structs replace it.
# - lego's DNS challenges need 150 SDKs of cloud providers, some of which no module proxy serves; they are left out.
# - No module proxy serves the pinned commit of go-http-auth; an earlier commit of the same fork replaces it.
traefik=$CONFAB_CACHE/traefik-$TRAEFIK_VERSION
go_http_auth=github.com/containous/go-http-auth@v0.4.1-0.20200324110947-a37a7636d23e

make_traefik() { product "$traefik" traefik "build $TRAEFIK_VERSION (5 minutes)" build_traefik; }

build_traefik() {
  mkdir "$1/src"
  cd "$1/src"
  local gomod version=github.com/traefik/traefik/v3/pkg/version
  gomod=$(go mod download -json "github.com/traefik/traefik/v3@$TRAEFIK_VERSION" | jq -r .GoMod)
  copy_lego "$gomod"
  write_ext
  sed 's#^module .*#module wrap/traefik#' "$gomod" >go.mod
  go mod edit -replace=github.com/traefik/traefik/dynamic/ext=./ext -replace=github.com/go-acme/lego/v5=./lego \
    -replace="github.com/abbot/go-http-auth=$go_http_auth" \
    -require="github.com/traefik/traefik/v3@$TRAEFIK_VERSION" -tool=github.com/traefik/traefik/v3/cmd/traefik
  ldflags="-X $version.Version=$TRAEFIK_VERSION" go_build -mod=mod -o "$1/traefik" github.com/traefik/traefik/v3/cmd/traefik
  rm -rf "$1/src"
}

copy_lego() { # GOMOD: the version of lego that Traefik's go.mod requires, without the DNS providers
  local version providers=lego/providers/dns
  version=$(go mod edit -json "$1" | jq -r '.Require[] | select(.Path == "github.com/go-acme/lego/v5").Version')
  cp -r --no-preserve=mode "$(module_dir "github.com/go-acme/lego/v5@$version")" lego
  rm -rf lego/cmd lego/main.go lego/e2e $providers
  mkdir -p $providers
  cat >$providers/none.go <<'GO'
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
)

func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("DNS provider %q is not built in", name)
}
GO
}

write_ext() {
  mkdir ext
  printf 'module github.com/traefik/traefik/dynamic/ext\n\ngo 1.25.0\n' >ext/go.mod
  cat >ext/ext.go <<'GO'
package ext

type HTTP struct{}

func (in *HTTP) DeepCopyInto(out *HTTP) { *out = *in }

type Router struct{}

func (in *Router) DeepCopyInto(out *Router) { *out = *in }
GO
}
