#!/bin/bash
# Nothing in the container is root, and the sidecar is started by hand.
source ./shared.sh

check "without autostart nothing runs" test ! -e "$state/supervisor.pid"
check "which status says, and ends with 0" bash -c 'timeout 5 cone-sidecar-status | grep -q "answer"'
simulated_tenant
cone-sidecar-start
check "boto3 gets an identity" soon is_ada_as_admin
check "its files are its user's alone" private_files
check "the sign-in is on the volume" bash -c 'ls /var/lib/cone-sidecar/aws-sso/cache/*.json'
reportResults
