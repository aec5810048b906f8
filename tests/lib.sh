# Sourced by the scripts of tests/: progress on the terminal, things that are built once, waiting, processes, the lock.
# The script that sources it sets `set -euo pipefail`.

tests_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo_dir=$(dirname "$tests_dir")
. "$tests_dir/env.sh"

# The folders of these scripts have a marker, and the scripts remove nothing from a folder without one. CONFAB_CACHE may name
# a folder that holds other things, so only a new or empty folder gets the marker, or one at the default path.
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

# The addresses of the services. CONFAB_CACHE is not exported: the chat-app would take it for a setting.
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

seconds_since() { # TIME: a value of EPOCHREALTIME, with or without its decimal point
  local now=${EPOCHREALTIME//[.,]/} then=${1//[.,]/}
  local tenths=$(((now - then) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# step NAME TEXT COMMAND…: runs the command with its output in the log and prints one line with the time it took. If the
# command fails, the script ends and shows the end of the log. (The command runs in a subshell, not in an `if`, which would
# turn off `set -e` inside it.)
step() {
  local start=$EPOCHREALTIME
  printf '%-12s%s … ' "$1" "$2"
  open_step=yes
  mkdir -p "$(dirname "$log_file")"
  printf '\n=== %(%FT%T)T %s: %s\n' -1 "$1" "$2" >>"$log_file"
  shift 2
  ("$@") >>"$log_file" 2>&1 </dev/null 9>&- # 9: a server that starts here must not inherit the lock
  open_step=
  seconds_since "$start"
  echo
}

show_failed_step() {
  [ -n "${open_step:-}" ] || return 0
  printf 'FAILED\n\n'
  tail -n 20 "$log_file" | sed 's/^/    /'
  printf '\nFull log: %s\nRun the same command again to continue from here.\n' "$log_file"
}
trap show_failed_step EXIT

# product DIR NAME TEXT FUNCTION: builds DIR once. FUNCTION fills a new folder, which is renamed to DIR when it is complete,
# so that an interrupted run leaves nothing that looks complete.
product() {
  [ ! -d "$1" ] || return 0
  rm -rf "$1.new"
  mkdir -p "$1.new"
  step "$2" "$3" "$4" "$1.new"
  mv -T "$1.new" "$1"
}

# need COMMAND=DEBIAN_PACKAGE…: installs missing commands if it can, otherwise says which are missing.
need() {
  local pair commands=() packages=()
  for pair; do
    command -v "${pair%%=*}" >/dev/null || { commands+=("${pair%%=*}"); packages+=("${pair#*=}"); }
  done
  [ ${#commands[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    step packages "install ${packages[*]}" install_debian_packages "${packages[@]}"
  else
    die "missing: ${commands[*]}. On Debian: apt-get install ${packages[*]}"
  fi
}

install_debian_packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "$@"
}

# wait_until SECONDS COMMAND…: polls until the command succeeds; fails after that many seconds.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# The command line of a process. A pid file outlives a crash, and another program may have the number by then.
command_of() { { tr "\\0" " " <"/proc/$1/cmdline"; } 2>/dev/null || true; }

pid_is_alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

stop_pid() { # PID SIGNAL: sends SIGKILL after 20 s
  kill "-$2" "$1"
  local tries=200
  while pid_is_alive "$1"; do
    ((tries-- > 0)) || { kill -KILL "$1"; tries=50; }
    sleep 0.1
  done
}

# take_lock FILE: one run at a time; a second run waits for the first.
take_lock() {
  mkdir -p "$(dirname "$1")"
  exec 9>"$1"
  flock --nonblock 9 || { say wait "another run is in progress; wait for it"; flock 9; }
}
