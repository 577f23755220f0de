"""An app that runs on: one session of boto3, and a call after the other, whatever the last one came to."""

import sys
import time

import boto3
import botocore.exceptions

session = boto3.Session()
while True:
    try:
        print("identity", session.client("sts").get_caller_identity()["Arn"], flush=True)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        print("error", error, flush=True)
    time.sleep(float(sys.argv[1]))
