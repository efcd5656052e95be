#!/usr/bin/env bash
# previous.sh OUT: images of the commit before this one, for updates from it, into OUT. Built like
# ours, in the same store. Where there is no such commit, or it has no images, OUT is left empty.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=$1
commit=$(git rev-parse --quiet --verify HEAD~1 2>/dev/null || true)
if [ -n "$commit" ] && [ "$(cat "$out/commit" 2>/dev/null)" = "$commit" ]; then
    exit 0
fi
rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ -z "$commit" ] || ! git cat-file -e "$commit:docker/Dockerfile" 2>/dev/null; then
    echo "previous.sh: no images before these"
    exit 0
fi
source=build/k8s/previous-source
rm -rf $source
mkdir -p $source/build build/image
git archive "$commit" | tar -x -C $source
ln -s ../../../image $source/build/image
names="api inspector size"
if grep -q microbadger-scaler $source/Makefile; then
    names="$names scaler"
fi
# shellcheck disable=SC2086 # words are wanted
IMAGES_OUT=$out REVISION=$commit SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$commit") \
    $source/tools/images $names
rm -rf $source
echo "$commit" >"$out/commit"
