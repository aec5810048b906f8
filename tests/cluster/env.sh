# Source this in bash: puts kubectl, helm and kind for the test cluster on PATH and sets KUBECONFIG and DOCKER_HOST.
# shellcheck source=tests/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/../env.sh"
export KUBECONFIG=$CONFAB_CACHE/kubeconfig
case :$PATH: in *:"$CONFAB_CACHE/bin":*) ;; *) export PATH=$CONFAB_CACHE/bin:$PATH ;; esac
# Only if tests/cluster/up started a Docker daemon, because none answered.
[ ! -S "$CONFAB_CACHE/docker.sock" ] || export DOCKER_HOST=unix://$CONFAB_CACHE/docker.sock
