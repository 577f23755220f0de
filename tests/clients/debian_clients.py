"""What Debian packages, and whose users have had it for years; and what no package here brings."""

from pathlib import Path

from clients import debian_packages
from clients.client import Client
from clients.notes import TOKEN_IN_VARIABLE

PROGRAMS = Path(__file__).with_name("programs")
RUBY = "ruby-aws-sdk-core"
PHP = "php-async-aws-core"
IGNORES_FULL_URI = "this version ignores the full URI"
FULL_URI_CASES = (
    "served",
    "first-call",
    "token-env",
    "token-file",
    "rotated",
    "pending",
    "denied",
    "mid-run",
    "proxy",
)
AWS_CLI = "/usr/bin/aws"
# From 2.13 on it is as the newest: see aws-cli-v2.
OLD_AWS_CLI = (2, 13)


def old_aws_cli_missing():
    """Say why there is no AWS CLI of before 2.13 here, empty where there is one."""
    if reason := debian_packages.missing("awscli"):
        return reason
    installed = debian_packages.version("awscli")
    if tuple(map(int, installed.split(".")[:2])) >= OLD_AWS_CLI:
        return f"Debian's package is {installed} here, which is not an old one"
    return ""


def not_run(name, title, reason):
    """Return a client that is a row with its reason."""
    return Client(name=name, title=title, command=(), missing=reason)


CLIENTS = (
    Client(
        name="aws-cli-v2-2022",
        title=f"AWS CLI v2 of 2022 ({debian_packages.version('awscli')})",
        # It doesn't know AWS_ENDPOINT_URL_STS.
        command=(
            "sh",
            "-c",
            f'exec {AWS_CLI} --endpoint-url "$AWS_ENDPOINT_URL_STS" --region us-east-1 '
            "sts get-caller-identity --query Arn --output text",
        ),
        missing=old_aws_cli_missing(),
        notes=TOKEN_IN_VARIABLE,
    ),
    Client(
        name="ruby",
        title=f"Ruby (aws-sdk-core {debian_packages.version(RUBY)})",
        command=("ruby", str(PROGRAMS / "ruby_identity.rb")),
        repeats=True,
        missing=debian_packages.missing("ruby") or debian_packages.missing(RUBY),
        shows_message=False,
        notes=dict.fromkeys(FULL_URI_CASES, IGNORES_FULL_URI),
    ),
    Client(
        name="php-asyncaws",
        title=f"PHP, AsyncAws (core {debian_packages.version(PHP)})",
        command=("php", str(PROGRAMS / "asyncaws_identity.php")),
        repeats=True,
        missing=debian_packages.missing("php-cli") or debian_packages.missing(PHP),
        shows_message=False,
        unsigned=True,
        notes=dict.fromkeys(FULL_URI_CASES, IGNORES_FULL_URI)
        | {"process": "knows no `credential_process`"},
    ),
    # What they do is read in their sources: ContainerCredentialsProvider, and its like.
    not_run(
        "php",
        "PHP, AWS's SDK (aws-sdk-php)",
        "Debian packages AsyncAws in its place; by its source it takes the URI and both tokens, the "
        "file's first, and waits for a second",
    ),
    not_run(
        "java",
        "Java (aws-sdk-java-v2)",
        "only Maven's repository has it; by its source it takes the URI and both tokens, the "
        "variable's first, waits for a second, and its user reads the message",
    ),
    not_run(
        "dotnet",
        ".NET (aws-sdk-net)",
        "only NuGet has it; by its source it takes the URI and both tokens, the file's first, and "
        "asks five times",
    ),
)
