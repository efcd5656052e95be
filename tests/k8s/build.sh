#!/usr/bin/env bash
# build.sh OUT: makes in OUT what a cluster of one node is made of. OUT/bin has Kubernetes and etcd
# as one program, OUT/images the archives that the node starts with. From Go modules (Go >= 1.26);
# the first time takes about ten minutes of two cores, later ones a few seconds.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/bin" "$1/images"
out=$(cd "$1" && pwd)
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="${GOFLAGS:-} -trimpath -buildvcs=false"

# Without this its programs and kubectl take each other for versions that do not fit.
version_flags() {
    local version package=k8s.io/component-base/version major minor
    version=$(cd "$here/one" && go list -m -f '{{.Version}}' k8s.io/kubernetes)
    IFS=. read -r major minor _ <<<"${version#v}"
    echo "-X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor" \
        "-X $package.gitTreeState=clean -X $package.gitCommit=unknown" \
        "-X $package.buildDate=2026-01-01T00:00:00Z"
}

build_programs() {
    (cd "$here/one" && go build -ldflags "-s -w $(version_flags)" -o "$out/bin/kube" ./kube)
    for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl etcd; do
        ln -sf kube "$out/bin/$name"
    done
    (cd "$here/coredns" && go build -ldflags "-s -w" -o "$out/bin/coredns" github.com/coredns/coredns)
    gcc -O2 -static -s -o "$out/bin/pause" "$here/pause.c"
}

# image NAME ARGUMENTS: those of image.py
image() {
    local name=$1
    shift
    python3 "$here/image.py" "$out/images/$name.tar" "registry.test/$name:1" "$@"
}

build_images() {
    image pause --entrypoint /pause "$out/bin/pause=/pause"
    image coredns --entrypoint /coredns "$out/bin/coredns=/coredns"
    image redis /usr/bin/redis-server=/usr/bin/redis-server /usr/bin/redis-cli=/usr/bin/redis-cli \
        /bin/busybox=/bin/sh
    image registry /usr/bin/docker-registry=/usr/bin/docker-registry
}

build_programs
build_images
