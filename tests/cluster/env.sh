# Source me, in bash: kubectl, helm and kind of the test cluster, its kubeconfig, and the Docker that it runs on.
# shellcheck source=tests/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/../env.sh"
export KUBECONFIG=$CONFAB_CACHE/kubeconfig
case :$PATH: in *:"$CONFAB_CACHE/bin":*) ;; *) export PATH=$CONFAB_CACHE/bin:$PATH ;; esac
# Set only when no Docker answered and tests/cluster/up started one.
[ ! -S "$CONFAB_CACHE/docker.sock" ] || export DOCKER_HOST=unix://$CONFAB_CACHE/docker.sock
