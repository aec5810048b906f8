# Sourced: what a release promises to keep, as sorted lists, one for each kind. Each line is a promise.
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$tests_dir/tools.sh"
released_dir=$tests_dir/released

write_promises() { # DIR
  mkdir -p "$1"
  fields >"$1/fields"
  reasons >"$1/reasons"
  metrics >"$1/metrics"
  migrations >"$1/migrations"
  values >"$1/values"
  settings >"$1/settings"
  local kind
  for kind in "${kinds[@]}"; do
    [ -s "$1/$kind" ] || die "found no $kind"
    LC_ALL=C sort -u -o "$1/$kind" "$1/$kind"
  done
}
kinds=(fields metrics migrations reasons settings values)

fields() { yaml_to_json "$repo_dir/crds/chatdeployments.yaml" >"$work/crd.json" && jq -r -f "$released_dir/surface.jq" "$work/crd.json"; }

reasons() { sed -n '/^reasons! {/,/^}/{//!p}' "$repo_dir/operator/src/reason.rs" | tr -s ' ' '\n' | sed '/^$/d'; }

# The tables of the page of operations list them all; tests compare them with the code. Values of labels count as well.
metrics() {
  # shellcheck disable=SC2016 # the backticks are those of Markdown
  sed -n 's/^| \(`[^|]*\) |.*/\1/p' "$repo_dir/docs/operations.md" | grep -oE '`(confab|controller_runtime|process)_[^`]*`' | tr -d '`'
}

# A released migration never changes.
migrations() { (cd "$repo_dir/chat-app/migrations" && sha256sum -- *.sql | awk '{print $2, $1}'); }

values() { jq -r 'paths(objects) | select(.[-2] == "properties") | map(select(. != "properties")) | join(".")' "$repo_dir/charts/confab/values.schema.json"; }

# Environment variables of both programs.
settings() { git -C "$repo_dir" grep -ohE 'env = "CONFAB_[A-Z0-9_]+"' -- operator/src chat-app/src | grep -oE 'CONFAB_[A-Z0-9_]+'; }
