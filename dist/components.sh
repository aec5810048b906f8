# Sourced by dist/make: what the programs are made of, as an SBOM (CycloneDX) and as the notices that licenses require.
#
# cargo-cyclonedx and cargo-about know crates only. Here the C libraries count as well, because they are in the programs: OpenSSL and
# librdkafka, which crates bring, and the C library.

package_of() { case $1 in kubectl-confab) echo operator ;; *) echo "$1" ;; esac; } # PROGRAM

list_components() { # PROGRAM ARCHITECTURE
  local target
  target=$(target_of "$2")
  (cd "$repo_dir" && cargo metadata --locked --format-version 1 --filter-platform "$target") |
    jq --arg package "$(package_of "$1")" -f "$dist_dir/linked.jq" >"$work/components.json"
  # The only place that has the version of the C library for another architecture.
  c_library=$(grep -aom1 'GNU C Library ([^)]*) stable release version [0-9.]*[0-9]' "$("${target/-unknown/}-gcc" -print-file-name=libc.a)")
}

make_sbom() { # PROGRAM ARCHITECTURE
  awk -F'"' '/^name/ {name = $2} /^version/ {version = $2} /^checksum/ {print name, version, $2}' "$repo_dir/Cargo.lock" >"$work/checksums"
  jq --sort-keys --arg program "$1" --arg created "$created" --arg c_library "$c_library" --rawfile checksums "$work/checksums" -f "$dist_dir/sbom.jq" \
    "$work/components.json" >"$artifacts/$1-$version-linux-$2.cdx.json"
}

# Each text once, below the packages that it belongs to. $work/texts has a line for each text of a package: file and package.
make_notices() { # PROGRAM ARCHITECTURE
  local name crate_version expression authors folder
  jq -r '.[] | select(.source) | [.name, .version, .license, (.authors | join(", ") | if . == "" then "its authors" else . end), (.manifest_path | sub("/Cargo.toml$"; ""))] | @tsv' \
    "$work/components.json" | while IFS=$'\t' read -r name crate_version expression authors folder; do
    license_files "$name" "$expression" "$authors" "$folder" | sed "s|\$|\t  $name $crate_version (${expression//|/ })|"
  done >"$work/texts"
  mkdir -p "$work/notices"
  {
    printf 'The program %s contains these packages. Confab itself is licensed as LICENSE-MIT and LICENSE-APACHE say.\n' "$1"
    group_texts
    notice_of_c_library
  } >"$work/notices/$1-$2.txt"
}

group_texts() {
  local digest file package last=
  paste <(cut -f 1 "$work/texts" | tr '\n' '\0' | xargs -0 sha256sum | cut -c 1-64) "$work/texts" | LC_ALL=C sort >"$work/sorted"
  while IFS=$'\t' read -r digest file package; do
    if [ "$digest" != "$last" ]; then
      [ -z "$last" ] || print_text "$text"
      rule
      last=$digest text=$file
    fi
    echo "$package"
  done <"$work/sorted"
  print_text "$text"
}

rule() { printf '\n\n'; printf '=%.0s' {1..80}; printf '\n'; }

print_text() { echo; tr -d '\r' <"$1"; } # FILE

# license_files NAME EXPRESSION AUTHORS FOLDER: those in the package. The few packages without one say which license they have.
license_files() {
  local files
  files=$(find "$4" -maxdepth 1 -type f -iregex '.*/\(licen[sc]e\|copying\|copyright\|notice\|unlicense\)[^/]*' | LC_ALL=C sort)
  case $1 in
    openssl-src) files+=$'\n'$4/openssl/LICENSE.txt ;;
    rdkafka-sys) files+=$'\n'$4/librdkafka/LICENSES.txt ;;
  esac
  [ -n "$files" ] || case $2 in
    *Apache-2.0*) files=$repo_dir/LICENSE-APACHE ;;
    MIT)
      files=$work/mit-$1
      sed "s/^Copyright .*/Copyright (c) $3/" "$repo_dir/LICENSE-MIT" >"$files"
      ;;
    *) die "$1 has no text of its license, $2" ;;
  esac
  sed '/^$/d' <<<"$files"
}

notice_of_c_library() {
  local text=/usr/share/common-licenses/LGPL-2.1
  [ -e "$text" ] || die "missing: $text, the license of the C library; Debian and Ubuntu have it"
  rule
  cat - "$text" <<TEXT
  $c_library (LGPL-2.1-or-later)

The program is linked with it statically. To link it with a version that you changed, build it from Confab's source, which is public:
$source_url/tree/v$version (docs/releasing.md).

TEXT
}
