"""Tests of `batchlint.structured`."""

import pytest

pytest.register_assert_rewrite("structured.helpers")
