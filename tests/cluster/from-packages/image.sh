# Sourced: what builds an image from files of this machine.
images_work=$CONFAB_CACHE/images-work
image_names=() # every image that was built

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

# shared_libraries ROOT FROM FILE…: copies the system libraries that the files need, and their loader, from the system FROM.
shared_libraries() {
  local root=$1 from=$2 library
  shift 2
  { chroot "$from" ldd "$@" 2>/dev/null || true; } | awk '/=> \/(usr\/)?lib/ {print $3} $1 ~ /^\/.*ld-linux/ {print $1}' | sort -u | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L --no-clobber "${from%/}$library" "$root$library"
  done
}
