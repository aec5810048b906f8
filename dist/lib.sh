# Sourced by the scripts of dist/: what is built, from what, and where it goes.
# shellcheck disable=SC2034 # the scripts that source this file use the variables
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/lib.sh"
. "$tests_dir/tools.sh"
shopt -s inherit_errexit # a failure inside "$(…)" ends the script
dist_dir=$repo_dir/dist
source_url=https://github.com/confab-dev/confab

version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' "$repo_dir/Cargo.toml")
[ "${VERSION:-$version}" = "$version" ] || die "the sources are those of $version; dist/set-version $VERSION changes them"

# Where the images are pulled from once they are published. The chart names it.
registry=${REGISTRY:-ghcr.io/confab-dev}

# As images and Go call them. `amd64` alone needs no cross compiler.
read -ra architectures <<<"${ARCHITECTURES:-amd64 arm64}"
images=(operator chat-app)
commands=(kubectl-confab confab-delivery)

target_of() { # ARCHITECTURE
  case $1 in
    amd64) echo x86_64-unknown-linux-gnu ;;
    arm64) echo aarch64-unknown-linux-gnu ;;
    *) die "ARCHITECTURES may name amd64 and arm64, not $1" ;;
  esac
}

target_dir=${CARGO_TARGET_DIR:-$repo_dir/target}
program_path() { echo "$target_dir/$(target_of "$2")/dist/$1"; } # PROGRAM ARCHITECTURE

artifacts=${ARTIFACTS:-$target_dir/artifacts}
layout=$artifacts/oci

# One time for everything, so that the same sources give the same bytes: that of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$repo_dir" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
created=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
revision=${REVISION:-$(git -C "$repo_dir" rev-parse HEAD)}

# archive FILE DIR NAME…: the same files give the same bytes.
archive() {
  local file=$1 dir=$2
  shift 2
  tar --create --directory "$dir" --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --mode='u+rwX,go+rX,go-w' "$@" | gzip --no-name --best >"$file"
}

# Everything but the layout and the checksums.
released_files() { find "$artifacts" -maxdepth 1 -type f ! -name "$marker" ! -name SHA256SUMS -printf '%f\n' | LC_ALL=C sort; }
