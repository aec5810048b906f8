#!/usr/bin/env bash
# Lints and renders the chart and checks that it rejects bad values with a reason. With --cluster the API server validates the
# objects in a namespace under the restricted pod security standard. Needs helm; with --cluster also kubectl.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
chart=charts/confab
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "chart: $*" >&2; exit 1; }
command -v lua5.4 >/dev/null || fail "missing: lua5.4; on Debian: apt-get install lua5.4"
command -v helm >/dev/null || fail "missing: helm; after tests/cluster/up, '. tests/cluster/env.sh' puts it on PATH"
render() { helm template chart-test "$chart" --namespace confab-system --kube-version 1.36.3 "$@"; }

# rejected WORD ARGUMENT…: helm must fail and mention the word.
rejected() {
  local word=$1
  shift
  if render "$@" >"$work/out" 2>"$work/err"; then fail "accepted: $*"; fi
  grep -q -- "$word" "$work/err" || { cat "$work/err" >&2; fail "the error for '$*' does not mention '$word'"; }
}

accepted() {
  render "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; fail "does not render with: $*"; }
}

cmp crds/chatdeployments.yaml $chart/files/chatdeployments.yaml || fail "the chart's copy of the CRD is outdated; run 'make generate'"
helm lint --strict --quiet "$chart" || fail "helm lint"

echo "chart: default values"
accepted
cp "$work/out" "$work/default.yaml"
grep -q -- '--default-image=ghcr.io/confab-dev/chat-app:' "$work/default.yaml" || fail "the operator does not get the image of the chat-app"
if grep -nE "[\"']\*[\"']|- \*$|\[\*\]" <(sed -n '/^kind: ClusterRole$/,/^---/p;/^kind: Role$/,/^---/p' "$work/default.yaml"); then
  fail "a wildcard in the operator's RBAC rules"
fi

echo "chart: the CRD is the generated CRD"
accepted --show-only templates/crd.yaml
grep -q 'helm.sh/resource-policy: keep' "$work/out" || fail "helm uninstall would delete the CRD and every chat"
sed '/^---$/d; /^# Source: /d; /^  annotations:$/,/^  name:/{/^  name:/!d}' "$work/out" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$work/crd.yaml"
diff <(sed '/^---$/d' crds/chatdeployments.yaml) "$work/crd.yaml" || fail "the rendered CRD differs from the generated one"

echo "chart: values"
accepted --set crds.install=false
if grep -q '^kind: CustomResourceDefinition' "$work/out"; then fail "crds.install=false still renders the CRD"; fi
accepted --set metrics.service.enabled=false
if grep -q '^kind: Service$' "$work/out"; then fail "metrics.service.enabled=false still renders the Service"; fi
accepted --set operator.image.tag=1.2.3 --set chatApp.image.tag=4.5.6 --set replicas=2 --set log.format=json
grep -q 'operator:1.2.3"' "$work/out" || fail "operator.image.tag is not used"
grep -q -- '--default-image=ghcr.io/confab-dev/chat-app:4.5.6' "$work/out" || fail "chatApp.image.tag is not used"
accepted --set-json 'imagePullSecrets=[{"name":"pull"}]' --set-json 'tolerations=[{"operator":"Exists"}]' \
  --set-json 'nodeSelector={"kubernetes.io/arch":"amd64"}' --set-json 'operator.resources={"limits":{"cpu":1,"memory":"64Mi"}}' \
  --set-json 'affinity={"podAntiAffinity":{}}' --set-json 'metrics.service.annotations={"prometheus.io/scrape":"true"}'
accepted --show-only templates/deployment.yaml --set podSecurityContext.runAsUser=null --set podSecurityContext.runAsGroup=null
if grep -q 'runAsUser\|runAsGroup' "$work/out"; then fail "podSecurityContext still names a user"; fi
grep -q 'runAsNonRoot: true' "$work/out" || fail "podSecurityContext lost its other defaults"
accepted --set-json 'global={"any":"thing"}'
if grep -qE 'monitoring.coreos.com|dashboard' "$work/default.yaml"; then fail "an object for monitoring is rendered by default"; fi
monitoring=(--set metrics.podMonitors.enabled=true --set metrics.prometheusRule.enabled=true --set metrics.dashboard.enabled=true)
accepted "${monitoring[@]}" --set metrics.podMonitors.labels.release=prometheus --set metrics.podMonitors.interval=30s \
  --set metrics.dashboard.annotations.grafana_folder=Confab --set 'watchNamespaces={blue,green}'
for object in 'kind: PodMonitor' 'kind: PrometheusRule' 'grafana_dashboard: "1"' 'grafana_folder: Confab' 'release: prometheus' 'interval: 30s' 'matchNames:'; do
  grep -q "$object" "$work/out" || fail "no '$object' with monitoring turned on"
done

echo "chart: RBAC covers only the operator's namespaces"
secrets_of() { # KIND: the namespaces of the roles of this kind with rights on Secrets
  awk -v RS='---\n' -v kind="kind: $1\n" 'index($0, kind) && /resources: \[secrets\]/ {match($0, /\n  namespace: [^\n]*/); print substr($0, RSTART + 14, RLENGTH - 14)}' "$work/out"
}
accepted
[ "$(secrets_of ClusterRole | wc -l)" = 1 ] && [ -z "$(secrets_of Role)" ] || fail "without watchNamespaces the rights on Secrets are not in the ClusterRole"
accepted --set 'watchNamespaces={blue,green}'
[ -z "$(secrets_of ClusterRole)" ] || fail "with watchNamespaces the ClusterRole still has rights on Secrets"
[ "$(secrets_of Role | sort | xargs)" = "blue green" ] || fail "the Roles are not in the namespaces of watchNamespaces, but in: $(secrets_of Role | xargs)"
grep -q -- '--watch-namespaces=blue,green' "$work/out" || fail "the operator does not get watchNamespaces"
# Never list: the operator reads only the Secrets that a chat names.
rights=$(grep -A1 'resources: \[secrets\]' "$work/out" | sed -n 's/^ *verbs: //p' | sort -u)
[ "$rights" = '[get, create, patch, delete]' ] || fail "other rights on Secrets than get, create, patch and delete: $rights"

echo "chart: bad values are rejected"
rejected watchNamespaces --set 'watchNamespaces={Blue}'
rejected replicas --set replicas=-1
rejected replicas --set replicas=two
rejected format --set log.format=xml
rejected pullPolicy --set operator.image.pullPolicy=Sometimes
rejected repository --set 'chatApp.image.repository=Not An Image'
rejected tag --set 'chatApp.image.tag=with space'
rejected kafka --set kafka.image=docker.io/apache/kafka
rejected chatapp --set chatapp.image.tag=1
rejected image --set image.tag=1
rejected install --set-string crds.install=no
rejected port --set metrics.service.port=70000
rejected interval --set metrics.podMonitors.interval=often
rejected serviceMonitor --set metrics.serviceMonitor.enabled=true
rejected labels --set metrics.dashboard.labels.grafana_dashboard=1
rejected memory --set operator.resources.limits.memory=lots
rejected tolerations --set-json 'tolerations=[{"effect":"Never"}]'

echo "chart: the Argo CD health check of a ChatDeployment"
health() { # OBJECT: a Lua table; prints the health status
  lua5.4 -e "obj = $1" -e "print(dofile('$chart/argocd/health.lua').status)"
}
expect_health() { # STATUS OBJECT
  [ "$(health "$2")" = "$1" ] || fail "the health is $(health "$2") instead of $1: $2"
}
chat_with() { # READY REASON STALLED
  echo "{metadata = {generation = 2}, status = {observedGeneration = 2, conditions = {
    {type = 'Ready', status = '$1', reason = '$2', message = 'm'}, {type = 'Stalled', status = '$3', reason = 'r', message = 'm'}}}}"
}
expect_health Progressing '{metadata = {generation = 1}}'
expect_health Progressing "$(chat_with True UpToDate False | sed 's/observedGeneration = 2/observedGeneration = 1/')"
expect_health Healthy "$(chat_with True UpToDate False)"
expect_health Progressing "$(chat_with False RollingOut False)"
expect_health Degraded "$(chat_with False MigrationFailed True)"
expect_health Suspended "$(chat_with False Paused False)"

if [[ ${1:-} == --cluster ]]; then
  echo "chart: the API server accepts the objects under the restricted pod security standard"
  namespace=confab-chart-test
  # --warnings-as-errors: for a Deployment the API server only warns about violations of the standard.
  kubectl create namespace $namespace
  trap 'rm -rf "$work"; kubectl delete namespace "$namespace" --wait=false' EXIT
  kubectl label namespace $namespace pod-security.kubernetes.io/{enforce,warn}=restricted >/dev/null
  helm template chart-test $chart --namespace $namespace --set replicas=2 |
    kubectl apply --server-side --force-conflicts --dry-run=server --warnings-as-errors --namespace $namespace -f - ||
    fail "the API server rejects the objects"

  echo "chart: the roles view and edit of a namespace cover its chats"
  may() { # ROLE VERB RESOURCE…: prints yes or no
    local role=$1
    shift
    kubectl auth can-i "$@" --as="$role" --namespace $namespace || true
  }
  for role in view edit; do
    kubectl create rolebinding "$role" --clusterrole="$role" --user="$role" --namespace $namespace >/dev/null
  done
  chats=chatdeployments.confab.dev
  [ "$(may view list $chats)" = yes ] || fail "the role view may not list chats"
  [ "$(may view create $chats)" = no ] || fail "the role view may create chats"
  [ "$(may edit delete $chats)" = yes ] || fail "the role edit may not delete chats"
  [ "$(may edit update $chats --subresource=status)" = no ] || fail "the role edit may write a chat's status"

  echo "chart: kubeconform accepts every field"
  helm template chart-test $chart --namespace $namespace --set 'watchNamespaces={blue}' >"$work/objects.yaml"
  for more in crds/chatdeployments.yaml examples/chat.yaml; do
    echo --- | cat - "$more" >>"$work/objects.yaml"
  done
  tests/kubeconform <"$work/objects.yaml" || fail "the objects do not match the schemas of the cluster"
  if sed 's/^spec:$/spec:\n  noSuchField: 1/' "$work/objects.yaml" | tests/kubeconform >/dev/null; then
    fail "kubeconform accepts unknown fields"
  fi
fi
echo "chart: ok"
