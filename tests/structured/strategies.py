"""Hypothesis strategies for any JSON, and for values that look like JSON Schemas."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from batchlint.structured import subset

#: Keywords of JSON Schema, and the fields around schemas in a request.
KEYWORDS = sorted(
    {
        *Draft202012Validator.VALIDATORS,
        *subset._REJECTED_KEYWORDS,
        *subset._UNCERTAIN_KEYWORDS,
        *subset.NOT_FOR_FINE_TUNED,
        "$comment",
        "$defs",
        "$schema",
        "additionalItems",
        "const",
        "definitions",
        "deprecated",
        "description",
        "else",
        "examples",
        "format",
        "function",
        "json_schema",
        "maxContains",
        "minContains",
        "name",
        "parameters",
        "readOnly",
        "schema",
        "strict",
        "then",
        "title",
        "type",
        "writeOnly",
        "x",
    }
)

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [
            "object",
            "array",
            "string",
            "#",
            "#/$defs/x",
            "#/$defs/y",
            "function",
            "json_schema",
            "(",
            "",
        ]
    )
    | st.text(max_size=5)
)

JSON: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYWORDS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)

SCHEMAS = st.dictionaries(st.sampled_from(KEYWORDS), JSON, max_size=6)
