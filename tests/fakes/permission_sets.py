"""Permission sets of a catalogue, and a file of somebody's that is there already."""

from cone_sidecar.domain.profile import EntitlementRef, PermissionSet

HAND_WRITTEN = """\
# keep me
[default]
region = eu-west-1

[profile "production-admin"]   ; mine, by hand
    aws_access_key_id = AKIA
s3 =
    addressing_style = path

# [profile other-admin]
[services local]
sts =
  endpoint_url = http://localhost:1"""


def a_set(number, account="Production", role="Admin", account_id="111122223333"):
    """Make a permission set."""
    ref = EntitlementRef("app", f"{number:04}")
    return PermissionSet(ref, account_id, account, role, f"{role} Permission Set")
