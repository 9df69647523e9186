"""Tests of `batchlint.rules`."""

import pytest

pytest.register_assert_rewrite("rules.helpers")
