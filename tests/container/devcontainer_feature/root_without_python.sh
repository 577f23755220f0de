#!/bin/bash
# A base without Python: install.sh has brought it.
source ./shared.sh

check "the sidecar was started with the container" soon cone healthcheck
simulated_tenant
cone-sidecar-start
check "boto3 gets an identity" soon is_ada_as_admin
check "its files are its user's alone" private_files
killed_sidecar_comes_back
check "status is one line" one_line_at_once
reportResults
