"""icechunk, on Rust's aws-config: print whether there is a repository in a bucket."""

import os

import icechunk
from repeated import repeat

storage = icechunk.s3_storage(
    bucket="reports",
    prefix="arrays",
    region="us-east-1",
    endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"],
    allow_http=True,
    from_env=True,
    force_path_style=True,
)
repeat(lambda: f"reports: repository {icechunk.Repository.exists(storage)}")
