# Sourced: the images that the cluster runs, each built from scratch under the name that Kubernetes, kind or Confab uses.
images_work=$CONFAB_CACHE/images-work
image_names=() # every image that was built

make_images() {
  local cni_image provisioner_image helper_image
  # shellcheck source=/dev/null
  . "$kind_files/image-names" # sets the three
  rm -rf "$images_work"
  local program
  for program in kube-apiserver kube-controller-manager kube-scheduler; do
    static_image "$(kubeadm_image $program)" "$kubernetes/$program"
  done
  static_image "$(kubeadm_image etcd)" "$etcd/etcd"
  static_image "$(kubeadm_image coredns)" "$coredns/coredns"
  static_image "$cni_image" "$network/network"
  static_image "$provisioner_image" "$provisioner/local-path-provisioner"
  static_image "$TRAEFIK_IMAGE" "$traefik/traefik"
  static_image "$METRICS_SERVER_IMAGE" "$metrics_server/metrics-server"
  helper_image
  pause_images
  kube_proxy_image
  postgres_image
  kafka_image
  docker save --output "$images_work/images.tar" "${image_names[@]}"
  docker rmi "${image_names[@]}" # the node image has them now
}

# These two prepare a file system, without and with a shell, and print its folder.
new_root() { # NAME
  local root=$images_work/$1
  mkdir -p "$root"/{etc/ssl/certs,tmp,usr/local/bin}
  chmod 1777 "$root/tmp"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  printf 'root:x:0:0::/:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\nappuser:x:1000:1000::/tmp:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\npostgres:x:999:\nappuser:x:1000:\n' >"$root/etc/group"
  echo "$root"
}

new_root_with_shell() { # NAME
  local root applet
  root=$(new_root "$1")
  mkdir "$root/bin"
  cp "$(command -v busybox)" "$root/bin/busybox"
  shared_libraries "$root" / "$(command -v busybox)" # none if it is the static one
  for applet in sh cat chmod cp env grep id ls mkdir mv rm sed sleep; do ln -s busybox "$root/bin/$applet"; done
  echo "$root"
}

# image NAME ROOT: builds an image; standard input is the rest of its Dockerfile. (`docker import` cannot set STOPSIGNAL.)
image() {
  { echo 'FROM scratch' && echo 'ADD root.tar /' && cat; } >"$images_work/Dockerfile"
  tar --directory "$2" --owner=0 --group=0 -cf "$images_work/root.tar" .
  tar --directory "$images_work" -c Dockerfile root.tar | docker build --quiet --tag "$1" -
  rm -rf "$2" "$images_work/root.tar"
  image_names+=("$1")
}

static_image() { # NAME PROGRAM
  local root
  root=$(new_root static)
  cp "$2" "$root/usr/local/bin/"
  image "$1" "$root" <<DOCKERFILE
ENV PATH=/usr/local/bin
ENTRYPOINT ["/usr/local/bin/$(basename "$2")"]
DOCKERFILE
}

helper_image() { # creates and removes the folders of volumes
  image "$helper_image" "$(new_root_with_shell helper)" <<<'ENTRYPOINT ["/bin/sh"]'
}

# One under the name in containerd's configuration, one under the name in kubeadm's list.
pause_images() {
  local name
  for name in $(sed -n 's/.*sandbox_image = "\(.*\)"/\1/p' "$kind_files/base/etc/containerd/config.toml") $(kubeadm_image pause); do
    local root=$images_work/pause
    mkdir -p "$root"
    gcc -static -Os -s -o "$root/pause" "$here/pause.c"
    image "$name" "$root" <<<'ENTRYPOINT ["/pause"]'
  done
}

# shared_libraries ROOT FROM FILE…: copies the system libraries that the files need, and their loader, from the system FROM.
shared_libraries() {
  local root=$1 from=$2 library
  shift 2
  { chroot "$from" ldd "$@" 2>/dev/null || true; } | awk '/=> \/(usr\/)?lib/ {print $3} $1 ~ /^\/.*ld-linux/ {print $1}' | sort -u | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L --no-clobber "${from%/}$library" "$root$library"
  done
}

# kube-proxy calls iptables and nft. Without the xtables modules Services fail silently.
kube_proxy_image() {
  local root link files=(/usr/sbin/nft /usr/sbin/xtables-nft-multi /usr/sbin/conntrack) modules=("$system"/usr/lib/x86_64-linux-gnu/xtables/*.so)
  root=$(new_root kube-proxy)
  mkdir -p "$root"/usr/{sbin,lib/x86_64-linux-gnu,lib64} "$root/run"
  ln -s usr/lib "$root/lib" && ln -s usr/lib64 "$root/lib64" && ln -s usr/sbin "$root/sbin"
  cp "$kubernetes/kube-proxy" "$root/usr/local/bin/"
  cp "${files[@]/#/$system}" "$root/usr/sbin/"
  for link in {iptables,ip6tables}{,-save,-restore}; do ln -s xtables-nft-multi "$root/usr/sbin/$link"; done
  cp -a "$system/usr/lib/x86_64-linux-gnu/xtables" "$root/usr/lib/x86_64-linux-gnu/"
  shared_libraries "$root" "$system" "${files[@]}" "${modules[@]#"$system"}"
  image "$(kubeadm_image kube-proxy)" "$root" <<'DOCKERFILE'
ENV PATH=/usr/local/bin:/usr/sbin
ENTRYPOINT ["/usr/local/bin/kube-proxy"]
DOCKERFILE
}

# Paths and user IDs are those of the published images; the operator sets the command of both.
postgres_image() {
  local root home=/usr/lib/postgresql/18
  root=$(new_root_with_shell postgres)
  mkdir -p "$root$home"
  cp -a "$postgres_package"/. "$root$home/"
  unset LD_LIBRARY_PATH
  shared_libraries "$root" / "$postgres_package"/bin/* "$postgres_package"/lib/postgresql/*.so
  image "$POSTGRES_IMAGE" "$root" <<DOCKERFILE
ENV PATH=$home/bin:/bin
USER 999
# On SIGTERM PostgreSQL waits for its clients to disconnect.
STOPSIGNAL SIGINT
DOCKERFILE
}

kafka_image() {
  local root modules
  root=$(new_root_with_shell kafka)
  modules=java.base,java.compiler,java.desktop,java.logging,java.management,java.naming,java.security.jgss,java.security.sasl,java.sql,java.xml
  modules+=,jdk.crypto.ec,jdk.jfr,jdk.management,jdk.management.agent,jdk.security.auth,jdk.security.jgss,jdk.unsupported,jdk.zipfs
  mkdir -p "$root/opt/kafka"
  jlink --add-modules $modules --strip-debug --no-man-pages --no-header-files --compress=2 --output "$root/opt/java/openjdk"
  cp -a "$kafka_package/libs" "$root/opt/kafka/"
  shared_libraries "$root" / "$root"/opt/java/openjdk/{bin/java,lib/*.so,lib/server/libjvm.so} /usr/lib/x86_64-linux-gnu/libstdc++.so.6
  image "$KAFKA_IMAGE" "$root" <<'DOCKERFILE'
ENV JAVA_HOME=/opt/java/openjdk PATH=/opt/java/openjdk/bin:/bin
USER 1000
DOCKERFILE
}
