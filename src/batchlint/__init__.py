"""Check OpenAI Batch API input files before you upload them.

Example:
    report = batchlint.check("requests.jsonl")
    for error in report.errors:
        print(error.line, error.code, error.param, error.message)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine.check import check, check_create, check_request, iter_errors
    from .findings import BatchError, Fix
    from .fixing import FixReport, fix
    from .many import check_many
    from .parts import check_chunk, finish
    from .report import Report
    from .splitting import Manifest, RepeatedId, SplitPart, UnplacedLine, split
    from .summary import ChunkSummary, merge

__version__ = "0.1.0"

__all__ = [
    "BatchError",
    "ChunkSummary",
    "Fix",
    "FixReport",
    "Manifest",
    "RepeatedId",
    "Report",
    "SplitPart",
    "UnplacedLine",
    "check",
    "check_chunk",
    "check_create",
    "check_many",
    "check_request",
    "finish",
    "fix",
    "iter_errors",
    "merge",
    "split",
]

#: The module of each public name.
_MODULES = {
    "BatchError": "findings",
    "ChunkSummary": "summary",
    "Fix": "findings",
    "FixReport": "fixing",
    "Manifest": "splitting",
    "RepeatedId": "splitting",
    "Report": "report",
    "SplitPart": "splitting",
    "UnplacedLine": "splitting",
    "check": "engine.check",
    "check_chunk": "parts",
    "check_create": "engine.check",
    "check_many": "many",
    "check_request": "engine.check",
    "finish": "parts",
    "fix": "fixing",
    "iter_errors": "engine.check",
    "merge": "summary",
    "openai": "openai",
    "split": "splitting",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that the commit hook starts fast."""
    if name in _MODULES:
        from importlib import import_module

        module = import_module(f"{__name__}.{_MODULES[name]}")
        value = module if name == _MODULES[name] else getattr(module, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
