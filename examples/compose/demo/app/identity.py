"""Print who AWS says this is, asked by boto3 and by the AWS CLI; ``--stay`` goes on as a server does."""

import pathlib
import signal
import subprocess
import sys

import boto3
import botocore.exceptions

try:
    identity = boto3.client("sts").get_caller_identity()["Arn"]
except botocore.exceptions.BotoCoreError as error:
    sys.exit(f"boto3:   {error}")
print("boto3:  ", identity, flush=True)

aws = ["aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
answer = subprocess.run(aws, check=False, stdout=subprocess.PIPE, text=True)
if answer.returncode:
    sys.exit(answer.returncode)
print("AWS CLI:", answer.stdout.strip(), flush=True)

if "--stay" in sys.argv:
    pathlib.Path("/tmp/identity").write_text(identity)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.pause()
