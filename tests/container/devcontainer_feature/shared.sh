# What each scenario checks, in the container and as the remote user.
# shellcheck shell=bash
# shellcheck source=/dev/null
source dev-container-features-test-lib

state=/var/lib/cone-sidecar

soon() {
    for _ in $(seq 50); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.2
    done
    "$@"
}

# The supervisor's number and the sidecar's are new ones after a new start.
supervisor() { cat "$state/supervisor.pid"; }
sidecar() { grep -l "^PPid:[[:space:]]*$(supervisor)$" /proc/[0-9]*/status | cut -d / -f 3; }

identity() {
    /opt/cone-sidecar/bin/python -c "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
}

is_ada_as_admin() {
    identity | grep -E '^arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_Admin_[0-9a-f]{16}/ada@example\.com$'
}

simulated_tenant() {
    cone simulator --auto-confirm >/tmp/simulator.env 2>/dev/null &
    soon grep -q AWS_ENDPOINT_URL_STS /tmp/simulator.env
    # shellcheck source=/dev/null
    . /tmp/simulator.env
}

private_files() { test -z "$(find "$state" -type f -perm /077)" && test "$(stat -c %U "$state/token")" = "$(id -un)"; }

one_line_at_once() { test "$(timeout 5 cone-sidecar-status | wc -l)" = 1; }

killed_sidecar_comes_back() {
    killed=$(sidecar)
    kill -9 "$killed"
    check "a killed sidecar comes back" soon cone healthcheck
    check "as another process" test "${killed:-none}" != "$(sidecar)"
    check "and goes on serving" soon is_ada_as_admin
}
