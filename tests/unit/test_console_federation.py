"""Which console each partition has, and which pages of it may be opened."""

import json
from pathlib import Path

import pytest

from cone_sidecar.errors import ConfigurationError, UsageError
from cone_sidecar.identity_center import botocore_partitions
from cone_sidecar.identity_center.console_federation import ConsoleFederation
from cone_sidecar.identity_center.partitions import PARTITIONS, PartitionResolver

REGIONS = {
    "aws": "eu-west-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
}


def test_botocore_knows_the_partitions(capsys):
    """Each partition with a console here is one of botocore's, by its own name."""
    assert botocore_partitions.main(list(REGIONS.values())) == 0
    assert json.loads(capsys.readouterr().out) == {v: k for k, v in REGIONS.items()}
    assert set(REGIONS) == set(PARTITIONS)


async def test_a_partition_is_looked_up_once(tmp_path, monkeypatch):
    """What botocore said is kept in a file, and who has it starts no process; what isn't there is named."""
    resolver = PartitionResolver(tmp_path, {})
    assert await resolver.names("us-east-1", "cn-north-1") == ["aws", "aws-cn"]
    with pytest.raises(ConfigurationError) as refused:
        await resolver.names("eu-west-1", "mars-1")
    assert refused.value.message == "AWS has no region mars-1"
    monkeypatch.setattr("cone_sidecar.identity_center.partitions.run_module", None)
    assert await PartitionResolver(tmp_path, {}).names("cn-north-1") == ["aws-cn"]


@pytest.mark.parametrize(
    ("partition", "page"),
    [
        ("aws", "https://console.aws.amazon.com/s3/home?region=eu-west-1"),
        ("aws-us-gov", "https://console.amazonaws-us-gov.com/s3/home?region=us-gov-west-1"),
        ("aws-cn", "https://console.amazonaws.cn/s3/home?region=cn-north-1"),
        ("aws-eusc", "https://console.amazonaws-eusc.eu/s3/home?region=eusc-de-east-1"),
    ],
)
def test_pages_of_each_partition(partition, page):
    """A service's page is on the partition's own host; its own URLs are taken, those of others refused."""
    federation = ConsoleFederation(partition, REGIONS[partition], {})
    assert federation.destination("s3") == page
    assert federation.destination(page) == page
    for other in PARTITIONS.values():
        if other is not PARTITIONS[partition]:
            with pytest.raises(UsageError):
                federation.destination(f"https://{other.console}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://console.aws.amazon.com/",
        "https://evil.example/console.aws.amazon.com",
        "https://evilconsole.aws.amazon.com/",
        "https://console.aws.amazon.com.evil.example/",
        "https://me@console.aws.amazon.com/",
        "https://evil.example\\@console.aws.amazon.com/",
        "https://console.aws.amazon.com/\r\nSet-Cookie: a=b",
        "https://[",
        "javascript://console.aws.amazon.com/%0aalert(1)",
    ],
)
def test_urls_that_are_none_of_the_console(url):
    """Nothing leads a signed-in browser to another site, or writes a header of ours."""
    with pytest.raises(UsageError):
        ConsoleFederation("aws", "us-east-1", {}).destination(url)


def test_a_partition_without_a_console_here():
    """It is refused by its name."""
    with pytest.raises(ConfigurationError, match="aws-iso"):
        ConsoleFederation("aws-iso", "us-iso-east-1", {})


@pytest.mark.parametrize(
    ("environment", "taken"),
    [
        ({"AWS_ENDPOINT_URL_SIGNIN": "https://signin.example"}, True),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9920/"}, True),
        ({"AWS_ENDPOINT_URL_SIGNIN": "http://simulator:9920"}, False),
        (
            {"AWS_ENDPOINT_URL_SIGNIN": "http://simulator:1", "CONE_INSECURE_HOSTS": "simulator"},
            True,
        ),
        ({"AWS_ENDPOINT_URL_SIGNIN": "ftp://127.0.0.1"}, False),
        ({"AWS_ENDPOINT_URL_SIGNIN": "https://["}, False),
    ],
)
def test_where_credentials_may_be_sent(environment, taken):
    """Over TLS, to this machine, or to a host that was named for it."""
    if taken:
        ConsoleFederation("aws", "us-east-1", environment)
    else:
        with pytest.raises(ConfigurationError):
            ConsoleFederation("aws", "us-east-1", environment)


def test_the_page_names_each_console():
    """docs/daily.md has each partition's sign-in and console, as they are used."""
    text = (Path(__file__).parents[2] / "docs" / "daily.md").read_text()
    table = text.partition("<!-- consoles: begin -->\n")[2].partition("<!-- consoles: end -->")[0]
    rows = [f"| `{name}` | `{p.sign_in}` | `{p.console}` |" for name, p in PARTITIONS.items()]
    assert table.splitlines()[2:] == rows
