"""Run mutation tests: change the code slightly, and see whether a test fails.

    python scripts/mutate.py --sample 600 --seed 1     # a sample of all mutants
    python scripts/mutate.py --sample 0                # all mutants; takes hours
    python scripts/mutate.py --only structured/nodes   # only some modules

mutmut generates the changes. This script runs the tests itself, because mutmut can't take a sample,
selects tests by function rather than by line, and doesn't change constants or decorated functions.
mutmut also wraps every function, which breaks tests that read signatures.

1. The tests run once with coverage in a copy of the tree, to record which tests run which lines.
2. A process imports everything and collects the tests. For each mutant, it forks a process that
   loads the changed code and runs the tests of the changed lines until one fails. If a constant was
   changed, the fork imports the package again.

`equivalent_mutants.yaml` lists mutants that no test can kill, because the program behaves the same,
and the reasons. These mutants don't count.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import gc
import importlib
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = Path("src/batchlint")

#: The modules to change.
TARGETS: Final = (
    "engine/*.py",
    "summary.py",
    "schema/explain.py",
    "structured/*.py",
    "edits.py",
    "fixing.py",
    "json_documents.py",
    "locate.py",
    "splitting.py",
    "output/diff.py",
    "cli/fix.py",
    "cli/split.py",
)

#: The default tests: those for the changed modules, and those that compare whole reports.
TESTS: Final = (
    "tests/engine",
    "tests/structured",
    "tests/schema/test_explain.py",
    "tests/schema/test_explanations.py",
    "tests/schema/test_chat_leniency.py",
    "tests/rules/test_structured_outputs.py",
    "tests/rules/test_file.py",
    "tests/library",
    "tests/laws/test_chunks.py",
    "tests/laws/test_lines.py",
    "tests/acceptance/test_fixtures.py",
    "tests/acceptance/test_recorded_answers.py",
    "tests/laws/test_providers.py",
    "tests/test_providers.py",
    "tests/test_parts.py",
    "tests/test_summary.py",
    "tests/test_bounds.py",
    "tests/test_nesting.py",
    "tests/test_edits.py",
    "tests/test_fixing.py",
    "tests/test_json_documents.py",
    "tests/test_locate.py",
    "tests/test_splitting.py",
    "tests/laws/test_fix.py",
    "tests/laws/test_split.py",
    "tests/acceptance/test_fixes.py",
    "tests/output/test_diff.py",
    "tests/cli/test_fix.py",
    "tests/cli/test_split.py",
)

#: The tests of a module, in addition to those in the directory of the same name.
MIRRORS: Final = {
    "structured": "tests/rules/test_structured_outputs.py",
    "engine": "tests/library",
    "summary.py": "tests/engine",
}

#: The maximum test time per mutant in seconds. Unless stated otherwise, seconds are CPU time, so that
#: other processes have no effect.
SECONDS: Final = 6.0

#: The CPU time in seconds after which a fork is considered hung. Each test takes much less.
_MAX_SECONDS: Final = 45

#: The wall time in seconds after which an idle fork is considered hung.
_MAX_IDLE_SECONDS: Final = 30

#: The tests that compare whole reports.
WHOLE_REPORTS: Final = "tests/acceptance/test_fixtures.py"

#: The list of equivalent mutants.
EQUIVALENT: Final = Path(__file__).with_name("equivalent_mutants.yaml")


class Mutant(NamedTuple):
    """A change to the code.

    Attributes:
        path: the module, relative to the package.
        function: the qualified name of the function or method. Empty outside functions.
        first: the first line of the changed statement.
        last: the last line of the changed statement.
        old: the changed lines before the change, stripped.
        new: the changed lines after the change, stripped.
        code: the whole module after the change.
        swaps: whether replacing the code of one function object is enough.
    """

    path: str
    function: str
    first: int
    last: int
    old: str
    new: str
    code: str
    swaps: bool

    @property
    def key(self) -> tuple[str, str, str, str]:
        """A key that identifies the mutant even if lines move."""
        return self.path, self.function, self.old, self.new


# -- mutants --------------------------------------------------------------------------------------


def generate_mutants(
    path: str, source: str, choose: Callable[[int], list[int]]
) -> Iterator[Mutant]:
    """Yield mutants of a module.

    Args:
        path: the module, relative to the package.
        source: the code of the module.
        choose: returns the indices of the changes to make, given the number of possible changes.
    """
    import libcst
    from libcst.metadata import MetadataWrapper
    from mutmut.mutation.file_mutation import MutationVisitor
    from mutmut.mutation.mutators import mutation_operators
    from mutmut.mutation.pragma_handling import get_ignored_lines

    wrapper = MetadataWrapper(libcst.parse_module(source))
    visitor = MutationVisitor(mutation_operators, get_ignored_lines(path, source, wrapper))
    skips = visitor._skip_node_and_children  # noqa: SLF001 - mutmut has no option for this

    def skip(node: Any) -> bool:
        """Change decorated functions too. mutmut skips them, because it wraps all functions."""
        is_decorated = isinstance(node, libcst.FunctionDef) and bool(node.decorators)
        return not is_decorated and bool(skips(node))

    vars(visitor)["_skip_node_and_children"] = skip
    module: Any = wrapper.visit(visitor)
    before = _Outline(source)
    for index in choose(len(visitor.mutations)):
        change = visitor.mutations[index]
        code = module.deep_replace(change.original_node, change.mutated_node).code
        if (mutant := _mutant(path, source, code, before)) is not None:
            yield mutant


def _mutant(path: str, source: str, code: str, before: _Outline) -> Mutant | None:
    """Return a mutant, or None if the change has no effect or is not valid Python."""
    try:
        after = _Outline(code)
    except SyntaxError:
        return None
    if after.text == before.text:
        return None
    old, new, line = _difference(source, code)
    function, first, last = before.function(line)
    swaps = after.rest == before.rest
    if swaps:
        names = [name for name in before.bodies if before.bodies[name] != after.bodies.get(name)]
        swaps = len(names) == 1
        function = names[0] if swaps else function
    return Mutant(path, function, first, last, old, new, code, swaps)


def _difference(source: str, code: str) -> tuple[str, str, int]:
    """Return the differing lines before and after, and the number of the first one."""
    before = source.splitlines()
    after = code.splitlines()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
    _, start, stop, new_start, new_stop = (
        *changes[0][:2],
        changes[-1][2],
        changes[0][3],
        changes[-1][4],
    )

    def join(lines: list[str]) -> str:
        return " ".join(line.strip() for line in lines)

    return join(before[start:stop]), join(after[new_start:new_stop]), start + 1


class _Outline:
    """The functions and methods of a module."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.text = ast.dump(self.tree)
        self.bodies: dict[str, str] = {}
        self._spans: list[tuple[int, int, str]] = []
        rest = ast.parse(source)
        self._collect(rest.body, "")
        self.rest = ast.dump(rest)

    def _collect(self, statements: list[ast.stmt], prefix: str) -> None:
        for statement in statements:
            if isinstance(statement, ast.ClassDef):
                self._collect(statement.body, f"{prefix}{statement.name}.")
            elif isinstance(statement, ast.FunctionDef):
                name = prefix + statement.name
                self.bodies[name] = "".join(map(ast.dump, statement.body))
                start = min([statement.lineno, *(line.lineno for line in statement.decorator_list)])
                self._spans.append((start, statement.end_lineno or start, name))
                statement.body = []

    def function(self, line: int) -> tuple[str, int, int]:
        """Return the function at a line, and the lines of the innermost statement there."""
        names = [name for start, stop, name in self._spans if start <= line <= stop]
        first, last = line, line
        size = sys.maxsize
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt):
                stop = node.end_lineno or node.lineno
                body: Any = getattr(node, "body", None)
                if body and line < body[0].lineno:
                    stop = max(node.lineno, body[0].lineno - 1)
                if node.lineno <= line <= stop and stop - node.lineno < size:
                    size = stop - node.lineno
                    first, last = node.lineno, stop
        return (names[-1] if names else ""), first, last


def choose_mutants(tree: Path, sample: int, seed: int, only: str) -> list[Mutant]:
    """Return a sample of the mutants, in the order of the code.

    Args:
        tree: the copy of the tree.
        sample: the number of mutants. 0 means all.
        seed: different seeds choose different mutants.
        only: strings separated by commas. Only modules whose path contains one of them are changed.
            Empty means all modules.
    """
    found = sorted(
        path.relative_to(tree / PACKAGE).as_posix()
        for pattern in TARGETS
        for path in (tree / PACKAGE).glob(pattern)
    )
    paths = [path for path in found if any(part in path for part in only.split(","))]
    sources = {path: (tree / PACKAGE / path).read_text() for path in paths}
    counts: dict[str, int] = {}

    def count(path: str) -> Callable[[int], list[int]]:
        def choose_none(number: int) -> list[int]:
            counts[path] = number
            return []

        return choose_none

    for path in paths:
        list(generate_mutants(path, sources[path], count(path)))
    changes = [(path, index) for path in paths for index in range(counts[path])]
    print(f"{len(changes):,} changes in {len(paths)} modules", flush=True)
    if sample and sample < len(changes):
        changes = random.Random(seed).sample(changes, sample)  # noqa: S311
    selected: dict[str, list[int]] = defaultdict(list)
    for path, index in sorted(changes):
        selected[path].append(index)
    return [
        mutant
        for path, indices in selected.items()
        for mutant in generate_mutants(path, sources[path], lambda _, found=indices: found)  # type: ignore[misc]
    ]


# -- which tests run which lines ------------------------------------------------------------------


class TestMap(NamedTuple):
    """Which tests run which lines.

    Attributes:
        lines: the tests by module and line.
        seconds: the duration of each test.
    """

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def tests_for(self, mutant: Mutant, source: str) -> list[str]:
        """Return the tests of the changed lines. Those most likely to fail come first."""
        numbers = set(range(mutant.first, mutant.last + 1))
        if not mutant.function:
            numbers |= _lines_that_read(mutant, source)
        by_line = self.lines.get(mutant.path, {})
        found = {test for number in numbers for test in by_line.get(number, ())}
        if not found:  # For a class or a decorator, any test of the module may detect the change.
            found = {test for tests in by_line.values() for test in tests}
        # Other tests may detect the change too: cached code runs only in the first test that needs
        # it, and coverage may miss code in other processes.
        others = {
            test
            for test in self.seconds
            if test not in found and (_is_mirror(mutant.path, test) or WHOLE_REPORTS in test)
        }
        return [*self._in_order(mutant, found), *self._in_order(mutant, others)]

    def _in_order(self, mutant: Mutant, found: set[str]) -> list[str]:
        """Return as many tests as the time allows, starting with those most likely to fail."""
        by_function: dict[str, list[str]] = defaultdict(list)
        for test in sorted(found, key=lambda test: self.seconds.get(test, 0)):
            by_function[test.partition("[")[0]].append(test)
        ranked = [
            (number, not _is_mirror(mutant.path, test), self.seconds.get(test, 0), test)
            for tests in by_function.values()
            for number, test in enumerate(tests)
        ]
        # Some cases of each test function come first.
        ranked.sort(key=lambda row: (row[0] // 8, row[1], row[2]))
        chosen: list[str] = []
        left = SECONDS / 2
        for *_, seconds, test in ranked:
            if seconds > left and chosen:
                continue
            left -= seconds
            chosen.append(test)
        return chosen


def _is_mirror(path: str, test: str) -> bool:
    directory = path.partition("/")[0].removesuffix(".py")
    name = Path(path).stem
    mirror = MIRRORS.get(path.partition("/")[0], "-")
    return (
        test.startswith((f"tests/{directory}/", f"tests/test_{directory}.py", mirror))
        or f"test_{name}.py" in test
    )


def _lines_that_read(mutant: Mutant, source: str) -> set[int]:
    """Return the lines that read the constant that the changed statement assigns."""
    tree = ast.parse(source)
    names = set()
    for node in tree.body:
        if node.lineno <= mutant.first <= (node.end_lineno or node.lineno):
            names |= {
                part.id
                for part in ast.walk(node)
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)
    }


class _Recorder:
    """A plugin that labels coverage data with the current test, and records its duration."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        import coverage

        os.environ["BATCHLINT_TEST"] = item.nodeid
        if (running := coverage.Coverage.current()) is not None:
            running.switch_context(item.nodeid)
        before = sum(os.times()[:4])
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = sum(os.times()[:4]) - before


def record(tests: list[str], output: Path) -> int:
    """Run the tests, and write their durations to a file. Return pytest's exit status."""
    recorder = _Recorder()
    status = pytest.main(["-q", "-p", "no:cacheprovider", *tests], plugins=[recorder])
    output.write_text(json.dumps(recorder.seconds))
    return int(status)


def map_tests(sandbox: Path, tests: Iterable[str]) -> TestMap:
    """Run the tests once with coverage, and return which lines each test runs.

    Raises:
        subprocess.CalledProcessError: a test fails without a change.
    """
    import coverage

    config = sandbox / "coverage.ini"
    config.write_text(
        "[run]\nparallel = true\npatch = subprocess, _exit, fork\ncontext = ${BATCHLINT_TEST-}\n"
        f"data_file = {sandbox}/.coverage\ninclude = {sandbox}/{PACKAGE}/*\n"
    )
    seconds = sandbox / "seconds.json"
    arguments = ["coverage", "run", f"--rcfile={config}", "scripts/mutate.py"]
    _run(sandbox, *arguments, "--record", str(seconds), *tests)
    _run(sandbox, "coverage", "combine", "--quiet", f"--rcfile={config}")
    data = coverage.CoverageData(str(sandbox / ".coverage"))
    data.read()
    lines = {}
    for name in data.measured_files():
        path = Path(name).relative_to((sandbox / PACKAGE).resolve()).as_posix()
        lines[path] = {
            number: sorted(set(contexts) - {""})
            for number, contexts in data.contexts_by_lineno(name).items()
        }
    return TestMap(lines, json.loads(seconds.read_text()))


# -- run the tests of a mutant --------------------------------------------------------------------


class Job(NamedTuple):
    """A mutant and its tests."""

    mutant: Mutant
    tests: list[str]


class Outcome(NamedTuple):
    """The result of running the tests on a mutant.

    Attributes:
        killed: whether a test failed.
        by: the test that failed, or another reason for the result.
        ran: the number of tests that ran.
        seconds: the CPU time of its tests.
    """

    killed: bool
    by: str
    ran: int
    seconds: float


class _Watch:
    """A plugin for a fork that reports whether a test fails."""

    def __init__(self, report: int) -> None:
        self.failed = ""
        self.ran = 0
        self._report = report
        self._start = sum(os.times()[:4])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.ran += report.when == "call"
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"collecting {report.nodeid}"

    @property
    def is_over_time(self) -> bool:
        return sum(os.times()[:4]) - self._start > SECONDS

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.write_state(nodeid)
        if self.failed or self.is_over_time:
            self.end()

    def write_state(self, running: str) -> None:
        row = json.dumps([bool(self.failed), self.failed or running, self.ran]) + "\n"
        os.write(self._report, row.encode())

    def end(self) -> None:
        self.write_state("")
        os._exit(0)


class _Control:
    """A plugin for a fork without a change that reports which tests fail."""

    def __init__(self, report: int) -> None:
        self._report = report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self._report, f"{report.nodeid}\n".encode())


def _find_unusable(run: Callable[[_Control], None]) -> set[str]:
    """Return the tests that fail in a fork without a change. Their results don't count."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        _silence(reader)
        try:
            run(_Control(writer))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as rows:
        failed = {row.rstrip("\n") for row in rows}
    os.waitpid(pid, 0)
    return failed


def _run_all(
    jobs: list[Job],
    run: Callable[[Job], Outcome],
    control: Callable[[_Control, set[str]], None],
    done: Callable[[Job, Outcome], None],
) -> None:
    """Run the tests of all mutants. Then run the failed tests without a change, when they must pass.

    Args:
        jobs: the mutants and their tests.
        run: runs the tests of one mutant.
        control: runs tests without a change.
        done: called with each outcome.
    """
    outcomes = {}
    for job in jobs:
        outcomes[job.mutant.key] = outcome = run(job)
        done(job, outcome)
    killers = {outcome.by for outcome in outcomes.values() if outcome.killed}
    known = {test for job in jobs for test in job.tests}
    unusable = _find_unusable(lambda plugin: control(plugin, killers & known))
    if unusable:
        print(f"failing without a change: {', '.join(sorted(unusable))}", file=sys.stderr)
    for job in jobs:
        if outcomes[job.mutant.key].by in unusable:
            tests = [test for test in job.tests if test not in unusable]
            done(job, run(job._replace(tests=tests)))


def _run_items(
    session: pytest.Session, items: list[pytest.Item], is_over: Callable[[], bool] = lambda: False
) -> None:
    """Run collected tests until the outcome is known."""
    hook = session.config.hook
    for item, following in zip(items, [*items[1:], None], strict=True):
        hook.pytest_runtest_protocol(item=item, nextitem=following)
        if is_over():
            break


class _Forker:
    """A plugin that runs mutants instead of the collected tests."""

    def __init__(self, jobs: list[Job], done: Callable[[Job, Outcome], None]) -> None:
        self._jobs = jobs
        self._done = done

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        functions = _functions()
        manager = session.config.pluginmanager
        gc.freeze()

        def control(plugin: _Control, tests: set[str]) -> None:
            manager.register(plugin)
            _run_items(session, [item for name, item in items.items() if name in tests])

        def run(job: Job) -> Outcome:
            def in_fork(watch: _Watch) -> None:
                _swap(job.mutant, functions)
                manager.register(watch)
                chosen = [items[test] for test in job.tests if test in items]
                _run_items(session, chosen, lambda: bool(watch.failed or watch.is_over_time))

            return _in_fork(in_fork, job)

        _run_all(self._jobs, run, control, self._done)
        return True


#: pytest warns about each plugin that is imported before it starts.
_QUIET: Final = ("-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")


def _functions() -> dict[tuple[str, str], list[types.FunctionType]]:
    """Return the functions of the package, by file and qualified name."""
    found = defaultdict(list)
    for candidate in gc.get_objects():
        if (
            isinstance(candidate, types.FunctionType)
            and str(PACKAGE) in candidate.__code__.co_filename
        ):
            found[candidate.__code__.co_filename, candidate.__code__.co_qualname].append(candidate)
    return found


def _swap(mutant: Mutant, functions: dict[tuple[str, str], list[types.FunctionType]]) -> None:
    """Replace the code of an existing function with the changed code."""
    path = str(Path.cwd() / PACKAGE / mutant.path)
    code_object = compile(mutant.code, path, "exec")
    for name in mutant.function.split("."):
        code_object = next(
            code
            for code in code_object.co_consts
            if isinstance(code, types.CodeType) and code.co_name == name
        )
    existing = functions[path, mutant.function]
    if not existing:
        raise LookupError(f"no function {mutant.function} in {path}")
    for function in existing:
        function.__code__ = code_object


def _in_fork(run: Callable[[_Watch], None], job: Job) -> Outcome:
    """Run tests in a fork. Write the changed module to disk, for processes that tests start."""
    path = PACKAGE / job.mutant.path
    before = path.read_bytes()
    times = path.stat()
    start = time.monotonic()
    path.write_text(job.mutant.code)
    # Set a time that differs from the one in cached bytecode.
    os.utime(path, (start, 1_000_000_000 + int(start * 10)))
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        _become_child(run, reader, writer)
    os.close(writer)
    try:
        return _await(pid, reader)
    finally:
        os.close(reader)
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _become_child(run: Callable[[_Watch], None], reader: int, writer: int) -> None:
    os.setpgid(0, 0)
    _silence(reader)
    watch = _Watch(writer)
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (_MAX_SECONDS, _MAX_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        gc.enable()
        run(watch)
    except BaseException as error:  # noqa: BLE001 - the change may raise anything
        watch.failed = watch.failed or f"{type(error).__name__} outside of a test"
    watch.end()


def _silence(reader: int) -> None:
    """In a fork, discard all output, and close the parent's end of the pipe."""
    os.close(reader)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)


def _await(pid: int, reader: int) -> Outcome:
    """Wait for a fork, and return its outcome."""
    text = b""
    used = idle_since = time.monotonic()
    seconds = -1.0
    hangs = False
    while not hangs:
        ready, _, _ = select.select([reader], [], [], 2)
        if ready:
            piece = os.read(reader, 1 << 16)
            if not piece:
                break
            text += piece
        used = _seconds_of_group(pid)
        if used - seconds > 0.03:
            seconds, idle_since = used, time.monotonic()
        hangs = time.monotonic() - idle_since > _MAX_IDLE_SECONDS
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    seconds = usage.ru_utime + usage.ru_stime
    rows = [json.loads(row) for row in text.splitlines()]
    failed, name, ran = rows[-1] if rows else (False, "", 0)
    if failed:
        return Outcome(True, name, ran, seconds)
    if hangs:
        return Outcome(True, f"{name} hangs", ran, seconds)
    if name or not rows:  # The last row of a fork that ends normally names no test.
        return Outcome(True, f"the process ends in {name}, status {status}", ran, seconds)
    return Outcome(False, "", ran, seconds)


def _seconds_of_group(group: int) -> float:
    """Return the CPU time of all processes in a group, in seconds."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _run_fresh(job: Job) -> Outcome:
    """Run the tests of a mutant in a fork that imports the package again."""

    def run(watch: _Watch) -> None:
        status = pytest.main([*_QUIET, *job.tests], plugins=[watch])
        if status == pytest.ExitCode.USAGE_ERROR:  # The constant may be part of a test's ID.
            functions = dict.fromkeys(test.partition("[")[0] for test in job.tests)
            pytest.main([*_QUIET, *functions], plugins=[watch])

    return _in_fork(run, job)


def work(jobs_file: Path, outcomes: Path) -> int:
    """Test the mutants in a file, and write each outcome as soon as it is known."""
    jobs = [Job(Mutant(*mutant), names) for mutant, names in json.loads(jobs_file.read_text())]
    for name in (
        "coverage",
        "hypothesis",
        "jsonschema",
        "jsonschema_rs",
        "orjson",
        "click",
        "tqdm",
    ):
        importlib.import_module(name)
    screen = os.fdopen(os.dup(1), "w")

    def done(job: Job, outcome: Outcome) -> None:
        with outcomes.open("a") as file:
            file.write(json.dumps([list(job.mutant[:6]), list(outcome)]) + "\n")
        print("." if outcome.killed else "S", end="", file=screen, flush=True)

    fresh = [job for job in jobs if job.tests and not job.mutant.swaps]

    def control(plugin: _Control, tests: set[str]) -> None:
        if tests:
            pytest.main([*_QUIET, *sorted(tests)], plugins=[plugin])

    _run_all(fresh, _run_fresh, control, done)
    for job in jobs:
        if not job.tests:
            done(job, Outcome(False, "no test runs it", 0, 0))
    swaps = [job for job in jobs if job.tests and job.mutant.swaps]
    if swaps:
        files = sorted({test.partition("::")[0] for job in swaps for test in job.tests})
        pytest.main([*_QUIET, *files], plugins=[_Forker(swaps, done)])
    print(file=screen)
    return 0


# -- run everything -------------------------------------------------------------------------------


def _run(sandbox: Path, *arguments: str) -> None:
    """Run a Python module or script in the copy of the tree."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(sandbox / "src"),
        "CI": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "BATCHLINT_TEST": "",
    }
    subprocess.run(
        [sys.executable, "-m", *arguments]
        if arguments[0] == "coverage"
        else [sys.executable, *arguments],
        cwd=sandbox,
        env=environment,
        check=True,
    )


def copy_tree(target: Path) -> None:
    """Copy the tree, except for Git's and generated files."""
    ignored = shutil.ignore_patterns(
        *(".git", ".venv", "venv", ".nox", "node_modules", "__pycache__", "dist", "site"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "*.pyc", ".coverage*"),
    )
    shutil.copytree(ROOT, target, ignore=ignored, dirs_exist_ok=True)


def read_equivalent() -> dict[tuple[str, str, str, str], str]:
    """Return the reasons why mutants are equivalent, by mutant key."""
    if not EQUIVALENT.exists():
        return {}
    return {
        (row["path"], row["function"], row["old"], row["new"]): row["reason"]
        for row in yaml.safe_load(EQUIVALENT.read_text()) or ()
    }


def report(rows: list[tuple[tuple[Any, ...], Outcome]], floor: float) -> int:
    """Print the score and the survivors. Return 1 if the score is too low."""
    known = read_equivalent()
    survivors = []
    equivalent_count = 0
    for mutant, outcome in rows:
        path, function, first, _, old, new = mutant
        if outcome.killed:
            continue
        if (path, function, old, new) in known:
            equivalent_count += 1
        else:
            survivors.append((path, function, first, old, new, outcome))
    for path, function, first, old, new, outcome in survivors:
        print(f"\n{PACKAGE}/{path}:{first} {function}  ({outcome.ran} tests, {outcome.by})")
        print(f"  - {old}\n  + {new}")
    counted = len(rows) - equivalent_count
    killed = counted - len(survivors)
    score = 100 * killed / counted if counted else 100.0
    seconds = [outcome.seconds for _, outcome in rows]
    print(
        f"\n{len(rows)} mutants: {killed} killed, {len(survivors)} survived, {equivalent_count} equivalent. "
        f"Score: {score:.1f}% (at least {floor:g}%). "
        f"At most {max(seconds, default=0):.1f} s per mutant, {sum(seconds):.0f} s in total."
    )
    return 0 if score >= floor else 1


def main() -> int:
    """Test a sample of mutants, and return 1 if too many survive."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sample", type=int, default=600, help="number of mutants; 0 means all")
    parser.add_argument(
        "--seed", type=int, default=1, help="different seeds choose different mutants"
    )
    parser.add_argument(
        "--only",
        default="",
        help="change only modules whose path contains one of these strings, such as a,b",
    )
    parser.add_argument("--floor", type=float, default=90.0, help="minimum score in percent")
    parser.add_argument(
        "--outcomes", type=Path, help="file for the outcomes, to continue a run later"
    )
    parser.add_argument("--map", type=Path, help="file that stores which tests run which lines")
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("tests", nargs="*", default=list(TESTS), help="the tests to run")
    args = parser.parse_args()
    if args.record:
        return record(args.tests, args.record)
    if args.work:
        return work(*args.work)
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        sandbox = Path(directory).resolve()
        copy_tree(sandbox)
        mutants = choose_mutants(sandbox, args.sample, args.seed, args.only)
        if args.map and args.map.exists():
            lines, seconds = json.loads(args.map.read_text())
            lines = {
                path: {int(number): names for number, names in by_line.items()}
                for path, by_line in lines.items()
            }
            tests = TestMap(lines, seconds)
        else:
            tests = map_tests(sandbox, args.tests)
            if args.map:
                args.map.write_text(json.dumps(tests))
        outcomes = (args.outcomes or sandbox / "outcomes.jsonl").resolve()
        done = {tuple(mutant[i] for i in (0, 1, 4, 5)) for mutant, _ in _read(outcomes)}
        jobs = [
            Job(mutant, tests.tests_for(mutant, (sandbox / PACKAGE / mutant.path).read_text()))
            for mutant in mutants
            if mutant.key not in done
        ]
        jobs_file = sandbox / "jobs.json"
        jobs_file.write_text(json.dumps(jobs))
        _run(sandbox, "scripts/mutate.py", "--work", str(jobs_file), str(outcomes))
        keys = {mutant.key for mutant in mutants}
        rows = [row for row in _read(outcomes) if tuple(row[0][i] for i in (0, 1, 4, 5)) in keys]
        return report(rows, args.floor)


def _read(outcomes: Path) -> list[tuple[tuple[Any, ...], Outcome]]:
    """Read the last outcome of each mutant."""
    if not outcomes.exists():
        return []
    rows = {}
    for mutant, outcome in map(json.loads, outcomes.read_text().splitlines()):
        rows[tuple(mutant[index] for index in (0, 1, 2, 4, 5))] = (tuple(mutant), Outcome(*outcome))
    return [*rows.values()]


if __name__ == "__main__":
    sys.exit(main())
