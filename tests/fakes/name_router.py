"""An HTTPS proxy that leads public host names to servers on this machine."""

import contextlib
import socket
import threading
from socketserver import StreamRequestHandler, ThreadingTCPServer

LIMIT_S = 60
CHUNK = 65536


class NameRouter:
    """Where each name leads, and the names that somebody asked for in vain."""

    def __init__(self):
        self.ports = {}
        self.unknown = []
        self.url = ""


@contextlib.contextmanager
def name_router():
    """Serve as a proxy inside the block."""
    router = NameRouter()

    class Handler(StreamRequestHandler):
        """One CONNECT."""

        def handle(self):
            method, authority, _ = self.rfile.readline().decode().split()
            while self.rfile.readline().strip():
                pass
            host = authority.rpartition(":")[0]
            if method != "CONNECT" or host not in router.ports:
                router.unknown.append(authority)
                self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                return
            target = ("127.0.0.1", router.ports[host])
            with socket.create_connection(target, timeout=LIMIT_S) as far:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(far, self.connection))
                back.start()
                pump(self.connection, far)
                back.join()

    class Server(ThreadingTCPServer):
        """Give each connection a thread, and wait for none of them."""

        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            router.url = f"http://127.0.0.1:{server.server_address[1]}"
            yield router
        finally:
            server.shutdown()
            thread.join()


def pump(source, target):
    """Pass on what comes, until nothing comes any more."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
