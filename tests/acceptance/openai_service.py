"""A local service with the two routes needed to create a batch."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Service:
    """The service's responses, and the requests that it has received.

    Attributes:
        url: the client's `base_url`.
        paths: the paths of the requests, in order.
        uploads: the file name, purpose and contents of each `POST /v1/files`.
        creates: the body of each `POST /v1/batches`.
    """

    url: str = ""
    paths: list[str] = field(default_factory=list)
    uploads: list[tuple[str | None, str, bytes]] = field(default_factory=list)
    creates: list[dict[str, Any]] = field(default_factory=list)

    def respond(self, path: str, content_type: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Return the status and body of the response to a POST request."""
        self.paths.append(path)
        if path == "/v1/files":
            parts = _parts(content_type, body)
            file = parts["file"]
            data, purpose = _bytes(file), _bytes(parts["purpose"]).decode()
            self.uploads.append((file.get_filename(), purpose, data))
            return 200, {
                "id": f"file-{len(self.uploads)}",
                "object": "file",
                "bytes": len(data),
                "created_at": 1,
                "filename": file.get_filename(),
                "purpose": purpose,
                "status": "processed",
            }
        if path == "/v1/batches":
            params = json.loads(body)
            self.creates.append(params)
            return 200, {
                "id": f"batch_{len(self.creates)}",
                "object": "batch",
                "status": "validating",
                "created_at": 1,
                "metadata": None,
                **params,
            }
        return 404, {
            "error": {
                "message": "Invalid URL",
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            }
        }


def _parts(content_type: str, body: bytes) -> dict[str, Message]:
    """Return the parts of a multipart body, by name."""
    message = BytesParser().parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    assert message.is_multipart()
    return {
        str(part.get_param("name", header="content-disposition")): part
        for part in message.get_payload()
        if isinstance(part, Message)
    }


def _bytes(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


@contextmanager
def serving() -> Iterator[Service]:
    """Run the service until the block ends."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self._body()
            status, response = service.respond(self.path, self.headers["Content-Type"], body)
            data = json.dumps(response).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _body(self) -> bytes:
            if "Content-Length" in self.headers:
                return self.rfile.read(int(self.headers["Content-Length"]))
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
