"""The `junit` format: a JUnit test report, which most CI services read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from ..findings import BatchError, count_by_severity
from ..phrasing import escape_document
from . import Options
from .result import FileResult
from .wording import format_location, label, summary

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(files: Iterable[FileResult], _options: Options) -> Iterator[str]:
    """Yield one document, with one test suite per file.

    An error is a failed case. A warning is a passed case with output. A file without findings is
    one passed case. A file that can't be read is a case with an error.
    """
    root = ET.Element("testsuites", name="batchlint")
    root.extend([_suite(file) for file in files])  # `extend` would hide a generator's exceptions.
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ET.indent(root)
    document = escape_document(ET.tostring(root, encoding="unicode"), _reference)
    yield f'<?xml version="1.0" encoding="utf-8"?>\n{document}\n'


def _reference(character: str) -> str:
    return f"&#x{ord(character):x};"


def _suite(file: FileResult) -> ET.Element:
    suite = ET.Element("testsuite", name=_xml_safe(file.path))
    if file.report is None:
        case = ET.SubElement(suite, "testcase", name="readable", classname=_xml_safe(file.path))
        ET.SubElement(case, "error", type="unreadable_file", message=_xml_safe(file.error or ""))
    else:
        errors, warnings = count_by_severity(file.report.counts)
        properties = ET.SubElement(suite, "properties")
        for name, value in (
            ("requests", file.report.total),
            ("errors", errors),
            ("warnings", warnings),
        ):
            ET.SubElement(properties, "property", name=name, value=str(value))
        for error in sorted([*file.report.errors, *file.report.warnings]):
            _case(suite, file.path, error)
        if not errors + warnings:
            ET.SubElement(suite, "testcase", name="no errors", classname=_xml_safe(file.path))
        ET.SubElement(suite, "system-out").text = _xml_safe(summary(file.report))
    for name, path in (
        ("tests", "testcase"),
        ("failures", "testcase/failure"),
        ("errors", "testcase/error"),
    ):
        suite.set(name, str(len(suite.findall(path))))
    suite.set("skipped", "0")
    return suite


def _case(suite: ET.Element, path: str, error: BatchError) -> None:
    """Add a test case for a finding."""
    case = ET.SubElement(
        suite,
        "testcase",
        name=_xml_safe(f"{format_location(path, error.line, None)} {label(error)}"),
        classname=_xml_safe(path),
    )
    text = _xml_safe(
        f"{format_location(path, error.line, None)}: {label(error)}: {error.message}"
        + (f"\n{error.hint}" if error.hint else "")
    )
    if error.severity == "error":
        failure = ET.SubElement(case, "failure", type=error.rule, message=_xml_safe(error.message))
        failure.text = text
    else:
        ET.SubElement(case, "system-out").text = f"warning: {text}"


def _xml_safe(text: str) -> str:
    """Replace the characters that XML doesn't allow."""
    return _NOT_IN_XML.sub("?", text)
