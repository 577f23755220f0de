"""obstore, on object_store: print how many objects a bucket holds."""

import os

from obstore.store import S3Store
from repeated import repeat

store = S3Store(
    "reports",
    region="us-east-1",
    endpoint=os.environ["AWS_ENDPOINT_URL_S3"],
    client_options={"allow_http": True},
    virtual_hosted_style_request=False,
)
repeat(lambda: f"reports: {sum(len(page) for page in store.list())} objects")
