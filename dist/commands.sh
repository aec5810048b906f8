# Sourced by dist/make: the programs that people run themselves, as archives, and the manifest with which krew installs one of them.

command_archive() { echo "$artifacts/$1-$version-linux-$2.tar.gz"; } # COMMAND ARCHITECTURE

make_command() { # COMMAND ARCHITECTURE
  local root=$work/$1-$2
  mkdir -p "$root"
  cp "$(program_path "$1" "$2")" "$repo_dir"/LICENSE-* "$root/"
  cp "$work/notices/$1-$2.txt" "$root/THIRD-PARTY.txt"
  archive "$(command_archive "$1" "$2")" "$root" "$1" LICENSE-APACHE LICENSE-MIT THIRD-PARTY.txt
}

make_krew_manifest() {
  local architecture archive
  cat <<YAML
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: confab
spec:
  version: v$version
  homepage: $source_url
  shortDescription: Show the state of Confab chats
  description: |
    Shows a ChatDeployment of Confab, a self-hosted team chat, as one tree with the one thing to fix first. Starts and lists backups, and
    writes a report for a bug.
  platforms:
YAML
  for architecture in "${architectures[@]}"; do
    archive=$(command_archive kubectl-confab "$architecture")
    cat <<YAML
  - selector:
      matchLabels:
        os: linux
        arch: $architecture
    uri: $source_url/releases/download/v$version/${archive##*/}
    sha256: $(sha256sum "$archive" | cut -d' ' -f1)
    bin: kubectl-confab
    files:
    - from: kubectl-confab
      to: .
    - from: LICENSE-*
      to: .
    - from: THIRD-PARTY.txt
      to: .
YAML
  done
}
