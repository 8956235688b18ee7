"""A small HTTP server for tests: GET and PUT below a folder, on the loopback."""

import http.server
import pathlib
import threading


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _path(self):
        return self.server.folder / self.path.lstrip("/").replace("..", "")

    def _answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.requests.append(("GET", self.path))
        path = self._path()
        if path.is_file():
            self._answer(200, self.server.alter(self.path, path.read_bytes()))
        else:
            self._answer(404)

    def do_HEAD(self):
        path = self._path()
        self.send_response(200 if path.is_file() else 404)
        self.send_header("Content-Length", str(path.stat().st_size if path.is_file() else 0))
        self.end_headers()

    def do_PUT(self):
        self.server.requests.append(("PUT", self.path))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.keep:
            path = self._path()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        self._answer(self.server.put_status)

    def log_message(self, *_):
        pass


class Server:
    """keep=False: answers 200 to a PUT and keeps nothing, as a captive portal would."""

    def __init__(self, folder, keep=True, put_status=201, alter=lambda path, body: body, port=0):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self.http.folder = pathlib.Path(folder)
        self.http.keep = keep
        self.http.put_status = put_status
        self.http.alter = alter
        self.http.requests = []
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @property
    def requests(self):
        return self.http.requests

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
