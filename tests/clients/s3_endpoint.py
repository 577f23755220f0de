"""An S3 endpoint that answers only what is signed with credentials that the sidecar gave out."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cone_sidecar.clock import SystemClock, parse_timestamp
from cone_sidecar.simulator.sigv4 import SignatureRefused, SignedRequest, read_signature, verify
from fakes.bucket_list import BUCKET, LISTING

OBJECTS = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>{BUCKET}</Name><Prefix></Prefix><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys>
  <IsTruncated>false</IsTruncated>
</ListBucketResult>
"""
NO_OBJECT = "<Error><Code>NoSuchKey</Code><Message>no such object</Message></Error>"
REFUSED = "<Error><Code>{}</Code><Message>{}</Message></Error>"
UNSIGNED = "MissingAuthenticationToken"


class GivenOut:
    """The secrets of one profile's credentials, remembered for as long as a client may use them.

    ``ask`` returns what the sidecar answers for the profile; ``folder`` is where ``cone`` keeps them.
    """

    def __init__(self, profile, ask, folder):
        self._profile = profile
        self._ask = ask
        self._folder = folder
        self._known = {}

    def find(self, access_key_id):
        """Return secret and session token of these credentials.

        Raises:
            SignatureRefused: There are none of this id, or they have ended.
        """
        for look in (self._kept, self.look):
            if access_key_id not in self._known:
                look()
        if access_key_id not in self._known:
            raise SignatureRefused("InvalidAccessKeyId", "nobody gave this out")
        secret, token, ends = self._known[access_key_id]
        if ends <= SystemClock().now():
            raise SignatureRefused("ExpiredToken", "these have ended")
        return secret, token

    def look(self):
        """Learn what the sidecar gives out now."""
        self._remember(self._ask(self._profile))

    def _kept(self):
        for path in self._folder.glob(f"{self._profile}-*.credentials"):
            lines = path.read_text().splitlines()
            self._remember(json.loads(next(line for line in lines if line.startswith("{"))))

    def _remember(self, document):
        if key := document.get("AccessKeyId"):
            token = document.get("Token") or document["SessionToken"]
            ends = parse_timestamp(document["Expiration"])
            self._known[key] = document["SecretAccessKey"], token, ends


class S3Endpoint:
    """What was asked here."""

    def __init__(self, given_out):
        self.url = ""
        self.proved = 0
        self.refused = []
        self._given_out = given_out

    def check(self, request):
        """Hold a request to its signature, and remember whose it was or why it was refused."""
        try:
            signature = read_signature(request)
            secret, token = self._given_out.find(signature.access_key_id)
            if signature.session_token != token:
                raise SignatureRefused("InvalidToken", "another session's token")
            now = SystemClock().now()
            verify(request, signature, secret, service="s3", now=now)
        except SignatureRefused as refused:
            self.refused.append(refused.code)
            return 403, REFUSED.format(refused.code, refused.message)
        self.proved += 1
        bucket, _, key = request.path.strip("/").partition("/")
        if not bucket:
            return 200, LISTING
        return (404, NO_OBJECT) if key else (200, OBJECTS)

    @property
    def unsigned(self):
        """Tell whether somebody went on without credentials."""
        return UNSIGNED in self.refused


@contextlib.contextmanager
def s3_endpoint(given_out):
    """Serve on loopback inside the block."""
    endpoint = S3Endpoint(given_out)

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path, _, query = self.path.partition("?")
            request = SignedRequest(self.command, path, query, list(self.headers.items()), b"")
            status, text = endpoint.check(request)
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 -- the base class's name

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            endpoint.url = f"http://127.0.0.1:{server.server_port}"
            yield endpoint
        finally:
            server.shutdown()
            thread.join()
