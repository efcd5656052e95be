# shellcheck shell=bash
# start_control_plane, for node_inside.sh: etcd, API server, controller manager and scheduler on
# $address. What it writes is under $state; nothing is kept.

# shellcheck disable=SC2154 # BUILD, RUN, address and state are node_inside.sh's

start_etcd() {
    start etcd "$BUILD/bin/etcd" --name one --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
        --initial-cluster one=http://127.0.0.1:2380
}

# Every request is written down once, those that change a Deployment's number with what they say.
write_audit_policy() {
    cat >"$state/audit.yaml" <<END
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: RequestResponse, verbs: [create, update, patch], resources: [{group: apps, resources: [deployments, deployments/scale]}]}
- {level: Metadata}
END
}

start_api_server() {
    local pki=$state/pki
    start kube-apiserver "$BUILD/bin/kube-apiserver" --bind-address "$address" --secure-port 16443 \
        --advertise-address "$address" --etcd-servers http://127.0.0.1:2379 --allow-privileged \
        --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
        --client-ca-file "$pki/ca.crt" --authorization-mode Node,RBAC \
        --enable-admission-plugins NodeRestriction --service-cluster-ip-range 10.96.0.0/16 \
        --service-account-issuer https://kubernetes.default.svc.cluster.local \
        --service-account-key-file "$pki/sa.pub" --service-account-signing-key-file "$pki/sa.key" \
        --kubelet-client-certificate "$pki/apiserver-kubelet-client.crt" \
        --kubelet-client-key "$pki/apiserver-kubelet-client.key" \
        --kubelet-certificate-authority "$pki/ca.crt" --kubelet-preferred-address-types InternalIP \
        --requestheader-client-ca-file "$pki/ca.crt" \
        --requestheader-allowed-names front-proxy-client \
        --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
        --requestheader-extra-headers-prefix X-Remote-Extra- \
        --proxy-client-cert-file "$pki/front-proxy-client.crt" \
        --proxy-client-key-file "$pki/front-proxy-client.key" \
        --audit-policy-file "$state/audit.yaml" --audit-log-path "$RUN/log/audit.log"
}

# As NAME: the kubeconfig, also for asking who calls it.
identity() {
    local file=$state/pki/$1.kubeconfig
    echo "--kubeconfig $file --authentication-kubeconfig $file --authorization-kubeconfig $file"
}

start_controller_manager() {
    # shellcheck disable=SC2046 # words are wanted
    start kube-controller-manager "$BUILD/bin/kube-controller-manager" $(identity controller-manager) \
        --bind-address 127.0.0.1 --leader-elect=false --use-service-account-credentials \
        --root-ca-file "$state/pki/ca.crt" --service-account-private-key-file "$state/pki/sa.key" \
        --cluster-signing-cert-file "$state/pki/ca.crt" --cluster-signing-key-file "$state/pki/ca.key" \
        --allocate-node-cidrs --cluster-cidr 10.244.0.0/16 --service-cluster-ip-range 10.96.0.0/16 \
        --kube-api-qps 500 --kube-api-burst 1000
}

start_scheduler() {
    # shellcheck disable=SC2046 # words are wanted
    start kube-scheduler "$BUILD/bin/kube-scheduler" $(identity scheduler) \
        --bind-address 127.0.0.1 --leader-elect=false
}

start_control_plane() {
    start_etcd
    write_audit_policy
    start_api_server
    wait_for 180 "the API server is ready" kubectl get --raw /readyz
    start_controller_manager
    start_scheduler
    wait_for 60 "controllers run" kubectl -n default get serviceaccount default
}
