"""An S3 endpoint that lists one bucket, and remembers how it was asked."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cone_sidecar.clock import SystemClock
from cone_sidecar.simulator.sigv4 import SignedRequest, read_signature, verify

BUCKET = "reports"
LISTING = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Owner><ID>0000</ID><DisplayName>owner</DisplayName></Owner>
  <Buckets>
    <Bucket><Name>{BUCKET}</Name><CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket>
  </Buckets>
</ListAllMyBucketsResult>
"""


class BucketList:
    """Answer each request with the list; whether it was signed well is for the test to say."""

    def __init__(self):
        self.url = ""
        self.requests = []

    def proves(self, credentials):
        """Hold the only request to ``credentials``, as the container endpoint gives them."""
        assert len(self.requests) == 1, self.requests
        request = self.requests[0]
        signature = read_signature(request)
        assert signature.access_key_id == credentials["AccessKeyId"]
        assert signature.session_token == credentials["Token"]
        secret, now = credentials["SecretAccessKey"], SystemClock().now()
        verify(request, signature, secret, service="s3", now=now)


@contextlib.contextmanager
def bucket_list():
    """Serve a bucket list on loopback inside the block."""
    listing = BucketList()

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self):
            path, _, query = self.path.partition("?")
            listing.requests.append(
                SignedRequest("GET", path, query, list(self.headers.items()), b"")
            )
            body = LISTING.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            listing.url = f"http://127.0.0.1:{server.server_port}"
            yield listing
        finally:
            server.shutdown()
            thread.join()
