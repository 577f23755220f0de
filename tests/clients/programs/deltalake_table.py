"""deltalake, on object_store: print whether there is a table in a bucket."""

import os

from deltalake import DeltaTable
from repeated import repeat

options = {
    "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL_S3"],
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}
repeat(lambda: f"reports: table {DeltaTable.is_deltatable('s3://reports/table', options)}")
