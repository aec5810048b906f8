# Sourced by the scripts of tests/services and tests/cluster: how progress is shown, and how products are made once.
# The sourcing script says `set -euo pipefail` itself.

tests_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo_dir=$(dirname "$tests_dir")
. "$tests_dir/env.sh"

# A folder of ours has a marker, and the scripts remove nothing from a folder without it. CONFAB_CACHE may name a folder that
# holds other things: only a new or empty one gets the marker, except at the paths that are ours by default.
marker=.confab

make_folder() { # DIR
  local default=${XDG_CACHE_HOME:-$HOME/.cache}/confab
  mkdir -p "$1"
  case $1 in
    "$default" | "$default"/*) : >>"$1/$marker" ;;
    *) [ -n "$(ls -A "$1")" ] || : >>"$1/$marker" ;;
  esac
}

need_marker() { # DIR
  [ -e "$1/$marker" ] || die "$1 has no file $marker, so it may hold other things than Confab's; nothing was removed from it"
}
make_folder "$CONFAB_CACHE"

# Where tests/cargo puts the programs.
release_dir() {
  command -v rustc >/dev/null || die "missing: Rust; install it with rustup (rust-toolchain.toml names the toolchain)"
  echo "${CARGO_TARGET_DIR:-$repo_dir/target}/$(rustc --print host-tuple)/release"
}

# The addresses of the services, for programs of this repository. CONFAB_CACHE is no setting of the chat-app.
load_services_env() {
  [ -e "$CONFAB_CACHE/services/env" ] || die "the services are not running; start them with tests/services/up"
  set -a
  # shellcheck source=/dev/null
  . "$CONFAB_CACHE/services/env"
  set +a
  export -n CONFAB_CACHE
}

# Where `step` puts the output of what it runs.
log_file=$CONFAB_CACHE/logs/$(basename "$(dirname "$0")")-$(basename "$0").log

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

# product DIR NAME "what is done" FUNCTION: makes DIR once. FUNCTION gets a new directory, which is renamed when it
# is whole, so that an interrupted run leaves nothing that looks done.
product() {
  [ ! -d "$1" ] || return 0
  rm -rf "$1.new"
  mkdir -p "$1.new"
  step "$2" "$3" "$4" "$1.new"
  mv -T "$1.new" "$1"
}

# wait_until SECONDS COMMAND…: polls; false when the time is over.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# The words of a running process. A pid file outlives a crash, and its number may be another program's by then.
command_of() { { tr "\\0" " " <"/proc/$1/cmdline"; } 2>/dev/null || true; }

pid_is_alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

stop_pid() { # PID SIGNAL: asks, waits, and after 20 s insists
  kill "-$2" "$1"
  local tries=200
  while pid_is_alive "$1"; do
    ((tries-- > 0)) || { kill -KILL "$1"; tries=50; }
    sleep 0.1
  done
}

# take_lock FILE: one run at a time; a second one waits for the first.
take_lock() {
  mkdir -p "$(dirname "$1")"
  exec 9>"$1"
  flock --nonblock 9 || { say wait "another run is at work; waiting for it to end"; flock 9; }
}
