# Sourced: a Kubernetes without nodes. It runs etcd, the API server with RBAC and an audit log, and three controllers: garbage
# collection, namespace deletion and role aggregation. Nothing runs pods, so tests write the status of workloads themselves.
# Each start begins with empty data.

apiserver_dir=$services_dir/apiserver
apiserver_kubeconfig=$apiserver_dir/kubeconfig
apiserver_audit_log=$apiserver_dir/audit.log

# From the same Go modules as the cluster's nodes, built once for both.
fetch_apiserver() {
  here=$tests_dir/cluster/from-packages
  . "$here/go-programs.sh"
  if [ ! -d "$kubernetes" ]; then
    command -v go >/dev/null || die "missing: Go, to build the API server"
    exec 8>"$CONFAB_CACHE/cluster.lock"
    flock --nonblock 8 || { say apiserver "tests/cluster/up is building the same programs; wait for it"; flock 8; }
    product "$kubernetes" kubernetes "build $KUBERNETES_VERSION (8 minutes)" build_kubernetes
    exec 8>&-
  fi
  etcd_version=v$(kubeadm_image etcd | sed 's/.*://; s/-.*//') # the version for this Kubernetes
  etcd=$CONFAB_CACHE/etcd-$etcd_version
  product "$etcd" etcd "build $etcd_version" build_etcd
}

apiserver_pid() { # prints nothing if it does not run
  pid_of_program apiserver kube-apiserver
}

pid_of_program() { # NAME PROGRAM
  local pid
  pid=$(cat "$apiserver_dir/$1.pid" 2>/dev/null) || return 0
  if [[ $(command_of "$pid") == *"/$2 "* ]]; then echo "$pid"; fi
}

write_apiserver_config() {
  rm -rf "$apiserver_dir"
  mkdir -m 700 "$apiserver_dir"
  local token
  token=$(openssl rand -hex 32)
  echo "$token,admin,admin,system:masters" >"$apiserver_dir/tokens.csv"
  openssl genrsa -out "$apiserver_dir/service-accounts.key" 2048
  cat >"$apiserver_dir/audit-policy.yaml" <<'YAML'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - level: Metadata
YAML
  cat >"$apiserver_kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: nodeless
contexts: [{name: nodeless, context: {cluster: nodeless, user: admin}}]
clusters: [{name: nodeless, cluster: {server: "https://127.0.0.1:$apiserver_port", certificate-authority: $apiserver_dir/certificates/apiserver.crt}}]
users: [{name: admin, user: {token: $token}}]
YAML
}

start_apiserver() {
  write_apiserver_config
  local url=http://127.0.0.1:$etcd_port peer=http://127.0.0.1:$((etcd_port + 1))
  start_program etcd "$etcd/etcd" --data-dir "$apiserver_dir/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "$url" --advertise-client-urls "$url" --listen-peer-urls "$peer" \
    --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
  # OwnerReferencesPermissionEnforcement: no cluster is stricter with an operator.
  start_program apiserver "$kubernetes/kube-apiserver" --etcd-servers "$url" --bind-address 127.0.0.1 --secure-port "$apiserver_port" \
    --cert-dir "$apiserver_dir/certificates" --token-auth-file "$apiserver_dir/tokens.csv" --authorization-mode RBAC \
    --service-account-issuer https://nodeless.confab.dev --service-account-key-file "$apiserver_dir/service-accounts.key" \
    --service-account-signing-key-file "$apiserver_dir/service-accounts.key" --service-cluster-ip-range 10.96.0.0/16 \
    --endpoint-reconciler-type none --enable-admission-plugins OwnerReferencesPermissionEnforcement \
    --audit-policy-file "$apiserver_dir/audit-policy.yaml" --audit-log-path "$apiserver_audit_log" --audit-log-maxsize 4000
  wait_until 180 apiserver_answers_or_is_dead
  [ -n "$(apiserver_pid)" ] || { tail -n 20 "$apiserver_dir/apiserver.log"; return 1; }
  apply_confab # before the garbage collector reads the list of kinds
  start_program controllers "$kubernetes/kube-controller-manager" --kubeconfig "$apiserver_kubeconfig" --leader-elect=false \
    --secure-port 0 --controllers garbage-collector-controller,namespace-controller,clusterrole-aggregation-controller
}

start_program() { # NAME PROGRAM ARGUMENT…
  # setsid: a Ctrl-C in the terminal must not stop it
  setsid "${@:2}" >>"$apiserver_dir/$1.log" 2>&1 &
  echo $! >"$apiserver_dir/$1.pid"
}

nodeless_kubectl() { "$kubernetes/kubectl" --kubeconfig "$apiserver_kubeconfig" "$@"; }

apiserver_answers() { [ "$(nodeless_kubectl get --raw /readyz)" = ok ]; } 2>/dev/null

# The controllers start last: a start that was interrupted lacks them, and no namespace would ever go.
apiserver_runs() { [ -n "$(apiserver_pid)" ] && [ -n "$(pid_of_program controllers kube-controller-manager)" ] && apiserver_answers; }

apiserver_answers_or_is_dead() { apiserver_answers || ! pid_is_alive "$(cat "$apiserver_dir/apiserver.pid")"; }

# The chart's CustomResourceDefinition and RBAC.
apply_confab() {
  local helm
  helm=$(PATH=$CONFAB_CACHE/bin:$PATH command -v helm)
  nodeless_kubectl create namespace confab-system --dry-run=client -o yaml | nodeless_kubectl apply -f -
  local templates=(-s templates/crd.yaml -s templates/serviceaccount.yaml -s templates/rbac.yaml)
  [ ! -e "$repo_dir/charts/confab/templates/rbac-people.yaml" ] || templates+=(-s templates/rbac-people.yaml)
  "$helm" template confab "$repo_dir/charts/confab" --namespace confab-system "${templates[@]}" |
    nodeless_kubectl apply --server-side --force-conflicts --namespace confab-system -f -
}

stop_apiserver() { # etcd last
  local program
  for program in controllers=kube-controller-manager apiserver=kube-apiserver etcd=etcd; do
    local pid
    pid=$(pid_of_program "${program%%=*}" "${program#*=}")
    [ -z "$pid" ] || stop_pid "$pid" KILL # no data to keep, so no clean exit
  done
}
