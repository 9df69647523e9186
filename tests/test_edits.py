"""Line edits: what each one changes, and when it doesn't apply."""

from __future__ import annotations

import json
import pickle

import pytest

from batchlint import edits
from batchlint.findings import Edit, PathParts

A: PathParts = ("a",)
LINE = '{"a": 1.0, "b": {"c": [1, {"d": "x"}]},  "e":2}'


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (edits.replace(A, "[]"), LINE, LINE.replace("1.0", "[]")),
        (edits.replace(("b", "c", 1, "d"), '"y"'), LINE, LINE.replace('"x"', '"y"')),
        (edits.replace(("b", "c", 0), "7"), LINE, LINE.replace("[1,", "[7,")),
        (edits.replace(("b", "c", 2), "7"), LINE, None),
        (edits.replace(("b", "x"), "7"), LINE, None),
        (edits.replace(("x" * 1000,), "7"), LINE, None),
        (edits.replace(A, "2"), '{"a": 1, "a": 1}', '{"a": 1, "a": 2}'),
        (edits.replace(A, "2"), "not JSON", None),
        (edits.swap(A, "x", "é"), '{"a": "\\u0078"}', '{"a": "é"}'),
        (edits.swap(A, "x", "y"), '{"a": "z"}', None),
        (edits.put(A, "2"), '{"a":1}', '{"a":2}'),
        (edits.put(A, "2"), "{}", '{"a": 2}'),
        (edits.insert(A, "2"), '{"b":1}', '{"b":1,"a":2}'),
        (edits.insert(A, "2"), '{"b" : 1 }', '{"b" : 1, "a": 2 }'),
        (edits.insert(A, "2"), '{"a": 1}', None),
        (edits.insert(("b", "c", "x"), "2"), LINE, None),
        (edits.remove(A), '{"a": 1, "b": 2}', '{"b": 2}'),
        (edits.remove(("b",)), '{"a": 1 , "b": 2 }', '{"a": 1  }'),
        (edits.remove(A), '{"a":1,"b":2}', '{"b":2}'),
        (edits.remove(("b",)), '{"a":1,"b":2}', '{"a":1}'),
        (edits.remove(A), '{"a": 1 , "b": 2}', '{"b": 2}'),
        (edits.remove(A), '{ "a": 1 }', "{ }"),
        (edits.remove(("b", "c")), LINE, LINE.replace('"c": [1, {"d": "x"}]', "")),
        (edits.remove(("x",)), LINE, None),
        (edits.remove(()), LINE, None),
        (edits.remove_if_present(A), '{"a": 1}', "{}"),
        (edits.remove_if_present(A), '{"a": 1, "b": 2, "a": 3}', '{"b": 2}'),
        (edits.remove_if_present(("x",)), LINE, LINE),
        (edits.rename(A, "z"), LINE, LINE.replace('"a"', '"z"')),
        (edits.rename(A, "z"), '{"\\u0061"\t: 1}', '{"z"\t: 1}'),
        (edits.rename(A, "z"), '{"a": 1, "b": 2, "a": 3}', '{"z": 1, "b": 2, "z": 3}'),
        (edits.rename(A, "e"), LINE, None),
        (edits.rename(("x",), "y"), LINE, None),
        (edits.move(A, ("b",)), '{"a" : 1.0, "b":{}}', '{"b":{"a" : 1.0}}'),
        (edits.move(A, ("b",)), '{"b":{"c":1},"a":2}', '{"b":{"c":1,"a":2}}'),
        (edits.move(A, ("b",)), '{"a": 1, "b": {"a": 2}}', None),
        (edits.move(A, ("b",)), '{"a": 1, "b": []}', None),
        (edits.move(A, ("b",)), '{"a": 1}', None),
        (edits.wrap(A, "[", "]"), '{"a": 1.50}', '{"a": [1.50]}'),
        (edits.wrap(("x",), "[", "]"), LINE, None),
        (edits.unwrap(("b",)), '{"b": { "c": 1.0, "d":2 }, "e": 3}', '{"c": 1.0, "d":2, "e": 3}'),
        (edits.unwrap(("b",)), '{"b": {}, "e": 3}', '{"e": 3}'),
        (edits.unwrap(("b",)), '{"b": [1]}', None),
        (edits.unquote(A), r'{"a": "{\"b\":\n1.0}"}', '{"a": {"b": 1.0}}'),
        (edits.unquote(A), r'{"a": "[1]"}', None),
        (edits.unquote(A), r'{"a": "{\"b\":"}', None),
        (edits.unquote(A), '{"a": {}}', None),
        (edits.quote(A), '{"a": -17}', '{"a": "-17"}'),
        (edits.quote(A), '{"a": 1.5}', None),
        (edits.require_all(()), '{"properties": {"é": 1}}', '{"properties": {"é": 1}, "required": ["é"]}'),
        (edits.require_all(()), '{"required":[],"properties":{"a":1,"b":2}}', '{"required":["a","b"],"properties":{"a":1,"b":2}}'),
        (edits.require_all(()), '{"properties": 1}', None),
        (edits.require_all(()), "[]", None),
        (edits.REMOVE_BYTE_ORDER_MARK, "\ufeff{}", "{}"),
        (edits.REMOVE_BYTE_ORDER_MARK, "{}\ufeff", None),
        (edits.REMOVE_TRAILING_COMMA, "{} , ", "{}  "),
        (edits.REMOVE_TRAILING_COMMA, "{}", None),
        (edits.REMOVE_TRAILING_COMMA, "{},\x0b", None),
        (edits.REMOVE_INNER_BYTE_ORDER_MARK, "\ufeff{}", "{}"),
        (edits.REMOVE_INNER_BYTE_ORDER_MARK, '\ufeff{"a": NaN},', '{"a": NaN},'),
        (edits.REMOVE_INNER_BYTE_ORDER_MARK, '\ufeff{"a": ', None),
        (edits.REMOVE_INNER_BYTE_ORDER_MARK, "{}", None),
        (edits.REMOVE_TRAILING_COMMA, "{},X", None),
        (edits.REMOVE_LINE, " ", ""),
        (edits.REPLACE_NON_FINITE_WITH_NULL, '{"a":NaN,"b":-Infinity,"c":1e999,"d":"NaN","e":1e9}', '{"a":null,"b":null,"c":null,"d":"NaN","e":1e9}'),
        (edits.REPLACE_NON_FINITE_WITH_NULL, '{"a": NaN', None),
        (edits.REPLACE_NON_FINITE_WITH_NULL, '{"a": 1}', None),
        (edits.REPLACE_NON_FINITE_WITH_NULL, '{"a": 1.2.3, "b": NaN}', None),
        (edits.REPLACE_LONE_SURROGATES, r'{"a": "\ud83d \uD83D\uDE00 \\ud83d \udc00"}', r'{"a": "\ufffd \uD83D\uDE00 \\ud83d \ufffd"}'),
        (edits.REPLACE_LONE_SURROGATES, r'{"a": "\ud83d', None),
        (edits.REPLACE_LONE_SURROGATES, r'{"a": "\ud83d", "b": NaN},', r'{"a": "\ufffd", "b": NaN},'),
    ],
    ids=lambda value: value.change.__name__ if isinstance(value, Edit) else str(value),
)  # fmt: skip
def test_edit_changes_only_its_location(edit: Edit, before: str, after: str | None) -> None:
    assert edit.apply(before) == after


@pytest.mark.parametrize(
    ("before", "paths", "after", "removed"),
    [
        ('{"a": 1 , "b": 2,"c": 3 }', [("a",), ("b",)], '{"c": 3 }', [("a",), ("b",)]),
        ('{"a": 1, "b": 2, "c": 3}', [("c",), ("b",)], '{"a": 1}', [("c",), ("b",)]),
        ('{"a": 1, "b": 2}', [("b",), ("z",), ("a",)], "{}", [("b",), ("a",)]),
        ('{"a": {"b": {}}, "c": 1}', [("a", "b"), ("a",)], '{"c": 1}', [("a", "b"), ("a",)]),
        ('{"a": {"b": 1}, "c": {"d": 2}}', [("a", "b"), ("c",)], '{"a": {}}', [("a", "b"), ("c",)]),
        ('{"a": 1}', [], '{"a": 1}', []),
        ("[", [("a",)], "[", []),
    ],
)
def test_several_fields_are_removed_at_once(
    before: str, paths: list[PathParts], after: str, removed: list[PathParts]
) -> None:
    assert edits.remove_all(before, paths) == (after, removed)


def test_removed_path_is_known_only_for_a_single_removal() -> None:
    assert edits.removed_path((edits.remove(A),)) == A
    assert edits.removed_path((edits.remove_if_present(A),)) is None
    assert edits.removed_path((edits.remove(A), edits.remove(A))) is None
    assert edits.removed_path(()) is None


def test_edits_are_applied_in_order_and_all_or_none() -> None:
    both = [edits.rename(A, "z"), edits.wrap(("z",), "[", "]")]

    assert edits.apply_all('{"a": 1}', both) == '{"z": [1]}'
    assert edits.apply_all('{"a": 1}', [*both, edits.remove(A)]) is None


def test_edit_can_be_pickled_and_compared() -> None:
    edit = edits.rename(A, "z")

    assert pickle.loads(pickle.dumps(edit)) == edit
    assert len({edit, edits.rename(A, "z"), edits.remove(A)}) == 2


@pytest.mark.parametrize("levels", [63, 100, 1023])
def test_line_of_any_depth_is_edited(levels: int) -> None:
    deep = "[" * levels + '"]\\"["' + "]" * levels

    assert (
        edits.remove(A).apply(f'{{"b": {deep}, "a": {deep}, "c": 1}}') == f'{{"b": {deep}, "c": 1}}'
    )


def test_line_with_any_number_of_fields_is_edited() -> None:
    many = ", ".join(f'"k{number}": {number}' for number in range(21_000))

    assert edits.remove(A).apply(f'{{{many}, "a": 1}}') == f"{{{many}}}"


def test_long_keys_are_distinguished() -> None:
    long = "k" * 1000
    text = f'{{"{long}1": 1, "{long}2": 2, "{long}": 3}}'

    assert edits.remove((f"{long}2",)).apply(text) == f'{{"{long}1": 1, "{long}": 3}}'
    assert edits.remove((f"{long}3",)).apply(text) is None


def test_line_with_a_byte_order_mark_is_edited_after_the_mark() -> None:
    assert edits.remove(A).apply('\ufeff {"a": 1, "b": 2}') == '\ufeff {"b": 2}'


def test_object_in_a_string_is_unquoted_unless_the_line_becomes_too_deep() -> None:
    for levels, is_written in ((1023, True), (1024, False)):
        inner = '{"x":' * (levels - 1) + "{}" + "}" * (levels - 1)
        changed = edits.unquote(A).apply('{"a": ' + json.dumps(inner) + "}")

        assert changed == (f'{{"a": {inner}}}' if is_written else None)


def test_fields_set_at_once_change_the_same_as_single_edits() -> None:
    text = '{"a": [{"b": 1, "b": {"x": 1}}, { }, {"p": {"properties": {"q": 1}}}], "d": {"e":[]}}'
    changes = [
        edits.put(("a", 0, "b", "y"), "2"),
        edits.put(("a", 0, "b", "x"), "false"),
        edits.put(("a", 1, "b"), "true"),
        edits.put(("a", 1, "c"), "null"),
        edits.require_all(("a", 2, "p")),
        edits.put(("a", 2, "p", "z"), "1"),
        edits.put(("d", "e"), "[]"),
        edits.put(("d", "e", "f"), "1"),
        edits.put(("z", "f"), "1"),
        edits.require_all(("d",)),
        edits.put(("é",), "{}"),
    ]
    expected = text
    done = []
    for change in changes:
        changed = change.apply(expected) or expected
        done.append(changed != expected)
        expected = changed

    assert all(edits.sets_field((change,)) for change in changes)
    assert edits.set_all(text, changes) == (expected, done)


def test_fields_of_a_replaced_value_are_not_set() -> None:
    changes = [edits.put(("a", "b"), "1"), edits.put(A, "false"), edits.put(("c",), "2")]

    assert edits.set_all('{"a": {}}', changes) == ('{"a": false, "c": 2}', [False, True, True])


def test_all_items_are_wrapped_or_none() -> None:
    text = '{"a": [1, "]",{}], "b": 2}'

    assert edits.wrap_items(A, 3, "<", ">").apply(text) == '{"a": [<1>, <"]">,<{}>], "b": 2}'
    assert edits.wrap_items(A, 0, "<", ">").apply(text) == text
    assert edits.wrap_items(A, 4, "<", ">").apply(text) is None
