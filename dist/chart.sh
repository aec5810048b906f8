# Sourced by dist/make: the chart, which names the images by their digests, and what surrounds it.
chart_archive=$artifacts/confab-$version.tgz

make_chart() { # OPERATOR_DIGEST CHAT_APP_DIGEST
  local chart=$work/chart/confab
  mkdir -p "$work/chart"
  (cd "$repo_dir" && git ls-files -z charts/confab ':!charts/confab/.helmignore' | xargs -0 tar --create) | tar --extract --directory "$work/chart" --strip-components=1
  sed -i "s|ghcr.io/confab-dev/|$registry/|" "$chart/values.yaml" "$chart/Chart.yaml" "$chart/README.md"
  pin_image operator "$1" "$chart/values.yaml"
  pin_image chat-app "$2" "$chart/values.yaml"
  archive "$chart_archive" "$work/chart" confab
}

# The tag stays in the reference, for people; the digest decides what runs.
pin_image() { # PROGRAM DIGEST VALUES
  sed -i "\\|repository: $registry/$1\$|,/tag:/s|tag: \"\"|tag: \"$version@$2\"|" "$3"
  grep -qF "tag: \"$version@$2\"" "$3" || die "charts/confab/values.yaml has no empty tag below the image of $1"
}

add_chart() { # prints its descriptor
  local metadata layer
  tar --extract --gzip --file "$chart_archive" --directory "$work" confab/Chart.yaml
  metadata=$(yaml_to_json "$work/confab/Chart.yaml")
  layer=$(add_blob application/vnd.cncf.helm.chart.content.v1.tar+gzip "$chart_archive")
  # Helm takes the type of the configuration for that of the artifact.
  add_artifact application/vnd.cncf.helm.config.v1+json application/vnd.cncf.helm.config.v1+json "$metadata" \
    "$(annotations confab "$(jq -r .description <<<"$metadata")")" "$layer"
}
