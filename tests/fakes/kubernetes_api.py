"""An API server of Kubernetes that knows Events and one pod, on real TLS, and fails as a test tells it to."""

import contextlib
import http.server
import json
import re
import ssl
import threading
import urllib.parse
from dataclasses import dataclass, field

from fakes.certificate import write_signed_certificate

EVENTS = re.compile(r"/api/v1/namespaces/([a-z0-9-]+)/events(?:/([a-z0-9.-]+))?")
TYPES = {"POST": "application/json", "PATCH": "application/merge-patch+json"}
SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
HANG = 0
TRICKLE = 1
TRICKLE_EVERY_S = 0.05
# What kubectl asks before anything else.
RESOURCES = [
    {"name": name, "singularName": "", "namespaced": True, "kind": kind, "verbs": ["get", "list"]}
    for name, kind in (("events", "Event"), ("pods", "Pod"))
]
DISCOVERY = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": RESOURCES},
}
LIMIT_S = 60


@dataclass
class KubernetesApi:
    """What the server holds, and what it is to answer next.

    ``failures`` are (status, headers) for the next requests, ``always`` for all others; HANG gives
    no answer, TRICKLE one without end.
    """

    tokens: set
    events: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    bearers: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    always: tuple | None = None
    pod: dict | None = None
    port: int = 0
    authority: object = None
    released: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def until(self, reason, told=""):
        """Wait for an Event of this reason whose message has ``told``, and return it."""

        def found():
            return next(
                (e for e in self.events.values() if e["reason"] == reason and told in e["message"]),
                None,
            )

        with self.changed:
            assert self.changed.wait_for(found, LIMIT_S), f"no {reason}: {self.events}"
            return dict(found())

    def until_asked(self, count):
        """Wait until so many requests have come, answered or not."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.bearers) >= count, LIMIT_S), self.asked

    def answer(self, method, path, headers, body):
        """Return status, headers and body for a request."""
        bearer = headers.get("Authorization", "")
        with self.changed:
            self.bearers.append(bearer)
            self.changed.notify_all()
        failure = self.failures.pop(0) if self.failures else self.always
        if failure:
            if failure[0] == HANG:
                self.released.wait(LIMIT_S)
            return failure[0] or 503, failure[1], status(failure[0], "as the test wants it")
        if bearer not in {f"Bearer {token}" for token in self.tokens}:
            return 401, {}, status(401, "Unauthorized")
        if method == "GET":
            return self._read(urllib.parse.urlsplit(path))
        match = EVENTS.fullmatch(path)
        if match is None or (method == "POST") == bool(match[2]):
            return 404, {}, status(404, "the server could not find the requested resource")
        if headers.get("Content-Type") != TYPES[method]:
            return 415, {}, status(415, "the body of the request was in an unknown format")
        sent = json.loads(body)
        # Whoever waits for Events looks through them.
        with self.changed:
            return self._create(match[1], sent) if method == "POST" else self._patch(match[2], sent)

    def _read(self, url):
        """Answer what ``kubectl describe pod`` asks."""
        if url.path in DISCOVERY:
            return 200, {}, DISCOVERY[url.path]
        namespace, name = (self.pod["metadata"][key] for key in ("namespace", "name"))
        if url.path == f"/api/v1/namespaces/{namespace}/pods/{name}":
            return 200, {}, self.pod
        if url.path != f"/api/v1/namespaces/{namespace}/events":
            return 404, {}, status(404, "the server could not find the requested resource")
        selector = urllib.parse.parse_qs(url.query)["fieldSelector"][0]
        wanted = dict(
            each.removeprefix("involvedObject.").split("=") for each in selector.split(",")
        )
        items = [
            each
            for each in self.events.values()
            if wanted.items() <= each["involvedObject"].items()
        ]
        return 200, {}, {"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": items}

    def _create(self, namespace, event):
        name = event["metadata"]["name"]
        there = {event["metadata"]["namespace"], event["involvedObject"]["namespace"]}
        if (event["apiVersion"], event["kind"]) != ("v1", "Event") or there != {namespace}:
            return 422, {}, status(422, "does not match event.namespace")
        if not SUBDOMAIN.fullmatch(name) or len(name) > 253:
            return 422, {}, status(422, "metadata.name: Invalid value")
        if name in self.events:
            return 409, {}, status(409, f'events "{name}" already exists')
        self.events[name] = event
        return 201, {}, event

    def _patch(self, name, changes):
        if name not in self.events:
            return 404, {}, status(404, f'events "{name}" not found')
        self.events[name] = self.events[name] | changes
        return 200, {}, self.events[name]


def status(code, message):
    """Return a Status as the body of a refusal."""
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message} | {
        "code": code
    }


@contextlib.contextmanager
def kubernetes_api(folder, *tokens):
    """Serve on 127.0.0.1 inside the block; the certificate's authority is ``authority`` of what is given."""
    api = KubernetesApi(set(tokens))
    api.authority, certificate, key = write_signed_certificate(folder)

    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            code, headers, content = api.answer(self.command, self.path, self.headers, body)
            with contextlib.suppress(OSError):
                while code == TRICKLE and not api.released.wait(TRICKLE_EVERY_S):
                    self.wfile.write(b"H")
                self.send_response(code)
                encoded = json.dumps(content).encode()
                length = str(len(encoded))
                sent = {"Content-Type": "application/json", "Content-Length": length} | headers
                for name, value in sent.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(encoded)
            with api.changed:
                api.asked.append((self.command, self.path, code))
                api.changed.notify_all()

        do_POST = do_PATCH = do_GET = _answer  # noqa: N815 -- the standard library calls them so

        def log_message(self, *_):
            """Say nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.context = context
    api.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Server(http.server.ThreadingHTTPServer):
    """Speak TLS in each connection's own thread: one that isn't wanted stops no other."""

    daemon_threads = True
    context = None

    def finish_request(self, request, client_address):
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as s:
            super().finish_request(s, client_address)

    def handle_error(self, request, client_address):
        """Say nothing: clients go away."""


def write_service_account(folder, token, authority, namespace="shops"):
    """Write the files that a kubelet mounts; returns their directory."""
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_bytes(authority.read_bytes())
    (folder / "namespace").write_text(namespace)
    return folder
