#!/usr/bin/env bash
# node_inside.sh CGROUP: the node of node.sh, as first process of its namespaces.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cgroup=$1
address=10.88.0.1
started=$(date +%s)
state=/run/state

say() {
    echo "$(($(date +%s) - started)) s: $*"
}

# start NAME PROGRAM ARGUMENTS...
start() {
    local name=$1
    shift
    "$@" >"$RUN/log/$name.log" 2>&1 </dev/null &
}

# wait_for SECONDS WHAT COMMAND...
wait_for() {
    local seconds=$1 what=$2 deadline
    shift 2
    deadline=$(($(date +%s) + seconds))
    until "$@" >/dev/null 2>&1; do
        if [ "$(date +%s)" -ge "$deadline" ]; then
            say "$what: not within $seconds s"
            exit 1
        fi
        sleep 0.1
    done
    say "$what"
}

# Sockets, network namespaces, images, volumes: in memory, and gone with the namespace.
make_mounts() {
    mount --make-rprivate /
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /var/log
    mkdir /run/netns /run/lock $state
    # Where the tests' PersistentVolumes lie: a hostPath is not made the pod's own.
    mkdir -m 0777 /run/volumes
}

make_network() {
    ip link set lo up
    ip link add node0 type bridge
    ip addr add $address/24 dev node0
    ip link set node0 up
    ip link add node0p type veth peer name node0q # what gives the bridge a carrier
    ip link set node0p master node0 up
    ip link set node0q up
    ip route add default via 10.88.0.2 dev node0 # leads nowhere; some programs want one to exist
    sysctl -qw net.ipv4.ip_forward=1
    sysctl -qw net.bridge.bridge-nf-call-iptables=1 || true
}

start_containerd() {
    mkdir -p $state/containerd $state/cni
    cat >$state/containerd.toml <<END
version = 2
root = "$state/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.test/pause:1"
  # Without CAP_SYS_RESOURCE a lower score cannot be set.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni"
END
    cat >$state/cni/10-pods.conflist <<END
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "/run/ipam",
            "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
    start containerd containerd -c $state/containerd.toml
    wait_for 60 "containerd answers" ctr version
    for archive in "$BUILD"/images/*.tar; do
        ctr -n k8s.io images import "$archive" >/dev/null
    done
    say "images are imported"
}

start_kubelet() {
    mkdir -p $state/kubelet
    : >$state/resolv.conf
    cat >$state/kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: $cgroup
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $state/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $state/pki/kubelet.crt
tlsPrivateKeyFile: $state/pki/kubelet.key
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
resolvConf: $state/resolv.conf
failSwapOn: false
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
maxPods: 60
podLogsDir: $RUN/log/pods
volumePluginDir: $state/kubelet/plugins
END
    start kubelet "$BUILD/bin/kubelet" --config $state/kubelet.yaml \
        --kubeconfig $state/pki/kubelet.kubeconfig --root-dir $state/kubelet \
        --cert-dir $state/kubelet/pki --node-ip $address --hostname-override node-a
}

start_kube_proxy() {
    cat >$state/proxy.yaml <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: ${PROXY_MODE:-nftables}
hostnameOverride: node-a
clusterCIDR: 10.244.0.0/16
clientConnection: {kubeconfig: $state/pki/proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
END
    start kube-proxy "$BUILD/bin/kube-proxy" --config $state/proxy.yaml
}

make_mounts
make_network
bash "$here/pki.sh" $state/pki https://$address:16443 node-a $address
export PATH=$BUILD/bin:$PATH KUBECONFIG=$state/pki/admin.kubeconfig
# shellcheck source-path=SCRIPTDIR source=control_plane.sh
. "$here/control_plane.sh"
start_containerd
start_control_plane
start_kubelet
start_kube_proxy
wait_for 120 "the node is registered" kubectl get node node-a
wait_for 120 "the node is ready" kubectl wait --for=condition=Ready node/node-a --timeout=5s
kubectl apply -f "$here/dns.yaml" >/dev/null
wait_for 120 "names are resolved" kubectl -n kube-system rollout status deployment/coredns --timeout=5s
cp "$KUBECONFIG" "$RUN/admin.kubeconfig"
touch "$RUN/ready"
# As first process it reaps orphans; a program that ends is seen in its log.
while :; do
    wait -n || true
    sleep 1
done
