# bash runs this inside the container that becomes the node image. It does mostly what the Dockerfile of kind's base image does.
chmod 755 / /kind /kind/bin /etc /usr /opt
cp -L /usr/lib/cni/{host-local,loopback,ptp,portmap} /opt/cni/bin/

# systemd in a container: no devices, no temporary files, none of the units that the distribution enables
find /lib/systemd/system/sysinit.target.wants/ -name systemd-tmpfiles-setup.service -delete
rm -f /lib/systemd/system/{multi-user,local-fs,basic}.target.wants/* /etc/systemd/system/*.wants/*
rm -f /lib/systemd/system/sockets.target.wants/*{udev,initctl}*
rm -f /etc/systemd/system/containerd-fuse-overlayfs.service
echo ReadKMsg=no >>/etc/systemd/journald.conf
systemctl enable kubelet.service containerd.service undo-mount-hacks.service pod-masquerade.service
systemctl mask systemd-binfmt.service

ctr oci spec |
  jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"} | del(.process.rlimits)' \
    >/etc/containerd/cri-base.json

containerd >/tmp/containerd.log 2>&1 &
containerd=$!
for _ in $(seq 600); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done
# Not unpacked: a node unpacks the images that it runs.
ctr --namespace k8s.io images import --all-platforms --no-unpack --digests /images.tar
ctr --namespace k8s.io images ls --quiet
kill $containerd
wait $containerd || true
rm -rf /tmp/* /run/containerd
