"""Run the server in a separate process."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def serving(directory: Path, *args: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a server that keeps its temporary files in a directory.

    Yields:
        Its base URL and its process.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "batchlint", "serve", "--port", "0", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(directory)},
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def stop(process: subprocess.Popen[str]) -> str:
    """Stop a server, and return its log."""
    process.terminate()
    _, err = process.communicate(timeout=30)
    return err


def upload_without_client(url: str, contents: bytes) -> Any:
    """Upload a file without the official client, and return the File object."""
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n',
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n',
        contents,
        b"\r\n--x--\r\n",
    ]
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(url + "/files", b"".join(parts), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
