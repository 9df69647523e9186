"""Run an application until a signal stops it."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import not_local

#: The time to wait for running requests after a signal, in seconds.
_GRACE_SECONDS: Final = 2


def _is_logged(record: logging.LogRecord) -> bool:
    """Return whether to log a record. Omit the tracebacks of requests that shutdown cancels."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


#: The logging configuration. The log, on standard error, contains methods, paths and statuses, but
#: never bodies. Standard output contains only the address.
_LOG: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"logged": {"()": lambda: _is_logged}},
    "formatters": {
        "plain": {"format": "batchlint: %(message)s"},
        "access": {
            "()": "uvicorn.logging.AccessFormatter",
            "fmt": "batchlint: %(request_line)s %(status_code)s",
            "use_colors": False,
        },
    },
    "handlers": {
        "plain": {
            "class": "logging.StreamHandler",
            "filters": ["logged"],
            "formatter": "plain",
            "stream": "ext://sys.stderr",
        },
        "access": {
            "class": "logging.StreamHandler",
            "formatter": "access",
            "stream": "ext://sys.stderr",
        },
    },
    "loggers": {
        "uvicorn.error": {"handlers": ["plain"], "level": "WARNING", "propagate": False},
        "uvicorn.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
    },
}


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Args:
        host: a name or an address of this machine.
        port: the port. 0 chooses a free one.

    Raises:
        OSError: the address can't be used, for example because the port is in use.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (
        UnicodeError
    ):  # The name has an empty label or one of more than 63 characters, or is not valid Unicode.
        raise OSError(errno.EINVAL, "the name is invalid") from None
    return socket.create_server(address[:2], family=family)


def is_loopback(listener: socket.socket) -> bool:
    """Return whether only programs on this machine can connect."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def base_url(listener: socket.socket) -> str:
    """Return the value of `OPENAI_BASE_URL` for clients."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"


class LocalOnly:
    """Middleware that refuses requests to other host names and from web pages on other hosts.

    A web page can send requests to this machine, and can make its domain name resolve to it (DNS
    rebinding). It must not be able to read or write files here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a request, or refuse it with status 403."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            hosts = [f"//{headers.get('host', '')}", *([] if origin is None else [origin])]
            if not all(map(_is_local, hosts)):
                error = not_local()
                await JSONResponse(error.content, error.status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_local(url: str) -> bool:
    """Return whether the host of a URL is this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP, then shut down the application.

    Afterwards, raise the signal again for the previous handler.
    """
    config = uvicorn.Config(
        LocalOnly(app) if is_loopback(listener) else app,
        lifespan="on",
        log_config=_LOG,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ws="none",
    )
    server = uvicorn.Server(config)
    with _stop_on_hangup(server):
        server.run(sockets=[listener])


@contextmanager
def _stop_on_hangup(server: uvicorn.Server) -> Iterator[None]:
    """Stop a server on SIGHUP. uvicorn handles only SIGINT and SIGTERM."""
    number = getattr(signal, "SIGHUP", None)
    if number is None or signal.getsignal(number) is signal.SIG_IGN:  # For example, under `nohup`.
        yield
        return
    received: list[int] = []

    def stop(number: int, _frame: object) -> None:
        received.append(number)
        server.should_exit = True

    previous = signal.signal(number, stop)
    try:
        yield
    finally:
        signal.signal(number, previous)
    if received:
        signal.raise_signal(number)
