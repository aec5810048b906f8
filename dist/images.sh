# Sourced by dist/make: the images, one for each architecture under one index. The Dockerfile of a program describes its image here as
# it does for the test cluster; no Docker is needed, because it only copies the program and sets its environment.

make_image() { # PROGRAM DESCRIPTION
  local architecture notes
  notes=$(annotations "$1" "$2")
  for architecture in "${architectures[@]}"; do
    image_manifest "$1" "$architecture" "$notes"
  done | jq -cs --arg type "$index_type" --argjson notes "$notes" '{schemaVersion: 2, mediaType: $type, manifests: ., annotations: $notes}' | add_blob "$index_type"
}

image_manifest() { # PROGRAM ARCHITECTURE ANNOTATIONS
  local root=$work/$1-$2 config layer manifest
  mkdir -p "$root/licenses"
  cp "$(program_path "$1" "$2")" "$root/$1"
  cp "$repo_dir"/LICENSE-* "$work/notices/$1-$2.txt" "$root/licenses/"
  mv "$root/licenses/$1-$2.txt" "$root/licenses/THIRD-PARTY.txt"
  archive "$root.tar.gz" "$root" "$1" licenses
  config=$(image_config "$1" "$2" "$3" "$root.tar.gz" | add_blob application/vnd.oci.image.config.v1+json)
  layer=$(add_blob application/vnd.oci.image.layer.v1.tar+gzip "$root.tar.gz")
  manifest=$(jq -cn --arg type "$manifest_type" --argjson config "$config" --argjson layer "$layer" --argjson notes "$3" \
    '{schemaVersion: 2, mediaType: $type, config: $config, layers: [$layer], annotations: $notes}' | add_blob "$manifest_type")
  attach "$manifest" application/vnd.cyclonedx+json "$artifacts/$1-$version-linux-$2.cdx.json"
  jq -c --arg architecture "$2" '. + {platform: {architecture: $architecture, os: "linux"}}' <<<"$manifest"
}

image_config() { # PROGRAM ARCHITECTURE LABELS LAYER
  check_dockerfile "$1"
  jq -cRn --arg architecture "$2" --argjson labels "$3" --arg created "$created" --arg layer "sha256:$(gzip -dc "$4" | sha256sum | cut -d' ' -f1)" \
    '[inputs | capture("^(?<key>[A-Z]+) +(?<value>.*)$")] as $lines | def values($key): $lines[] | select(.key == $key).value;
     {created: $created, architecture: $architecture, os: "linux",
      config: {User: values("USER"), Env: [values("ENV") | splits(" +")], Entrypoint: values("ENTRYPOINT") | fromjson, Cmd: values("CMD") | fromjson,
        ExposedPorts: [values("EXPOSE") | splits(" +") | {key: "\(.)/tcp", value: {}}] | from_entries, Labels: $labels},
      rootfs: {type: "layers", diff_ids: [$layer]}, history: [{created: $created, created_by: "dist/make"}]}' "$repo_dir/$1/Dockerfile"
}

check_dockerfile() { # PROGRAM: only what image_config understands
  if grep -nvE "^(#.*|FROM scratch|COPY $1 /$1|(ENV|USER|EXPOSE|ENTRYPOINT|CMD) .*)$" "$repo_dir/$1/Dockerfile" >&2; then
    die "dist/images.sh does not know these lines of $1/Dockerfile"
  fi
}
