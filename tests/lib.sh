# Sourced by the scripts of tests/services and tests/cluster: versions, the cache, and how progress is shown.
# The sourcing script says `set -euo pipefail` itself.

tests_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo_dir=$(dirname "$tests_dir")
set -a
. "$tests_dir/versions.env"
CONFAB_CACHE=${CONFAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/confab}
set +a

# Where `step` puts the output of what it runs; a script that sources this may choose another file.
log_file=${log_file:-$CONFAB_CACHE/logs/$(basename "$(dirname "$0")")-$(basename "$0").log}

say() { printf '%-12s%s\n' "$1" "$2"; }

die() { printf '\n%s: %s\n' "${0#"$PWD"/}" "$*" >&2; exit 1; }

seconds_since() { # a value that EPOCHREALTIME had, with or without its decimal point
  local now=${EPOCHREALTIME//[.,]/} then=${1//[.,]/}
  local tenths=$(((now - then) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# step NAME "what is done" COMMAND…: runs it with its output in the log, and prints one line with its time.
# When it fails the script ends, with the end of the log. (The command runs in a subshell, not in an `if`:
# there `set -e` would not hold inside it.)
step() {
  local start=$EPOCHREALTIME
  printf '%-12s%s … ' "$1" "$2"
  open_step=yes
  mkdir -p "$(dirname "$log_file")"
  printf '\n=== %(%FT%T)T %s: %s\n' -1 "$1" "$2" >>"$log_file"
  shift 2
  ("$@") >>"$log_file" 2>&1 </dev/null 9>&- # 9: a server started here must not keep the lock
  open_step=
  seconds_since "$start"
  echo
}

show_failed_step() {
  [ -n "${open_step:-}" ] || return 0
  printf 'FAILED\n\n'
  tail -n 20 "$log_file" | sed 's/^/    /'
  printf '\nThe whole log: %s\nRun the same command again to go on from here.\n' "$log_file"
}
trap show_failed_step EXIT

# wait_until SECONDS COMMAND…: polls; false when the time is over.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# take_lock FILE: one run at a time; a second one waits for the first.
take_lock() {
  mkdir -p "$(dirname "$1")"
  exec 9>"$1"
  flock --nonblock 9 || { say wait "another run is at work; waiting for it to end"; flock 9; }
}
