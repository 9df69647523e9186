"""The project's metadata: its version, URLs, classifiers, pinned tools and release notes."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import batchlint
from batchlint.output.links import SITE
from support import ROOT

PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VERSION: Final = batchlint.__version__
TAG: Final = f"v{VERSION}"


def tree() -> list[Path]:
    """Return the hand-written text files in the tree."""
    directories = ("src", "scripts", "docs", ".github", "benchmarks")
    files = [path for directory in directories for path in (ROOT / directory).rglob("*.*")]
    files += [*ROOT.glob("*.*"), *ROOT.glob(".*.yaml"), ROOT / "justfile"]
    suffixes = {".py", ".md", ".toml", ".yml", ".yaml", ".sh"}
    installed = {"node_modules", "data"}  # `benchmarks/data` has the environments of the peers.
    return [
        path
        for path in files
        if (path.suffix in suffixes or path.name == "justfile") and installed.isdisjoint(path.parts)
    ]


def test_version_is_defined_in_one_place() -> None:
    quoted = re.compile(rf"(?<![\w.>=])['\"]?{re.escape(VERSION)}['\"](?![\w.])")
    places = [path.relative_to(ROOT) for path in tree() if quoted.search(path.read_text("utf-8"))]

    assert PROJECT["project"]["dynamic"] == ["version"]
    assert places == [Path("src/batchlint/__init__.py")]


def test_project_urls_and_report_links_have_the_same_placeholder() -> None:
    host = "batchlint" + ".example"
    urls = PROJECT["project"]["urls"]
    places = [path.relative_to(ROOT) for path in tree() if host in path.read_text("utf-8")]

    assert {url.split("/")[2] for url in urls.values()} == {host}
    assert urls["Documentation"] == SITE
    assert sorted(path for path in places if path.suffix != ".md") == [
        Path("pyproject.toml"),
        Path("src/batchlint/output/links.py"),
    ]


def test_pages_link_to_the_project_repository() -> None:
    source = PROJECT["project"]["urls"]["Source"]
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    urls = {
        url
        for page in pages
        for url in re.findall(
            r"(?:git\+|git clone |- repo: )(https?:[^\s']+|<)", page.read_text("utf-8")
        )
    }

    assert urls == {source}


def test_classifiers_match_the_python_versions_in_ci() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8"))
    versions = workflow["jobs"]["tests"]["strategy"]["matrix"]["python"]
    prefix = "Programming Language :: Python :: 3."

    classifiers = [name for name in PROJECT["project"]["classifiers"] if name.startswith(prefix)]

    assert classifiers == [f"Programming Language :: Python :: {version}" for version in versions]


def test_pre_commit_hooks_use_the_pinned_tool_versions() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    used = {
        package
        for repository in hooks["repos"]
        for hook in repository["hooks"]
        for package in hook["additional_dependencies"]
    }

    assert used <= set(PROJECT["dependency-groups"]["lint"])


# -- release notes --------------------------------------------------------------------------------


def notes(changelog: str, tag: str = TAG) -> str:
    """Call `notes` in `scripts/release_notes.py`."""
    path = ROOT / "scripts" / "release_notes.py"
    spec = importlib.util.spec_from_file_location("release_notes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.notes(tag, changelog))


def test_release_notes_are_the_changelog_section_of_the_version() -> None:
    changelog = (
        f"# Changelog\n\n## [Unreleased]\n\n- Later.\n\n## [{VERSION}] - 2026-12-01\n\n"
        "### Added\n\n- This.\n\n## [0.0.1] - 2026-01-01\n\n- Earlier.\n"
    )

    assert notes(changelog) == "### Added\n\n- This.\n"


@pytest.mark.parametrize(
    ("changelog", "tag", "message"),
    [
        ("", "v99.0", "the tag is v99.0"),
        ("## [Unreleased]\n\n- This.\n", TAG, "has no section"),
        (f"## [{VERSION}]\n\n- No date.\n", TAG, "has no section"),
        (f"## [{VERSION}] - 2026-12-01\n\n## [0.0.1] - 2026-01-01\n\n- This.\n", TAG, "empty"),
    ],
)
def test_release_without_a_changelog_section_raises_value_error(
    changelog: str, tag: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        notes(changelog, tag)


def test_release_notes_exit_with_status_1_if_the_tag_is_not_the_version() -> None:
    completed = subprocess.run(
        [sys.executable, ROOT / "scripts" / "release_notes.py", "v99.0"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (completed.returncode, completed.stdout) == (1, "")
    assert "the tag is v99.0" in completed.stderr
