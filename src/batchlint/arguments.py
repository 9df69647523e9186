"""Validates the arguments of public functions."""

from __future__ import annotations

import math
import os
import re
import sys
import time
from datetime import datetime
from typing import Any, Final

#: The first second of year 1 and the last second of year 9999, in seconds since the epoch.
_FIRST_SECOND: Final = -62_135_596_800
_LAST_SECOND: Final = 253_402_300_799


def epoch_seconds(now: float | datetime | None) -> int:
    """Convert a time to whole seconds since the epoch.

    Args:
        now: the time. Default: `SOURCE_DATE_EPOCH` if it is a valid number, or else the current
            time.

    Raises:
        TypeError: the time is neither a number nor a datetime.
        ValueError: the time is outside the years 1 to 9999.
    """
    if now is None:
        source_date = os.environ.get("SOURCE_DATE_EPOCH", "")
        return int(source_date) if re.fullmatch("[0-9]{1,11}", source_date) else int(time.time())
    try:
        seconds = now.timestamp() if isinstance(now, datetime) else now
    except (ValueError, OverflowError):  # Near year 1, the platform can't convert local times.
        seconds = math.nan
    if not isinstance(seconds, int | float):
        raise TypeError(f"now must be a number or a datetime, not {type(now).__name__}")
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:  # NaN also fails this comparison.
        raise ValueError(f"now must be in the years 1 to 9999, not {now}")
    return int(seconds)


def check_count(name: str, number: Any) -> None:
    """Check that an argument is a non-negative integer or None.

    Raises:
        TypeError: the argument is not an integer.
        ValueError: the argument is negative.
    """
    if number is None:
        return
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(f"{name} must be an integer, not {type(number).__name__}")
    if number < 0:
        raise ValueError(f"{name} must not be negative")


def check_workers(jobs: Any, executor: Any, start: Any) -> None:
    """Check the arguments that determine where checks run.

    Raises:
        TypeError: `jobs` is not an integer, or `executor` has no `submit` method.
        ValueError: `jobs` is negative, or `start` is neither `spawn` nor `fork`.
    """
    check_count("jobs", jobs)
    if executor is not None and not hasattr(executor, "submit"):
        raise TypeError(f"executor must have a submit method; {type(executor).__name__} has none")
    if start not in ("spawn", "fork"):
        raise ValueError(f"start must be 'spawn' or 'fork', not {start!r}")


def check_seconds(name: str, seconds: Any) -> None:
    """Check that an argument is a positive, finite number of seconds.

    Raises:
        TypeError: the argument is not a number.
        ValueError: the argument is not positive, or not finite.
    """
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise TypeError(f"{name} must be a number, not {type(seconds).__name__}")
    if not 0 < seconds <= sys.float_info.max:  # NaN also fails this comparison.
        raise ValueError(f"{name} must be a positive number of seconds, not {seconds}")
