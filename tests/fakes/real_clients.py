"""Programs that know nothing of us: each prints the identity that its credentials have."""

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOTO3 = (
    "import boto3; print(boto3.client('sts', region_name='us-east-1').get_caller_identity()['Arn'])"
)
JAVASCRIPT = ROOT / "tests" / "e2e" / "clients" / "javascript"
CLI1 = ROOT / ".venv-awscli" / "bin" / "aws"
QUERY = ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
CLIENTS = {
    "boto3": [sys.executable, "-c", BOTO3],
    "cli1": [str(CLI1), *QUERY],
    "js3": ["node", str(JAVASCRIPT / "identity.mjs")],
}
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="THE JAVASCRIPT CLIENT DID NOT RUN: node is not here"
)
CASES = ["boto3", "cli1", pytest.param("js3", marks=needs_node)]
