"""Findings about many files as a data frame."""

from __future__ import annotations

from typing import Any

import pytest

from batchlint import check

pytestmark = [pytest.mark.clusters, pytest.mark.filterwarnings("default")]


def test_data_frame_recipe_has_a_row_per_finding(recipes: dict[str, Any], paths: list[str]) -> None:
    frame = recipes["findings_frame"](paths)

    assert list(frame.columns) == list(check(paths[3]).rows()[0])
    assert frame["path"].to_list() == [paths[3]]
    assert recipes["worst_files"](frame).to_dict() == {(paths[3], "unknown_parameter"): 1}
