#!/usr/bin/env bash
# pki.sh DIR SERVER_URL NODE IP...: one CA, the certificates of a control plane and of one node, and
# kubeconfigs that hold theirs inside (EC P-256, valid for two days). The addresses are the node's.
set -euo pipefail

dir=$1 server=$2 node=$3
shift 3
mkdir -p "$dir"
cd "$dir"
umask 077

new_key() {
    openssl ecparam -genkey -name prime256v1 -noout -out "$1.key"
}

# certificate NAME SUBJECT [SUBJECT_ALT_NAMES]
certificate() {
    local extensions="keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
${3:+subjectAltName=$3}"
    new_key "$1"
    openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "$1.crt" \
        -extfile <(echo "$extensions") 2>/dev/null
    rm "$1.csr"
}

kubeconfig() {
    local ca cert key
    ca=$(base64 -w0 ca.crt) cert=$(base64 -w0 "$1.crt") key=$(base64 -w0 "$1.key")
    cat >"$1.kubeconfig" <<END
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "$server", certificate-authority-data: $ca}}]
users: [{name: $1, user: {client-certificate-data: $cert, client-key-data: $key}}]
contexts: [{name: test, context: {cluster: test, user: $1}}]
current-context: test
END
}

new_key ca
openssl req -x509 -new -key ca.key -subj /CN=test-ca -days 2 -out ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign

addresses=$(printf ',IP:%s' "$@")
service=kubernetes.default.svc
names="DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:$service,DNS:$service.cluster.local"
certificate apiserver /CN=kube-apiserver "$names,IP:127.0.0.1,IP:10.96.0.1$addresses"
certificate apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
certificate front-proxy-client /CN=front-proxy-client
certificate admin /O=system:masters/CN=admin
certificate controller-manager /CN=system:kube-controller-manager
certificate scheduler /CN=system:kube-scheduler
certificate proxy /CN=system:kube-proxy
certificate kubelet "/O=system:nodes/CN=system:node:$node" "DNS:$node$addresses"
for user in admin controller-manager scheduler proxy kubelet; do
    kubeconfig "$user"
done

# What service accounts' tokens are signed with.
new_key sa
openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
