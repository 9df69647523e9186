"""Three clients with the same interface: the official Python and Node clients, and curl."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

import pytest
from openai import APIStatusError, OpenAI

DIRECTORY: Final = Path(__file__).parent

#: The npm packages, and the command that installs them.
PACKAGES: Final = "tests/clients/node_modules (npm ci --prefix tests/clients)"


class ResponseError(Exception):
    """The server responded with an error.

    Attributes:
        status: the HTTP status.
        code: the `code` of the API's error object.
        param: its `param`.
        message: its `message`.
    """

    def __init__(self, status: int, error: Any) -> None:
        super().__init__(status, error)
        self.status = status
        self.code = error["code"]
        self.param = error["param"]
        self.message = error["message"]


class Client(Protocol):
    """A client. Each call returns decoded JSON, or raises `ResponseError`."""

    def call(self, call: str, *args: Any) -> Any:
        """Make a call.

        Args:
            call: a name from this list. `batches.pages` returns a list of batches per page.
                `files.create`: path, purpose
                `files.retrieve`, `files.content`, `files.delete`: ID
                `batches.create`: parameters
                `batches.retrieve`, `batches.cancel`: ID
                `batches.pages`: limit
            args: the arguments in the order of this list.
        """

    def close(self) -> None:
        """Release the client's resources."""


def skip_without(requirement: str, *, required_in_ci: bool = False) -> NoReturn:
    """Skip the test. In CI, fail if the requirement is expected there."""
    if required_in_ci and os.environ.get("CI") == "true":
        pytest.fail(f"not installed: {requirement}")
    pytest.skip(f"not installed: {requirement}")


class PythonClient:
    """The official Python client."""

    def __init__(self, url: str) -> None:
        self._client = OpenAI(base_url=url, api_key="unused", max_retries=0)

    def call(self, call: str, *args: Any) -> Any:
        """See `Client`."""
        try:
            return self._call(call, *args)
        except APIStatusError as error:
            raise ResponseError(error.status_code, error.body) from None

    def _call(self, call: str, *args: Any) -> Any:
        files = self._client.files
        batches = self._client.batches
        match call, args:
            case "files.create", (path, purpose):
                with Path(path).open("rb") as file:
                    return files.create(file=file, purpose=purpose).to_dict()
            case "files.content", (file_id,):
                return files.content(file_id).text
            case "batches.create", (params,):
                return batches.create(**params).to_dict()
            case "batches.pages", (limit,):
                pages = batches.list(limit=limit).iter_pages()
                return [[batch.to_dict() for batch in page.data] for page in pages]
        resource, _, method = call.partition(".")
        return getattr(getattr(self._client, resource), method)(*args).to_dict()

    def close(self) -> None:
        """See `Client`."""
        self._client.close()


class NodeClient:
    """The official Node client, in a process that runs `client.mjs`."""

    def __init__(self, url: str) -> None:
        node = shutil.which("node") or skip_without("node")
        if not (DIRECTORY / "node_modules").is_dir():
            skip_without(PACKAGES, required_in_ci=True)
        self._process = subprocess.Popen(
            [node, DIRECTORY / "client.mjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "unused"},
        )

    def call(self, call: str, *args: Any) -> Any:
        """See `Client`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"call": call, "args": args}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "status" in answer:
            raise ResponseError(answer["status"], answer)
        return answer["value"]

    def close(self) -> None:
        """See `Client`."""
        self._process.communicate(timeout=30)


class Curl:
    """The `curl` command."""

    def __init__(self, url: str) -> None:
        self._curl = shutil.which("curl") or skip_without("curl")
        self._url = url

    def call(self, call: str, *args: Any) -> Any:
        """See `Client`."""
        match call, args:
            case "files.create", (path, purpose):
                return self._json("/files", "-F", f"purpose={purpose}", "-F", f"file=@{path}")
            case "files.retrieve", (file_id,):
                return self._json(f"/files/{file_id}")
            case "files.delete", (file_id,):
                return self._json(f"/files/{file_id}", "-X", "DELETE")
            case "files.content", (file_id,):
                return self._text(f"/files/{file_id}/content")
            case "batches.create", (params,):
                return self._json("/batches", "--json", json.dumps(params))
            case "batches.retrieve", (batch_id,):
                return self._json(f"/batches/{batch_id}")
            case "batches.cancel", (batch_id,):
                return self._json(f"/batches/{batch_id}/cancel", "-X", "POST")
            case "batches.pages", (limit,):
                return self._pages(limit)
        raise AssertionError(call)

    def _pages(self, limit: int) -> list[Any]:
        page = self._json(f"/batches?limit={limit}")
        pages = [page["data"]]
        while page["has_more"]:
            page = self._json(f"/batches?limit={limit}&after={page['last_id']}")
            pages.append(page["data"])
        return pages

    def _json(self, path: str, *args: str) -> Any:
        return json.loads(self._text(path, *args))

    def _text(self, path: str, *args: str) -> str:
        completed = subprocess.run(
            [self._curl, "-sS", "-w", "\n%{http_code}", self._url + path, *args],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        text, _, status = completed.stdout.rpartition("\n")
        if int(status) >= 400:
            raise ResponseError(int(status), json.loads(text)["error"])
        return text

    def close(self) -> None:
        """See `Client`."""


CLIENTS: Final[dict[str, type[PythonClient | NodeClient | Curl]]] = {
    "python": PythonClient,
    "node": NodeClient,
    "curl": Curl,
}
