"""boto3: print who STS says we are."""

import boto3
from repeated import repeat

sts = boto3.client("sts", region_name="us-east-1")
repeat(lambda: sts.get_caller_identity()["Arn"])
