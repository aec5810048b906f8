# Sourced: the node image, which has Debian, kind's files, Kubernetes, and the images of the cluster.
node_stage=$CONFAB_CACHE/node-stage
node_container=confab-node-build

make_node_image() {
  local base=confab/node-base:latest
  tar --directory "$system" -c . | docker import - $base
  stage_node_files
  docker rm --force --volumes $node_container 2>/dev/null || true # left by an interrupted run
  docker run --detach --name $node_container --stop-signal SIGRTMIN+3 --security-opt seccomp=unconfined \
    --volume "$images_work/images.tar:/images.tar:ro" --entrypoint sleep $base infinity
  tar --directory "$node_stage" --owner=0 --group=0 -c . | docker cp - $node_container:/
  docker exec --interactive $node_container bash -euxs <"$here/in-node.sh"
  docker kill $node_container
  docker commit --change 'ENV container=docker' \
    --change 'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]' --change 'CMD []' $node_container "$node_image"
  docker rm --force --volumes $node_container
  docker rmi $base
  rm -rf "$node_stage" "$images_work"
  remove_older_node_images
}

stage_node_files() {
  local root=$node_stage base=$kind_files/base
  rm -rf "$root"
  mkdir -p "$root"/{usr/local/bin,usr/local/sbin,usr/bin,opt/cni/bin,kind,etc/kubernetes/manifests,etc/systemd/system}
  cp -r "$base/etc/." "$root/etc/"
  cp -r "$base/kind/." "$root/kind/"
  chmod 755 "$root"/kind/bin/*
  install -m 755 "$base/usr/local/bin/entrypoint" "$root/usr/local/bin/entrypoint"
  cp -r "$kind_files/manifests" "$root/kind/manifests"
  printf '%s' "$KUBERNETES_VERSION" >"$root/kind/version"
  cp "$kubernetes"/{kubelet,kubeadm,kubectl} "$root/usr/bin/"
  ln -s /usr/bin/{containerd,containerd-shim-runc-v2,ctr} "$root/usr/local/bin/"
  ln -s /usr/sbin/runc "$root/usr/local/sbin/runc"
  cp "$here"/pod-masquerade.{service,nft} "$root/etc/systemd/system/"
  # Without CAP_SYS_RESOURCE no process may lower its oom_score_adj, and no pod sandbox would start.
  sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' "$root/etc/containerd/config.toml"
}

remove_older_node_images() {
  docker images --format '{{.Repository}}:{{.Tag}}' kindest/node | grep -E ":v[0-9.]+-[0-9a-f]{8}$" | grep -vF ":${node_image##*:}" |
    xargs --no-run-if-empty docker rmi || true # a cluster may still use one
}
