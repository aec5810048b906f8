# Sourced by dist/make: the programs, linked statically, for each architecture.
#
# The cross compiler and the C library are Debian's (g++-aarch64-linux-gnu). Rust's standard library is rustup's: Debian's belongs
# to Debian's own compiler, which is older than the one of rust-toolchain.toml. cargo-zigbuild would not help: it brings another C
# library than the tested one, and needs the same standard library.

make_programs() { # ARCHITECTURE
  local target tools
  target=$(target_of "$1")
  tools=${target/-unknown/}
  command -v "$tools-g++" >/dev/null || die "missing: $tools-g++; on Debian: apt-get install g++-${tools//_/-}"
  [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] || rustup target add "$target" || die "missing: Rust's standard library for $target"
  # The configure script of librdkafka reads these. Build scripts, which run on this machine, read the names with HOST_.
  export CC=$tools-gcc CXX=$tools-g++ AR=$tools-ar LD=$tools-ld NM=$tools-nm OBJDUMP=$tools-objdump RANLIB=$tools-ranlib STRIP=$tools-strip
  export HOST_CC=gcc HOST_CXX=g++ HOST_AR=ar HOST_RANLIB=ranlib
  export CONFAB_REVISION=$revision # for confab_build_info
  cd "$repo_dir"
  cargo build --config .cargo/static.toml --config "target.$target.linker = '$CC'" \
    --config "target.$target.rustflags = [$(path_flags)]" --target "$target" --profile dist --locked \
    --package operator --package chat-app --package confab-delivery "${images[@]/#/--bin=}" "${commands[@]/#/--bin=}"
}

# Panics name source files. Without these flags the programs would hold the paths of the machine that built them. The last one
# that matches counts.
path_flags() {
  local sources
  cargo fetch --locked >&2
  for sources in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do printf "'--remap-path-prefix=%s=/crates/', " "$sources"; done
  printf "'--remap-path-prefix=%s=/confab', '--remap-path-prefix=%s=/target'" "$repo_dir" "$target_dir"
}
