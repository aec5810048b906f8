#!/usr/bin/env bash
# Lints and renders the chart, checks that bad values are refused with a reason, and, with --cluster, lets the API server judge
# the result in a namespace under the restricted pod security standard. Needs helm; with --cluster also kubectl.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
chart=charts/confab
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "chart: $*" >&2; exit 1; }
command -v lua5.4 >/dev/null || fail "lua5.4 is missing; on Debian: apt-get install lua5.4"
command -v helm >/dev/null || fail "helm is missing; '. tests/cluster/env.sh' puts the project's own on PATH once tests/cluster has built it"
render() { helm template chart-test "$chart" --namespace confab-system --kube-version 1.36.3 "$@"; }

# name | what helm must say | arguments
refused() {
  local said=$1
  shift
  if render "$@" >"$work/out" 2>"$work/err"; then fail "accepted: $*"; fi
  grep -q -- "$said" "$work/err" || { cat "$work/err" >&2; fail "the refusal of '$*' does not mention '$said'"; }
}

accepted() {
  render "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; fail "does not render with: $*"; }
}

cmp crds/chatdeployments.yaml $chart/files/chatdeployments.yaml || fail "the chart's copy of the CRD is old: run 'make generate'"
helm lint --strict --quiet "$chart" || fail "helm lint"

echo "chart: default values"
accepted
cp "$work/out" "$work/default.yaml"
grep -q -- '--default-image=ghcr.io/confab-dev/chat-app:' "$work/default.yaml" || fail "the chat-app's image is not handed to the operator"
if grep -nE "[\"']\*[\"']|- \*$|\[\*\]" <(sed -n '/^kind: ClusterRole$/,/^---/p;/^kind: Role$/,/^---/p' "$work/default.yaml"); then
  fail "a wildcard in the operator's rights"
fi

echo "chart: the CRD is the generated one"
accepted --show-only templates/crd.yaml
grep -q 'helm.sh/resource-policy: keep' "$work/out" || fail "helm uninstall would delete the CRD and every chat"
sed '/^---$/d; /^# Source: /d; /^  annotations:$/,/^  name:/{/^  name:/!d}' "$work/out" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$work/crd.yaml"
diff <(sed '/^---$/d' crds/chatdeployments.yaml) "$work/crd.yaml" || fail "the chart changes the CRD"

echo "chart: value sets"
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
accepted --set-json 'global={"any":"thing"}'

echo "chart: rights end where the operator's namespaces do"
secrets_of() { # KIND: the namespaces of the roles of this kind that let Secrets be read
  awk -v RS='---\n' -v kind="kind: $1\n" 'index($0, kind) && /resources: \[secrets\]/ {match($0, /\n  namespace: [^\n]*/); print substr($0, RSTART + 14, RLENGTH - 14)}' "$work/out"
}
accepted
[ "$(secrets_of ClusterRole | wc -l)" = 1 ] && [ -z "$(secrets_of Role)" ] || fail "without watchNamespaces the rights on Secrets are not the ClusterRole's"
accepted --set 'watchNamespaces={blue,green}'
[ -z "$(secrets_of ClusterRole)" ] || fail "with watchNamespaces the ClusterRole still reads Secrets"
[ "$(secrets_of Role | sort | xargs)" = "blue green" ] || fail "the Roles are not those of watchNamespaces: $(secrets_of Role | xargs)"
grep -q -- '--watch-namespaces=blue,green' "$work/out" || fail "watchNamespaces is not handed to the operator"
# Never listed, and nothing but what they are for.
rights=$(grep -A1 'resources: \[secrets\]' "$work/out" | sed -n 's/^ *verbs: //p' | sort -u)
[ "$rights" = '[get, create, patch, delete]' ] || fail "other rights on Secrets than get, create, patch and delete: $rights"

echo "chart: bad values are refused"
refused watchNamespaces --set 'watchNamespaces={Blue}'
refused replicas --set replicas=-1
refused replicas --set replicas=two
refused format --set log.format=xml
refused pullPolicy --set operator.image.pullPolicy=Sometimes
refused repository --set 'chatApp.image.repository=Not An Image'
refused tag --set 'chatApp.image.tag=with space'
refused kafka --set kafka.image=docker.io/apache/kafka
refused chatapp --set chatapp.image.tag=1
refused image --set image.tag=1
refused install --set-string crds.install=no
refused port --set metrics.service.port=70000
refused memory --set operator.resources.limits.memory=lots
refused tolerations --set-json 'tolerations=[{"effect":"Never"}]'

echo "chart: Argo CD's health of a ChatDeployment"
health() { # LUA-TABLE: the status that the script comes to
  lua5.4 -e "obj = $1" -e "print(dofile('$chart/argocd/health.lua').status)"
}
comes_to() {
  [ "$(health "$2")" = "$1" ] || fail "not $1 but $(health "$2"): $2"
}
told() { # READY REASON STALLED
  echo "{metadata = {generation = 2}, status = {observedGeneration = 2, conditions = {
    {type = 'Ready', status = '$1', reason = '$2', message = 'm'}, {type = 'Stalled', status = '$3', reason = 'r', message = 'm'}}}}"
}
comes_to Progressing '{metadata = {generation = 1}}'
comes_to Progressing "$(told True UpToDate False | sed 's/observedGeneration = 2/observedGeneration = 1/')"
comes_to Healthy "$(told True UpToDate False)"
comes_to Progressing "$(told False RollingOut False)"
comes_to Degraded "$(told False MigrationFailed True)"
comes_to Suspended "$(told False Paused False)"

echo "chart: README names every value"
while read -r value; do
  grep -q "\`$value" $chart/README.md || grep -q "\`$value\`" $chart/README.md || fail "README.md does not mention '$value'"
done < <(awk '/^[a-zA-Z]/ {sub(":.*", ""); print}' $chart/values.yaml)

if [[ ${1:-} == --cluster ]]; then
  echo "chart: the API server accepts it under the restricted standard"
  namespace=confab-chart-test
  # --warnings-as-errors: the standard's verdict on a Deployment is a warning.
  kubectl create namespace $namespace
  trap 'rm -rf "$work"; kubectl delete namespace "$namespace" --wait=false' EXIT
  kubectl label namespace $namespace pod-security.kubernetes.io/{enforce,warn}=restricted >/dev/null
  helm template chart-test $chart --namespace $namespace --set replicas=2 |
    kubectl apply --server-side --force-conflicts --dry-run=server --warnings-as-errors --namespace $namespace -f - ||
    fail "refused by the API server"

  echo "chart: who may view and edit a namespace may do so with its chats"
  may() { # ROLE VERB RESOURCE…: yes or no
    local role=$1
    shift
    kubectl auth can-i "$@" --as="$role" --namespace $namespace || true
  }
  for role in view edit; do
    kubectl create rolebinding "$role" --clusterrole="$role" --user="$role" --namespace $namespace >/dev/null
  done
  chats=chatdeployments.confab.dev
  [ "$(may view list $chats)" = yes ] || fail "who may view may not list chats"
  [ "$(may view create $chats)" = no ] || fail "who may view may create chats"
  [ "$(may edit delete $chats)" = yes ] || fail "who may edit may not delete chats"
  [ "$(may edit update $chats --subresource=status)" = no ] || fail "who may edit may write a chat's status"

  echo "chart: kubeconform knows every field"
  helm template chart-test $chart --namespace $namespace --set 'watchNamespaces={blue}' >"$work/objects.yaml"
  for more in crds/chatdeployments.yaml examples/chat.yaml; do
    echo --- | cat - "$more" >>"$work/objects.yaml"
  done
  tests/kubeconform <"$work/objects.yaml" || fail "not as the cluster's schemas want it"
  if sed 's/^spec:$/spec:\n  unheardOf: 1/' "$work/objects.yaml" | tests/kubeconform >/dev/null; then
    fail "kubeconform takes fields that there are not"
  fi
fi
echo "chart: ok"
