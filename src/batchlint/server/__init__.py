"""The Batch API's file and batch routes, served on this machine.

`app` is an ASGI application. `batchlint serve` runs it, and a test can call it in its own process.
Uploads and batches get the same checks as in `batchlint check`. The responses are canned. No model
is called.

Raises:
    ModuleNotFoundError: the packages of the extra `batchlint[serve]` are not installed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

#: The packages of the extra `batchlint[serve]`.
_PACKAGES: Final = ("starlette", "uvicorn", "python_multipart")

for _name in _PACKAGES:
    if find_spec(_name) is None:
        raise ModuleNotFoundError(
            f"batchlint serve needs the package {_name!r}; install it with: "
            "pip install 'batchlint[serve]'",
            name=_name,
        )

from .routes import create_app  # noqa: E402 - needs the packages

__all__ = ["app", "create_app"]

#: The application. Its temporary directory is removed when the server or the interpreter ends.
app: Final = create_app()
