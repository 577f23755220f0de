"""The cases: what each client is put through, and the cell that comes of it."""

import contextlib
import re
import socket
import threading
from dataclasses import replace
from urllib.parse import urlsplit

from clients.cell import YES, Cell, duration, explained, works
from clients.refusal import DENIAL, MACHINE, PROCESS, refusal
from clients.terminal import new_terminal
from clients.world import GRANTED_PROFILE, TOKEN, TOKEN_FILE, URI

RELATIVE_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
BUNDLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
# What the original's words say of a request.
CHECK = re.compile(r"Check status: cone task get \d+")
# Where a machine keeps whom it trusts, for all of its programs.
MACHINES_OWN = ("SSL_CERT_DIR", "CURL_CA_BUNDLE", "NIX_SSL_CERT_FILE")
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")


def served(world, client):
    """As ``cone aws env`` says."""
    return works(client, "served", world.run(client, world.sidecar_environment(GRANTED_PROFILE)))


def first_call(world, client):
    """Nothing is granted yet, and machines decide within three seconds: the call waits for that."""
    role = f"{MACHINE}-{client.name}"
    ended = world.run(client, world.sidecar_environment(f"p-{role}"), role=role)
    return works(client, "first-call", ended)


def process(world, client):
    """The profile that ``cone aws setup`` wrote, without a sidecar."""
    environment = world.environment | {"AWS_PROFILE": GRANTED_PROFILE, "AWS_REGION": "us-east-1"}
    return works(client, "process", world.run(client, environment))


def process_pending(world, client):
    """Somebody has to approve, and the profile's process says so: who reads it?"""
    profile = {"AWS_PROFILE": f"p-{PROCESS}-{client.name}", "AWS_REGION": "us-east-1"}
    environment = world.environment | profile | {"AWS_EC2_METADATA_DISABLED": "true"}
    with new_terminal() as terminal:
        started = replace(client, command=terminal.command(client.command))
        ended = world.run(started, environment)
    told, shown = CHECK.search(ended.shown), CHECK.search(terminal.shown())
    why = f"{explained(ended)}\non the terminal: {terminal.shown()}"
    if reason := client.notes.get("process", ""):
        return Cell(f"no: {reason}", not (told or shown), why)
    text = "its user is told" if told else "its terminal tells"
    if ended.unsigned:
        text += ", goes on unsigned"
    failed = ended.proved == 0 and ended.code is not None
    return Cell(text, failed and bool(told or shown) and ended.unsigned == client.unsigned, why)


def relative(asking, tokenless, client):
    """The sidecar is 169.254.170.2, as in a compose network: one that asks for a token, else one without."""
    ended = asking.do(_run_beside, asking.world, client)
    if not ended.succeeded() and tokenless.do(_run_beside, tokenless.world, client).succeeded():
        return Cell("with `--no-token`")
    return works(client, "relative", ended)


def _run_beside(world, client):
    environment = world.sidecar_environment(GRANTED_PROFILE)
    assert RELATIVE_URI in environment
    assert URI not in environment
    return world.run(client, environment)


def token_env(world, client):
    """The token in a variable alone."""
    environment = without(world.sidecar_environment(GRANTED_PROFILE), TOKEN_FILE)
    return works(client, "token-env", world.run(client, environment))


def token_file(world, client):
    """The token in a file alone."""
    environment = without(world.sidecar_environment(GRANTED_PROFILE), TOKEN)
    return works(client, "token-file", world.run(client, environment))


def denied(world, client):
    """The policy denies it."""
    return refusal(world, client, DENIAL).cell(client, "denied")


def down(world, client):
    """Nobody listens there."""
    environment = world.sidecar_environment(GRANTED_PROFILE)
    parts = urlsplit(environment[URI])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = parts._replace(netloc=f"127.0.0.1:{taken.getsockname()[1]}").geturl()
    ended = world.run(client, environment | {URI: nobody})
    if ended.proved or (ended.code == 0 and not ended.unsigned):
        return Cell("served", right=False, why=explained(ended))
    how = "goes on unsigned" if ended.unsigned else "fails"
    if ended.code is None:
        how = "goes on trying"
    right = ended.unsigned == client.unsigned
    return Cell(f"{how}, {duration(ended.seconds)}", right, explained(ended))


def rotated(world, client):
    """The sidecar's token is replaced between two calls, and later the old one counts no more."""
    environment = world.sidecar_environment(GRANTED_PROFILE)
    assert world.run(client, environment).succeeded() or "rotated" in client.notes
    world.rotate()
    ended = world.run(client, environment)
    if not ended.succeeded():
        return works(client, "rotated", ended)
    world.outlast(environment[TOKEN])
    ended = world.run(client, environment)
    if ended.succeeded():
        return works(client, "rotated", ended)
    cell = works(client, "rotated", ended)
    return Cell(cell.text.replace("no", "for the grace time", 1), cell.right, cell.why)


def proxy(world, client):
    """A proxy that is set for everything else sees nothing."""
    environment = world.sidecar_environment(GRANTED_PROFILE)
    with listener() as (url, seen):
        ended = world.run(client, environment | dict.fromkeys(PROXIES, url))
    # Who doesn't ask the sidecar may ask a machine's own metadata by way of the proxy.
    if seen and "proxy" not in client.notes:
        return Cell("asks the proxy", right=False, why=explained(ended))
    return works(client, "proxy", ended)


def trusting(world, authority, variable, client):
    """The sidecar's certificate is of a private authority, which one variable names."""
    environment = without(world.sidecar_environment(GRANTED_PROFILE), *BUNDLES, *MACHINES_OWN)
    ended = world.run(client, environment | {variable: str(authority)})
    # Whichever it is: nobody promises anything of it.
    return Cell(YES if ended.succeeded() else "no", why=explained(ended))


def without(environment, *names):
    """Return the environment without some variables: unset, not emptied."""
    return {name: value for name, value in environment.items() if name not in names}


@contextlib.contextmanager
def listener():
    """Listen, and note who comes; everybody is turned away."""
    seen = []

    def turn_away(server):
        while True:
            try:
                connection, peer = server.accept()
            except OSError:
                return
            seen.append(peer)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=turn_away, args=(server,), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", seen
        server.shutdown(socket.SHUT_RDWR)


# Of the page, in this order; what isn't here has a module of its own.
CASES = {
    "served": served,
    "first-call": first_call,
    "process": process,
    "process-pending": process_pending,
    "token-env": token_env,
    "token-file": token_file,
    "denied": denied,
    "down": down,
    "proxy": proxy,
}
