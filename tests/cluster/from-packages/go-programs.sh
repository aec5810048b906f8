# Sourced: Kubernetes, etcd, CoreDNS, the network plugin, the volume provisioner and metrics-server from their Go modules.
# All builds have the same flags, so that they share Go's cache (10 GB; once everything is built, remove it with
# `go clean -cache -modcache`).
export CGO_ENABLED=0 GOFLAGS='-buildvcs=false -modcacherw'
go_build() { go build -trimpath -ldflags="-s -w${ldflags:+ $ldflags}" "$@"; }

kubernetes=$CONFAB_CACHE/kubernetes-$KUBERNETES_VERSION
kubernetes_programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl kubeadm)

make_go_programs() {
  product "$kubernetes" kubernetes "build $KUBERNETES_VERSION (8 minutes)" build_kubernetes
  # kubeadm knows the etcd and CoreDNS of this Kubernetes version.
  etcd_version=v$(kubeadm_image etcd | sed 's/.*://; s/-.*//')
  coredns_version=$(kubeadm_image coredns | sed 's/.*://')
  etcd=$CONFAB_CACHE/etcd-$etcd_version
  coredns=$CONFAB_CACHE/coredns-$coredns_version-$(hash_of coredns/main.go)
  network=$CONFAB_CACHE/network-$NETLINK_VERSION-$(hash_of cni/main.go)
  provisioner=$CONFAB_CACHE/local-path-provisioner-$LOCAL_PATH_PROVISIONER_VERSION
  metrics_server=$CONFAB_CACHE/metrics-server-$METRICS_SERVER_VERSION
  kind_files=$CONFAB_CACHE/kind-files-$KIND_VERSION
  product "$etcd" etcd "build $etcd_version" build_etcd
  product "$coredns" coredns "build $coredns_version" build_coredns
  product "$network" network "build the network plugin" build_network
  product "$provisioner" volumes "build local-path-provisioner $LOCAL_PATH_PROVISIONER_VERSION" build_provisioner
  product "$metrics_server" metrics "build metrics-server $METRICS_SERVER_VERSION" build_metrics_server
  product "$kind_files" kind "copy the node files of $KIND_VERSION" copy_kind_files
}

hash_of() { sha256sum "$here/$1" | cut -c1-8; }

kubeadm_image() { "$kubernetes/kubeadm" config images list --kubernetes-version "$KUBERNETES_VERSION" | grep "/$1:"; }

module_dir() { go mod download -json "$1" | jq -r .Dir; } # MODULE@VERSION

# The module's go.mod replaces its staging modules with folders. This one replaces them with their published versions.
build_kubernetes() {
  local packages=("${kubernetes_programs[@]/#/k8s.io/kubernetes/cmd/}") staging=v0.${KUBERNETES_VERSION#v1.} version=k8s.io/component-base/version module
  local minor=${KUBERNETES_VERSION#v1.}
  module=$(module_dir "k8s.io/kubernetes@$KUBERNETES_VERSION")
  mkdir "$1/src"
  cd "$1/src"
  {
    printf 'module wrap/kubernetes\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes %s\n\nreplace (\n' "$KUBERNETES_VERSION"
    grep -oE '^\s+k8s.io/[a-z-]+ => ./staging' "$module/go.mod" | awk -v version="$staging" '{print "\t" $1 " => " $1 " " version}'
    printf ')\n\ntool (\n'
    printf '\t%s\n' "${packages[@]}"
    printf ')\n'
  } >go.mod
  go mod tidy
  ldflags="-X $version.gitVersion=$KUBERNETES_VERSION -X $version.gitMajor=1 -X $version.gitMinor=${minor%%.*}" go_build -o "$1/" "${packages[@]}"
  rm -rf "$1/src"
}

# wrap DIR NAME PACKAGE@VERSION: builds a program of another module, inside a module of its own, because `go install` refuses
# replace directives.
wrap() {
  mkdir "$1/src"
  cd "$1/src"
  go mod init "wrap/$2"
  go get -tool "$3"
  go_build -o "$1/$2" "${3%@*}"
  rm -rf "$1/src"
}

# own DIR NAME SOURCE MODULE@VERSION: builds a main.go from this folder.
own() {
  mkdir "$1/src"
  cd "$1/src"
  cp "$here/$3" .
  go mod init "confab.dev/$2"
  go get "$4"
  go mod tidy
  go_build -o "$1/$2" .
  rm -rf "$1/src"
}

build_etcd() { wrap "$1" etcd "go.etcd.io/etcd/server/v3@$etcd_version"; }
build_provisioner() { wrap "$1" local-path-provisioner "github.com/rancher/local-path-provisioner@$LOCAL_PATH_PROVISIONER_VERSION"; }
build_metrics_server() { wrap "$1" metrics-server "sigs.k8s.io/metrics-server/cmd/metrics-server@$METRICS_SERVER_VERSION"; }
build_coredns() { own "$1" coredns coredns/main.go "github.com/coredns/coredns@$coredns_version"; }
build_network() { own "$1" network cni/main.go "github.com/vishvananda/netlink@$NETLINK_VERSION"; }

# The base files of kind's node image, and its two manifests. Those are constants in its Go code, so a program writes them out.
copy_kind_files() {
  local module part
  module=$(module_dir "sigs.k8s.io/kind@$KIND_VERSION")
  cp -r --no-preserve=mode "$module/images/base/files" "$1/base"
  mkdir "$1/src" "$1/manifests"
  for part in cni storage; do sed 's/^package nodeimage/package main/' "$module/pkg/build/nodeimage/const_$part.go" >"$1/src/$part.go"; done
  cat >"$1/src/main.go" <<'GO'
package main

import "os"

func write(name, text string) {
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		panic(err)
	}
}

func main() {
	write("manifests/default-cni.yaml", defaultCNIManifest)
	write("manifests/default-storage.yaml", defaultStorageManifest)
	write("image-names", "cni_image="+kindnetdImage+"\nprovisioner_image="+storageProvisionerImage+"\nhelper_image="+storageHelperImage+"\n")
}
GO
  (cd "$1" && go run ./src/main.go ./src/cni.go ./src/storage.go)
  rm -rf "$1/src"
}
