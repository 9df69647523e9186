"""The ASGI application, with one route per operation on files and batches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from .. import __version__
from . import errors
from .errors import ApiError
from .files import page
from .outputs import Outputs
from .service import BATCH_PAGE, FILE_PAGE, Service
from .uploads import read_upload

#: The maximum size of a create call in bytes. 16 metadata pairs take at most about 40,000 bytes.
_MAX_BODY_BYTES: Final = 1 << 20

#: Headers of every response, so that nobody mistakes this server for the API.
_HEADERS: Final = {"x-batchlint": f"{__version__}; responses are canned and no model is called"}


class _Json(Response):
    """A JSON response."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200) -> None:
        super().__init__(content, status_code, _HEADERS)

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def create_app(outputs: Outputs | None = None, provider: str = "openai") -> Starlette:
    """Create an application without files and batches.

    Args:
        outputs: results by custom_id, to use instead of canned responses.
        provider: the service whose checks apply. `batchlint provider` lists the services.

    Raises:
        ValueError: there is no such provider.
    """
    service = Service(outputs or {}, provider)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        service.files.open()
        yield
        service.close()

    routes = _Routes(service)
    app = Starlette(
        routes=[
            Route("/", routes.about),
            Route("/v1/files", routes.create_file, methods=["POST"]),
            Route("/v1/files", routes.list_files),
            Route("/v1/files/{file_id}", routes.retrieve_file),
            Route("/v1/files/{file_id}", routes.delete_file, methods=["DELETE"]),
            Route("/v1/files/{file_id}/content", routes.file_content),
            Route("/v1/batches", routes.create_batch, methods=["POST"]),
            Route("/v1/batches", routes.list_batches),
            Route("/v1/batches/{batch_id}", routes.retrieve_batch),
            Route("/v1/batches/{batch_id}/cancel", routes.cancel_batch, methods=["POST"]),
        ],
        exception_handlers={
            ApiError: _api_error,
            ClientDisconnect: _no_client,
            HTTPException: _http_error,
            OSError: _os_error,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # The API doesn't redirect.
    return app


class _Routes:
    """The route handlers. Slow work runs in a thread, one task at a time."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._limiter: CapacityLimiter | None = None

    async def _run(self, function: Any, *args: Any) -> Any:
        if self._limiter is None:  # A limiter is bound to the running event loop.
            self._limiter = CapacityLimiter(1)
        # A thread can't be stopped, so server shutdown doesn't wait for it.
        return await to_thread.run_sync(
            function, *args, abandon_on_cancel=True, limiter=self._limiter
        )

    async def about(self, _request: Request) -> Response:
        return _Json({"name": "batchlint serve", "version": __version__, "answers": "canned"})

    # -- files ------------------------------------------------------------------------------------

    async def create_file(self, request: Request) -> Response:
        service = self._service
        path = service.files.new_path()
        try:
            upload = await read_upload(
                request.headers.get("content-type", ""), request.stream(), path, service.max_bytes
            )
            stored = await self._run(service.create_file, upload, path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return _Json(stored.to_dict())

    async def list_files(self, request: Request) -> Response:
        query = request.query_params
        order = query.get("order", "desc")
        if order not in ("asc", "desc"):
            raise errors.unsupported("order", order, "asc", "desc")
        files = self._service.files.list(query.get("purpose"), order)
        content = page(files, query.get("after"), _limit(query, FILE_PAGE, FILE_PAGE))
        if content is None:
            raise errors.no_such_file(query["after"])
        return _Json(content)

    async def retrieve_file(self, request: Request) -> Response:
        return _Json(self._service.files.get(request.path_params["file_id"]).to_dict())

    async def delete_file(self, request: Request) -> Response:
        file_id = request.path_params["file_id"]
        self._service.files.delete(file_id)
        return _Json({"id": file_id, "object": "file", "deleted": True})

    async def file_content(self, request: Request) -> Response:
        stored = self._service.files.get(request.path_params["file_id"])
        return FileResponse(
            stored.path, 200, _HEADERS, "application/octet-stream", filename=stored.filename
        )

    # -- batches ----------------------------------------------------------------------------------

    async def create_batch(self, request: Request) -> Response:
        params = await _json_body(request)
        batch = await self._run(self._service.create_batch, params)
        return _Json(batch.to_dict())

    async def list_batches(self, request: Request) -> Response:
        query = request.query_params
        limit = _limit(query, *BATCH_PAGE)
        batches = await self._run(self._service.list_batches)
        content = page(batches, query.get("after"), limit)
        if content is None:
            raise errors.no_such_batch(query["after"])
        return _Json(content)

    async def retrieve_batch(self, request: Request) -> Response:
        batch = await self._run(self._service.poll_batch, request.path_params["batch_id"])
        return _Json(batch.to_dict())

    async def cancel_batch(self, request: Request) -> Response:
        batch = await self._run(self._service.cancel_batch, request.path_params["batch_id"])
        return _Json(batch.to_dict())


def _limit(query: Mapping[str, str], default: int, highest: int) -> int:
    """Return the `limit` of a list.

    Raises:
        ApiError: it is not an integer, or out of range.
    """
    text = query.get("limit")
    if text is None:
        return default
    try:
        limit = int(text)
    except ValueError:
        raise errors.not_an_integer("limit") from None
    if not 0 <= limit <= highest:
        raise errors.out_of_range("limit", limit, 0, highest)
    return limit


async def _json_body(request: Request) -> Any:
    """Read and decode the body of a create call.

    Raises:
        ApiError: the body is too large, or not JSON.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise errors.body_too_large()
    try:
        return orjson.loads(body)
    except ValueError:
        raise errors.not_json() from None


async def _api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _Json(error.content, error.status)


async def _no_client(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # Nobody reads it.


async def _http_error(request: Request, error: Exception) -> Response:
    method = request.method
    path = request.url.path
    wrong_method = isinstance(error, HTTPException) and error.status_code == 405
    create_error = errors.wrong_method if wrong_method else errors.unknown_url
    return await _api_error(request, create_error(method, path))


async def _os_error(request: Request, error: Exception) -> Response:
    reason = error.strerror if isinstance(error, OSError) else None
    return await _api_error(request, errors.cannot_store(reason or type(error).__name__))
