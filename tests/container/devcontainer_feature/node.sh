#!/bin/bash
# Nothing in the container is root, the sidecar is started by hand, and a person logs in instead of bringing secrets.
source ./shared.sh

check "without autostart nothing runs" test ! -e "$state/supervisor.pid"
check "which status says, and ends with 0" bash -c 'timeout 5 cone-sidecar-status | grep -q "answer"'
simulated_tenant
unset CONE_CLIENT_ID CONE_CLIENT_SECRET
cone-sidecar-start
check "status asks for a login" soon bash -c 'cone-sidecar-status | grep -q "cone login"'
before=$(sidecar)
check "a person logs in" timeout 30 cone login "$CONE_API_ENDPOINT"
check "boto3 gets an identity" soon is_ada_as_admin
check "of the sidecar that ran before" test "$(sidecar)" = "$before"
check "its files are its user's alone" private_files
check "the login is on the volume" grep -q client-secret /var/lib/cone-sidecar/conductorone/config.yaml
check "and the sign-in" bash -c 'ls /var/lib/cone-sidecar/aws-sso/cache/*.json'
reportResults
