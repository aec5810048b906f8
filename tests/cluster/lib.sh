# Sourced by the scripts of tests/cluster.
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$tests_dir/cluster/env.sh"
. "$tests_dir/cluster/host.sh"
cluster_dir=$tests_dir/cluster
cluster_name=confab
log_file=$CONFAB_CACHE/logs/cluster-$(basename "$0").log
export DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0} # the legacy builder is enough for images from scratch, and every Docker has it

# The node image from packages is rebuilt if a version in it changes, or a script that builds it.
recipe_hash() {
  {
    printf '%s\n' "$KUBERNETES_VERSION" "$KIND_VERSION" "$DEBIAN_RELEASE" "$LOCAL_PATH_PROVISIONER_VERSION" "$NETLINK_VERSION" \
      "$TRAEFIK_IMAGE" "$TRAEFIK_VERSION" "$METRICS_SERVER_IMAGE" "$METRICS_SERVER_VERSION" "$POSTGRES_IMAGE" "$POSTGRES_VERSION" "$KAFKA_IMAGE" "$KAFKA_VERSION" "$LOG4J_VERSION"
    (cd "$tests_dir" && find packages.sh cluster/from-packages -type f | LC_ALL=C sort | xargs sha256sum)
  } | sha256sum | cut -c1-8
}

docker_answers() { docker info >/dev/null 2>&1; }

# Where the images of the nodes, Traefik, metrics-server, PostgreSQL and Kafka come from: `published` if an image registry
# answers, otherwise `packages`. Decided once and kept until tests/cluster/down.
images_source() {
  local decided=$CONFAB_CACHE/images-source
  if [ ! -s "$decided" ]; then
    probe_registry >"$decided.new"
    mv "$decided.new" "$decided"
  fi
  cat "$decided"
}

probe_registry() {
  case ${CONFAB_IMAGES:-} in
    published | packages) echo "$CONFAB_IMAGES" ;;
    '')
      if timeout 30 docker pull --quiet docker.io/library/hello-world:latest >/dev/null 2>&1; then echo published; else echo packages; fi
      ;;
    *) die "CONFAB_IMAGES is '$CONFAB_IMAGES'; it may be published or packages" ;;
  esac
}

node_image() {
  if [ "$(images_source)" = published ]; then
    echo "$KIND_NODE_IMAGE"
  else
    echo "docker.io/kindest/node:$KUBERNETES_VERSION-$(recipe_hash)"
  fi
}

node_names() { docker ps --all --filter "label=io.x-k8s.kind.cluster=$cluster_name" --format '{{.Names}}' | sort; }

# Each manifest in this folder has a Deployment with the manifest's name. An annotation keeps the hash that it was applied with.
manifest_hash() { cat "$cluster_dir/$1.yaml" "$tests_dir/versions.env" | sha256sum | cut -c1-16; } # NAME

apply_manifest() { # NAME NAMESPACE IMAGE
  sed "s|@IMAGE@|$3|; s|@MANIFEST_HASH@|$(manifest_hash "$1")|" "$cluster_dir/$1.yaml" | kubectl apply -f -
  kubectl rollout status "deployment/$1" -n "$2" --timeout=180s
}

runs_this_manifest() { # NAME NAMESPACE
  [ "$(kubectl get deployment "$1" -n "$2" -o jsonpath='{.metadata.annotations.confab\.dev/manifest}' 2>/dev/null)" = "$(manifest_hash "$1")" ]
}
