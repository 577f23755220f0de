"""Our profiles' names as completion reads them, held to what everything else takes for ours."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cone_cli.profile_names import names_in, profile_names
from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.profiles import our_sections

LINES = [
    "[default]",
    "[profile plain]",
    "[profile\tplain]",
    "  [profile indented] # remark",
    '[profile "my team"]',
    "[profile 'a]b']",
    "[profile it's]",
    "[profile back\\ slash]",
    "[profile ünï-山田.+@x]",
    "[sso-session cone-sso]",
    "[services x]",
    "[plain]",
    "cone_app_id = a",
    "CONE_APP_ID: a",
    "cone_entitlement_id=b = c",
    "# cone_app_id = a",
    "; credential_process = cone aws credentials x",
    'credential_process = /usr/bin/cone aws credentials "x"',
    'credential_process = "/opt/my dir/cone" aws credentials x',
    "credential_process = C:\\bin\\cone.exe aws credentials x",
    "credential_process = /usr/bin/ozone aws credentials x",
    "credential_process = /usr/bin/cone aws credentialsx",
    "region = us-east-1 # [profile not] cone_app_id",
    "",
]


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_the_names_are_those_of_our_sections(lines):
    """Whatever sections and keys a file has, completion offers exactly the profiles that are ours."""
    text = "\n".join(lines) + "\n"
    ours = our_sections(AwsConfigDocument.parse(text.encode()))
    assert set(names_in(text.splitlines())) == set(ours)


def test_a_prefix_filters_the_names(tmp_path):
    """Only names that begin with it come, from the file that AWS_CONFIG_FILE names, once each."""
    path = tmp_path / "config"
    section = "[profile {}]\r\ncone_app_id = a\r\n"
    path.write_bytes(
        b"\xef\xbb\xbf" + "".join(map(section.format, ["pa", "pb", "q", "pa"])).encode()
    )
    assert profile_names({"AWS_CONFIG_FILE": str(path)}, "p") == ["pa", "pb"]


@pytest.mark.parametrize("path", ["missing", ".", "\0"])
def test_no_file_is_no_names(tmp_path, path):
    """A file that can't be read completes nothing, and says nothing."""
    assert profile_names({"AWS_CONFIG_FILE": str(tmp_path / path)}) == []
