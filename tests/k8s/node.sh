#!/usr/bin/env bash
# node.sh BUILD RUN: a Kubernetes of one real node (control plane, containerd, kubelet, kube-proxy) in
# the foreground, until a signal ends it. It lives in namespaces of its own (mount, network, process
# ids), so that nothing outside is reached from there, its ports are its own, and ending one process
# ends all of it. BUILD is what build.sh made; RUN is emptied and gets
#   admin.kubeconfig   for kubectl in the node's network
#   pid                the first process there: `nsenter -t "$(cat RUN/pid)" -m -n -p COMMAND`
#   ready              once pods can be run
#   log/               of every program, audit.log of the API server among them
# It needs root, and Debian's containerd, runc, containernetworking-plugins, nftables, iproute2.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
BUILD=$(cd "$1" && pwd)
mkdir -p "$2"
RUN=$(cd "$2" && pwd)
export BUILD RUN
CGROUP=/microbadger-k8s

# What kubelet sets for the whole machine.
SYSCTLS="vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys
kernel.keys.root_maxbytes"

# With version 1 every controller has a tree of its own.
cgroup_trees() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        echo /sys/fs/cgroup
    else
        find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d
    fi
}

make_cgroups() {
    local tree file
    for tree in $(cgroup_trees); do
        mkdir -p "$tree$CGROUP"
        if [ -e "$tree/cgroup.subtree_control" ]; then
            echo +cpu +cpuset +memory +pids >"$tree/cgroup.subtree_control" 2>/dev/null || true
        fi
        # A set without processors or memory could not hold a process.
        for file in cpuset.cpus cpuset.mems; do
            if [ -e "$tree$CGROUP/$file" ] && [ -e "$tree/$file" ]; then
                cat "$tree/$file" >"$tree$CGROUP/$file"
            fi
        done
    done
}

# The processes in a group leave it a moment after they were killed.
remove_cgroups() {
    local tree
    for tree in $(cgroup_trees); do
        for _ in $(seq 100); do
            [ -d "$tree$CGROUP" ] || break
            find "$tree$CGROUP" -depth -type d -exec rmdir {} \; 2>/dev/null || true
            [ -d "$tree$CGROUP" ] && sleep 0.1
        done
    done
}

# Of a run that was killed, these are still to be set back: the file is there.
restore_sysctls() {
    local name value
    [ -e "$RUN/sysctls" ] || return 0
    while read -r name _ value; do
        sysctl -qw "$name=$value"
    done <"$RUN/sysctls"
    rm "$RUN/sysctls"
}

clean() {
    trap '' INT TERM HUP
    # SIGTERM does not end unshare; what it started ends with it.
    [ -z "${child:-}" ] || kill -KILL "$child" 2>/dev/null || true
    wait
    remove_cgroups
    restore_sysctls
    rm -f "$RUN/ready" "$RUN/pid"
}

# The control groups and the settings are the machine's: one node at a time.
exec 9>/run/lock/microbadger-k8s
flock --nonblock 9 || {
    echo "node.sh: there is one already"
    exit 1
}
remove_cgroups
restore_sysctls
rm -rf "$RUN"
mkdir -p "$RUN/log"
trap clean EXIT
trap 'exit 0' INT TERM HUP
# shellcheck disable=SC2086 # words are wanted
sysctl $SYSCTLS >"$RUN/sysctls"
make_cgroups
setpriv --pdeathsig KILL unshare --mount --net --pid --fork --mount-proc --kill-child \
    bash "$here/node_inside.sh" "$CGROUP" &
child=$!
until [ -e "$RUN/ready" ]; do
    kill -0 "$child" 2>/dev/null || exit 1
    pgrep -P "$child" | head -n 1 >"$RUN/pid.new" || true
    sleep 0.1
done
mv "$RUN/pid.new" "$RUN/pid"
echo "kubectl works in the node's network: nsenter -t $(cat "$RUN/pid") -m -n -p env" \
    "KUBECONFIG=$RUN/admin.kubeconfig $BUILD/bin/kubectl get pods -A"
wait "$child"
