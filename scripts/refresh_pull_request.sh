#!/usr/bin/env bash
# Regenerate the schemas with the installed version of the `openai` package.
#
#     scripts/refresh_pull_request.sh VERSION DATE
#
# DATE is the day on which VERSION was released. The script prints the text of a pull request: the
# changes in the new version, and the output of the build and the tests. If these fail, the exit status
# is still 0, because a person has to review the pull request anyway.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1
date=$2

echo "The schemas, generated with openai-python $version ($date)."
echo
python schemas/refresh.py --compare

sed -i -E "s/^openai: .*/openai: $version/; s/^date: .*/date: $date/; s/(openai-python) [0-9][0-9.]*[0-9]/\1 $version/" schemas/overlay.yaml
sed -i -E "s/\"openai==[^\"]*\"/\"openai==$version\"/" pyproject.toml
sed -i -E "s/(openai-python\)) [0-9.]+\$/\1 $version/; s/^  \([0-9-]{10}\), Apache/  ($date), Apache/" schemas/README.md

run() {  # run a command, and print the end of its output in a separate section
  local output status=0
  output=$("$@" 2>&1) || status=$?
  printf '\n<details><summary><code>%s</code>: exit status %s</summary>\n\n```\n%s\n```\n\n</details>\n' "$*" "$status" "$(tail -n 30 <<< "$output")"
}
run python schemas/refresh.py
BATCHLINT_UPDATE_GOLDEN=1 run python -m pytest -q tests/acceptance/test_fixtures.py tests/output
run python scripts/docs.py
run python -m pytest -q
