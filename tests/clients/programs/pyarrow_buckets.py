"""pyarrow, on the C++ SDK: print the buckets."""

import os

from pyarrow import fs
from repeated import repeat

scheme, _, host = os.environ["AWS_ENDPOINT_URL_S3"].partition("://")
s3 = fs.S3FileSystem(region="us-east-1", endpoint_override=host, scheme=scheme)
repeat(lambda: " ".join(found.path for found in s3.get_file_info(fs.FileSelector(""))))
