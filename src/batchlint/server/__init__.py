"""The file and batch routes of the Batch API, served on this machine.

`app` is an ASGI application. `batchlint serve` runs it; a test can also call it in the same
process. Uploads and batches get the same checks as in `batchlint check`. The answers are canned: no
model is called.

Raises:
    ModuleNotFoundError: the packages of the extra `batchlint[serve]` are not installed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

#: The packages of the extra `batchlint[serve]`.
_NEEDED: Final = ("starlette", "uvicorn", "python_multipart")

for _name in _NEEDED:
    if find_spec(_name) is None:
        raise ModuleNotFoundError(
            f"batchlint serve needs the package {_name!r}; install it with: "
            "pip install 'batchlint[serve]'",
            name=_name,
        )

from .routes import create_app  # noqa: E402 - only after the check for its packages

__all__ = ["app", "create_app"]

#: The application. Its temporary directory is removed when the server or the interpreter ends.
app: Final = create_app()
