"""What we append to an AWS config file, read by the parsers of other SDKs; what was there reads as before."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from botocore.configloader import load_config
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.fakes.real_clients import needs_node

from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.lines import SectionName
from cone_sidecar.errors import ConfigurationError

PARSERS = Path(__file__).parent / "parsers"
GO_SOURCES = Path("/usr/share/gocode")
needs_go = pytest.mark.skipif(
    shutil.which("go") is None or not (GO_SOURCES / "src/github.com/aws/aws-sdk-go-v2").is_dir(),
    reason="GO'S PARSER DID NOT RUN: golang-go and golang-github-aws-aws-sdk-go-v2-dev are not here",
)
# Valid to all parsers, each odd in a way of its own.
BASES = [
    b"",
    b"\n\n",
    b"# only a comment",
    b"[default]\nregion = a",
    b"[default]\r\nregion = a\r\n; c\r\n",
    b"[profile other]\ns3 =\n    max_concurrent_requests = 20\n    addressing_style = path\n",
    b'[profile "other"]\nregion=a\n\n\n',
    b"[profile other]\nregion = a\n[profile third]\nregion = c\n# [profile x]\n# region = z",
    b"[sso-session other]\nsso_region = a\nsso_start_url = https://other\n",
    b"[services s]\ns3 =\n  endpoint_url = https://a\n",
    b"[profile other] # mine\nregion = a\n",
    b"[profile other]\ncredential_process = \"/a b/c\" 'd e' $HOME\n",
    b"[profile other]\nregion = caf\xc3\xa9\noutput =\n",
    b"[profile other]\nregion = a\ncone_justification = it's \"so\"\n\t\n",
]  # fmt: skip
NAME_PARTS = st.sampled_from(
    ["a", "Z", "0", "-", "_", ".", "/", "@", "+", ":", "=", ",", "%", "&", "é", "\u0645", "#", ";", "default",
     "__proto__", " ", "]", "\n", "'", '"', "\\", "$", "`", "~", "*", "\u200f", "\u00a0", "\ufeff"]
)  # fmt: skip
# Profiles of other names it leaves out.
JAVASCRIPT_NAME = re.compile(r"[\w@+.%:/-]+", re.ASCII)
OTHER = {"default", "other"}
TEXTS = st.lists(NAME_PARTS, min_size=1, max_size=6).map("".join)
NAMES = st.one_of(st.from_regex("[A-Za-z0-9_@+.%:/-]{1,8}", fullmatch=True), TEXTS)
# As we write them.
OURS = {
    "region": "us-gov-west-1",
    "credential_process": '/usr/local/bin/cone aws credentials "production-readonly"',
    "cone_sso_start_url": "https://acme.awsapps.com/start#/",
}
VALUES = st.one_of(
    st.just(OURS), st.fixed_dictionaries({"region": TEXTS, "credential_process": TEXTS})
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Files, each with its base and the profile that was appended to it: (path, base path, name, values)."""
    directory, cases, seen = tmp_path_factory.mktemp("written"), [], set()

    @settings(max_examples=1200, database=None, deadline=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.sampled_from(BASES), NAMES, VALUES)
    def append(base, name, values):
        document = AwsConfigDocument.parse(base)
        section = SectionName("profile", name)
        if name in OTHER or (base, name, *values.values()) in seen:
            return
        seen.add((base, name, *values.values()))
        try:
            document.append_section(section, values)
        except ConfigurationError:
            assert document.render() == base
            return
        path = directory / f"{len(cases)}"
        path.write_bytes(document.render())
        before = directory / f"{len(cases)}.base"
        before.write_bytes(base)
        cases.append((path, before, name, values))

    append()
    assert len(cases) > 30, "too few names and values were accepted to prove anything"
    return cases


def test_botocore_reads_what_was_appended_and_all_else_as_before(written):
    """botocore, which the AWS CLI is built upon, sees one profile more, of these values."""
    for path, base, name, values in written:
        before, after = load_config(str(base)), load_config(str(path))
        assert after["profiles"].pop(name) == values, path.read_bytes()
        assert _without_path(after) == _without_path(before)


@needs_node
def test_the_javascript_sdk_reads_what_was_appended_and_all_else_as_before(written):
    """The parser of @smithy/core sees one profile more, if it can have that name, of these values."""
    paths = [str(each) for path, base, *_ in written for each in (path, base)]
    found = _ask(["node", str(PARSERS / "shared_config.mjs")], paths)
    for (path, _, name, values), after, before in zip(
        written, found[::2], found[1::2], strict=True
    ):
        expected = values if JAVASCRIPT_NAME.fullmatch(name) else None
        assert after.pop(name, None) == expected, path.read_bytes()
        assert after == before


@needs_go
def test_gos_sdk_reads_our_values_and_another_profile_as_before(written, tmp_path):
    """LoadSharedConfigProfile of aws-sdk-go-v2 (Debian's, of 2023) reads what we write, under any name.

    In values of other texts it took quotes, and # behind an operator, for syntax.
    """
    program = tmp_path / "shared_config"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GO_SOURCES)}
    build = ["go", "build", "-o", str(program), str(PARSERS / "shared_config.go")]
    subprocess.run(build, check=True, env=environment, timeout=120)
    ours = [(str(path), str(base), name) for path, base, name, values in written if values == OURS]
    assert len(ours) > 30
    asked = [(path, name) for path, _, name in ours]
    asked += [(path, "other") for path, *_ in ours]
    asked += [(base, "other") for _, base, _ in ours]
    found = _ask([str(program)], asked)
    count = len(ours)
    expected = {key: OURS[key] for key in ("region", "credential_process")}
    for (_, _, name), read in zip(ours, found, strict=False):
        assert read == expected, name
    assert found[count : 2 * count] == found[2 * count :]


def _ask(command, asked):
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


def _without_path(config):
    return {key: value for key, value in config.items() if not key.startswith("_")}
