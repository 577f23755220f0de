"""A web server that serves one page, as an attacker's would."""

import contextlib
import http.server
import threading

HEADERS = {"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "unsafe-url"}


@contextlib.contextmanager
def serving_page(text):
    """Serve ``text`` at every path of a free port, which is given."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            """Serve the page."""
            body = text.encode()
            self.send_response(200)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
