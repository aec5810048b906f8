# Sourced: the images of CloudNativePG's operator, from its Go module, and of its PostgreSQL, from Debian's package.
cloudnativepg=$CONFAB_CACHE/cloudnativepg-$CLOUDNATIVEPG_VERSION
cloudnativepg_postgres=$CONFAB_CACHE/cloudnativepg-postgres-$CLOUDNATIVEPG_POSTGRES_VERSION-$DEBIAN_RELEASE
# Its Cluster has this user.
cloudnativepg_uid=26

make_cloudnativepg() {
  product "$cloudnativepg" operator "build CloudNativePG $CLOUDNATIVEPG_VERSION (5 minutes)" build_cloudnativepg
  product "$cloudnativepg_postgres" postgres "fetch $CLOUDNATIVEPG_POSTGRES_VERSION from Debian" fetch_cloudnativepg_postgres
  docker image inspect "$CLOUDNATIVEPG_IMAGE" "$CLOUDNATIVEPG_POSTGRES_IMAGE" >/dev/null 2>&1 ||
    step images "build the images of CloudNativePG" cloudnativepg_images
}

build_cloudnativepg() {
  local module
  module=$(module_dir "github.com/cloudnative-pg/cloudnative-pg@$CLOUDNATIVEPG_VERSION")
  cp "$module/releases/cnpg-${CLOUDNATIVEPG_VERSION#v}.yaml" "$1/manifest.yaml"
  cd "$module"
  go_build -o "$1/manager" ./cmd/manager
}

fetch_cloudnativepg_postgres() {
  local package=postgresql-$CLOUDNATIVEPG_POSTGRES_VERSION version
  apt-get update -qq
  version=$(apt-cache madison "$package" | awk 'NR == 1 {sub(/-.*/, "", $3); print $3}')
  fetch_debian "$1" "$package" "$version"
  (cd "$1" && apt-get download tzdata && dpkg-deb --extract tzdata_*.deb . && rm tzdata_*.deb)
}

cloudnativepg_images() {
  rm -rf "$images_work"
  manager_image
  cloudnativepg_postgres_image
  rm -rf "$images_work"
}

manager_image() { # it copies itself into the pods of PostgreSQL
  local root
  root=$(new_root manager)
  mkdir "$root/operator"
  cp "$cloudnativepg/manager" "$root/operator/manager_amd64"
  ln -s operator/manager_amd64 "$root/manager"
  image "$CLOUDNATIVEPG_IMAGE" "$root" <<'DOCKERFILE'
USER 65532:65532
ENTRYPOINT ["/manager"]
DOCKERFILE
}

cloudnativepg_postgres_image() {
  local root from=$cloudnativepg_postgres home=usr/lib/postgresql/$CLOUDNATIVEPG_POSTGRES_VERSION libraries=usr/lib/x86_64-linux-gnu
  root=$(new_root_with_shell cloudnativepg-postgres)
  sed -i "s/:999:999:/:$cloudnativepg_uid:$cloudnativepg_uid:/" "$root/etc/passwd"
  sed -i "s/:999:/:$cloudnativepg_uid:/" "$root/etc/group"
  mkdir -p "$root/$libraries" "$root/usr/lib/postgresql" "$root/usr/share"
  cp -a "$from/$home" "$root/usr/lib/postgresql/"
  cp -a "$from"/usr/share/{postgresql,zoneinfo} "$root/usr/share/"
  # Without the compiler of expressions, which is larger than everything else together.
  rm -rf "$root/$home/lib"/{bitcode,llvmjit*}
  find "$from/$libraries" -maxdepth 1 -name '*.so*' ! -name 'libLLVM*' -exec cp -a {} "$root/$libraries/" \;
  LD_LIBRARY_PATH="$from/$libraries" shared_libraries "$root" / "$root/$home"/bin/* "$root/$home"/lib/*.so
  image "$CLOUDNATIVEPG_POSTGRES_IMAGE" "$root" <<DOCKERFILE
ENV PATH=/$home/bin:/bin
USER $cloudnativepg_uid
DOCKERFILE
}
