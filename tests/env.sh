# Sourced by bash scripts: every version, and the cache folder for everything that is fetched or built.
set -a
. "$(dirname "${BASH_SOURCE[0]}")/versions.env"
CONFAB_CACHE=${CONFAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/confab}
set +a
