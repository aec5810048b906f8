# Sourced: the root file system of a node, from Debian.
system=$CONFAB_CACHE/system-$DEBIAN_RELEASE
system_packages=(
  systemd systemd-sysv containerd runc containernetworking-plugins
  conntrack iptables nftables iproute2 ethtool util-linux mount kmod libseccomp2 e2fsprogs
  bash ca-certificates curl jq procps
)

make_system() { product "$system" system "debootstrap $DEBIAN_RELEASE (2 minutes)" build_system; }

build_system() {
  local mirror include
  # shellcheck disable=SC2016 # apt-get expands it
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1) # the mirror that apt uses
  include=$(IFS=, && echo "${system_packages[*]}")
  debootstrap --variant=minbase --include="$include" "$DEBIAN_RELEASE" "$1" "$mirror"
  rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/* "$1"/usr/share/{doc,man,locale}/*
}
