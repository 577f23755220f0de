#!/bin/bash
# The shell and the tools are BusyBox's, as on Alpine. The container starts as root, the tools work as vscode, and secrets
# come when the sidecar already runs.
source ./shared.sh

check "the sidecar was started with the container" soon cone healthcheck
check "it runs as the remote user" test "$(stat -c %U "/proc/$(supervisor)")" = vscode
check "by BusyBox's shell" test "$(readlink "/proc/$(supervisor)/exe")" = /usr/bin/busybox
check "without a login, one line says what to do" bash -c 'cone-sidecar-status | grep -q "cone login"'
check "an option is a variable of login shells" test "$(bash -lc 'echo $AWS_REGION')" = eu-central-1
check "the environment wins over an option" test "$(AWS_REGION=us-west-2 bash -lc 'echo $AWS_REGION')" = us-west-2
before=$(supervisor)
cone-sidecar-start
check "one that runs is left alone" test "$(supervisor)" = "$before"
simulated_tenant
cone-sidecar-start
check "what comes with secrets replaces it" test "$(supervisor)" != "$before"
check "boto3 gets an identity" soon is_ada_as_admin
check "whoever knows less replaces nothing" env -u CONE_CLIENT_SECRET -u CONE_CLIENT_ID cone-sidecar-start
check "so the secrets are still there" is_ada_as_admin
check "no argument holds a secret" bash -c '! grep -l -a "secret-toke[n]:" /proc/[0-9]*/cmdline'
check "its files are its user's alone" private_files
killed_sidecar_comes_back
check "status is one line" one_line_at_once
reportResults
