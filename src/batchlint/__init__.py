"""Check OpenAI Batch API input files before the upload.

    report = batchlint.check("requests.jsonl")
    for error in report.errors:
        print(error.line, error.code, error.param, error.message)
"""

from .api import check, check_create, check_request
from .findings import BatchError
from .report import Report

__all__ = ["BatchError", "Report", "check", "check_create", "check_request"]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - importing the package stays cheap

        return version("batchlint")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
