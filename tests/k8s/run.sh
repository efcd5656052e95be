#!/usr/bin/env bash
# run.sh can | test [PYTEST_ARGUMENT]...: the tests on Kubernetes. Without KUBECONFIG they make a cluster
# of one node on this machine; `can` says with its exit status whether they could, and why not.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing_for_a_node() {
    local version
    if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
        echo "a node of our own needs root on Linux"
    elif ! version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null); then
        echo "Kubernetes is built from Go modules, and there is no Go here (1.26 or newer)"
    elif ! printf 'go1.26\n%s\n' "$version" | sort -CV; then
        echo "Kubernetes is built from Go modules with Go 1.26 or newer; here is ${version#go}"
    elif ! unshare --mount --net --pid --fork --mount-proc mount -t tmpfs tmpfs /run 2>/dev/null; then
        echo "this machine does not let us make namespaces and mounts"
    elif ! [ -w /sys/fs/cgroup ]; then
        echo "control groups cannot be made here"
    fi
}

can() {
    local why
    [ -z "${KUBECONFIG:-}" ] || return 0
    why=$(missing_for_a_node)
    [ -n "$why" ] || return 0
    echo "test-k8s: $why. Elsewhere set KUBECONFIG: any cluster will do." >&2
    return 1
}

# Our own node gets the images of this tree and of the commit before it; another cluster has to have
# build/images and build/k8s/images already.
prepare() {
    tools/deps k8s image
    tests/k8s/build.sh build/k8s
    tests/k8s/previous.sh build/k8s/previous || echo "test-k8s: the commit before does not build"
    tools/images api inspector size scaler
}

can
[ "$1" = test ] || exit 0
shift
[ -n "${KUBECONFIG:-}" ] || prepare
mkdir -p build/results
rm -rf build/results/k8s*
build/venv/bin/python -m pytest -q tests/k8s --junitxml=build/results/k8s.xml "$@"
[ ! -e build/results/k8s-report.txt ] || cat build/results/k8s-report.txt
