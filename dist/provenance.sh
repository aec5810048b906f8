# Sourced by dist/make: what was built from which commit, as an in-toto statement with a predicate of SLSA. It holds no time of the
# build, so that it is as reproducible as what it describes. Its signature says who vouches for it (dist/publish).

make_provenance() { # NAME=DESCRIPTOR…: of what is in the layout; the files are those in the folder
  local pair
  {
    for pair; do jq -cn --arg name "${pair%%=*}" --argjson descriptor "${pair#*=}" '{name: $name, digest: {sha256: $descriptor.digest | sub("sha256:"; "")}}'; done
    (cd "$artifacts" && released_files | xargs sha256sum) | jq -cR 'split("  ") | {name: .[1], digest: {sha256: .[0]}}'
  } | jq -s --arg source "$source_url" --arg version "$version" --arg revision "$revision" --arg registry "$registry" --arg architectures "${architectures[*]}" \
    --arg toolchain "$(rustc --version)" \
    '{_type: "https://in-toto.io/Statement/v1", subject: ., predicateType: "https://slsa.dev/provenance/v1", predicate: {
      buildDefinition: {
        buildType: "\($source)/blob/v\($version)/docs/releasing.md",
        externalParameters: {version: $version, registry: $registry, architectures: $architectures | split(" ")},
        internalParameters: {toolchain: $toolchain},
        resolvedDependencies: [{uri: "git+\($source)@refs/tags/v\($version)", digest: {gitCommit: $revision}}]},
      runDetails: {builder: {id: "\($source)/blob/v\($version)/dist/make"}}}}'
}
