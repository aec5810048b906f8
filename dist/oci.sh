# Sourced by the scripts of dist/: writes an OCI image layout. Blobs are named by their digests, and nothing in them depends on when or
# where they are written, so that the same programs give the same digests.
manifest_type=application/vnd.oci.image.manifest.v1+json
index_type=application/vnd.oci.image.index.v1+json

new_layout() {
  rm -rf "$layout"
  mkdir -p "$layout/blobs/sha256"
  echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
  jq -cn --arg type "$index_type" '{schemaVersion: 2, mediaType: $type, manifests: []}' >"$layout/index.json"
}

# add_blob MEDIA_TYPE [FILE]: of a file or of standard input. Prints its descriptor.
add_blob() {
  local file digest
  file=$(mktemp "$layout/blobs/XXXXXX")
  cat "${2:--}" >"$file"
  chmod 644 "$file"
  digest=$(sha256sum "$file" | cut -d' ' -f1)
  jq -cn --arg type "$1" --arg digest "sha256:$digest" --argjson size "$(stat --format=%s "$file")" '{mediaType: $type, digest: $digest, size: $size}'
  mv "$file" "$layout/blobs/sha256/$digest"
}

# add_root DESCRIPTOR [NAME]: makes a manifest an entry of the layout, by a name or, for what is attached to another manifest, without.
add_root() {
  jq -c --argjson root "$1" --arg name "${2:-}" \
    '.manifests += [$root + (if $name == "" then {} else {annotations: {"org.opencontainers.image.ref.name": $name}} end)]' "$layout/index.json" >"$layout/index.new"
  mv "$layout/index.new" "$layout/index.json"
}

annotations() { # TITLE DESCRIPTION
  jq -cn --arg title "$1" --arg description "$2" --arg version "$version" --arg revision "$revision" --arg source "$source_url" --arg created "$created" \
    '{title: $title, description: $description, version: $version, revision: $revision, source: $source, url: $source, created: $created,
      documentation: "\($source)/tree/v\($version)/docs", licenses: "MIT OR Apache-2.0", vendor: "The Confab project"}
     | with_entries(.key |= "org.opencontainers.image.\(.)")'
}

# add_artifact TYPE CONFIG_TYPE CONFIG ANNOTATIONS LAYER…: what is not an image, with descriptors of its files. Prints its descriptor.
add_artifact() {
  local config
  config=$(printf %s "$3" | add_blob "$2")
  printf '%s\n' "${@:5}" | jq -cs --arg manifest "$manifest_type" --arg type "$1" --argjson config "$config" --argjson annotations "$4" \
    '{schemaVersion: 2, mediaType: $manifest, artifactType: $type, config: $config, layers: ., annotations: $annotations}' | add_blob "$manifest_type"
}

# attach SUBJECT TYPE FILE: a document about a manifest, which clients find by the manifest's digest.
attach() {
  local config blob manifest
  config=$(printf '{}' | add_blob application/vnd.oci.empty.v1+json)
  blob=$(add_blob "$2" "$3")
  manifest=$(jq -cn --arg manifest "$manifest_type" --argjson subject "$1" --arg type "$2" --argjson config "$config" --argjson blob "$blob" --arg created "$created" \
    '{schemaVersion: 2, mediaType: $manifest, artifactType: $type, config: $config, layers: [$blob], subject: ($subject | {mediaType, digest, size}),
      annotations: {"org.opencontainers.image.created": $created}}' | add_blob "$manifest_type")
  add_root "$manifest"
}
