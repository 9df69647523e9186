"""The rules that have fixes, listed independently of the package."""

from __future__ import annotations

from typing import Final

#: The rules whose problems have a fix. Some have one only for some of their problems.
FIXABLE: Final = {
    "blank_line",
    "byte_order_mark",
    "deprecated_parameter",
    "duplicate_custom_id",
    "empty_custom_id",
    "invalid_body",
    "invalid_custom_id",
    "invalid_function_parameters",
    "invalid_json_line",
    "invalid_json_schema",
    "invalid_method",
    "invalid_url",
    "lone_surrogate",
    "max_tokens_twice",
    "missing_line_member",
    "model_shutdown",
    "moved_parameter",
    "not_a_batch_file",
    "not_a_number",
    "not_utf8",
    "stream_options_without_stream",
    "streaming_unsupported",
    "unknown_line_member",
    "unknown_parameter",
    "unrecognized_argument",
    "unsupported_parameter",
}
