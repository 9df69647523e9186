"""Draw the bar chart for the README: batchlint and its peers on the chat corpus."""

from __future__ import annotations

from html import escape

from budget import BASELINE, ONE_PROCESS, OURS, Results
from measure import Row
from peers import PEERS

#: The width of the chart, and the margins beside the bars.
WIDTH, LEFT, RIGHT = 820, 300, 160

#: The top of the first bar, the distance between the tops of two bars, and the height of a bar.
TOP, STEP, THICKNESS = 64, 44, 20

#: The maximum length of a bar, as a multiple of the baseline. Longer bars are cut off.
MAX_RATIO = 6

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.note { font-size: 11px; fill: #59636e }
.ours { fill: #0969da } .peer { fill: #afb8c1 } .gap { fill: #fff }
.line { stroke: #cf222e; stroke-dasharray: 4 3 } .mark { fill: #cf222e; font-size: 11px }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #9198a1 } .gap { fill: #0d1117 }
  .ours { fill: #4493f8 } .peer { fill: #656c76 } .line { stroke: #f85149 } .mark { fill: #f85149 }
}"""

BRIEF = {
    OURS: "line, body, rules and file, with the API's messages",
    ONE_PROCESS: "the same in one process",
    **{peer.name: peer.brief for peer in PEERS},
}


def as_svg(results: Results, corpus: str = "chat") -> str:
    """Draw the chart. Return an empty string if the corpus was not measured."""
    baseline = results.row(corpus, BASELINE)
    if baseline is None:
        return ""
    contest = results.contests[corpus]
    rows = sorted(
        (row for row in results.rows if row.corpus == corpus and row.tool in BRIEF), key=_sort_key
    )
    unit = (WIDTH - LEFT - RIGHT) / (MAX_RATIO * baseline.seconds)
    height = TOP + STEP * len(rows)
    x = LEFT + unit * baseline.seconds
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
            f"<title>Seconds to check a batch file of {contest.size / 1e6:.0f} MB</title>",
            f"<style>{STYLE}</style>",
            f'<text class="title" x="12" y="24">Seconds to check {contest.lines:,} chat completions, {contest.size / 1e6:.0f} MB</text>',
            f'<text class="mark" x="{x:.1f}" y="{TOP - 16}" text-anchor="middle">only parsing the JSON: {baseline.seconds:.2f} s</text>',
            *(
                part
                for number, row in enumerate(rows)
                for part in _bar(row, TOP + STEP * number, unit)
            ),
            f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 10}" y2="{height - 12}"/>',
            "</svg>",
            "",
        ]
    )


def _sort_key(row: Row) -> tuple[bool, float]:
    return bool(row.failed), row.seconds


def _bar(row: Row, y: int, unit: float) -> list[str]:
    texts = [
        f'<text x="12" y="{y + 9}">{escape(row.tool)}</text>',
        f'<text class="note" x="12" y="{y + 24}">{escape(BRIEF[row.tool])}</text>',
    ]
    if row.failed:
        return [*texts, f'<text class="note" x="{LEFT}" y="{y + 14}">could not be run</text>']
    width = row.seconds * unit
    longest = WIDTH - LEFT - RIGHT
    css_class = "ours" if row.tool in {OURS, ONE_PROCESS} else "peer"
    length = min(width, longest)
    bar = [
        f'<rect class="{css_class}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{THICKNESS}" rx="2"/>'
    ]
    if width > longest:
        bar.append(
            f'<path class="gap" d="M{LEFT + longest - 30} {y + THICKNESS + 1} l8 -{THICKNESS + 2} h6 l-8 {THICKNESS + 2} z"/>'
        )
    label = f"{row.seconds:.2f} s" + (", extrapolated" if row.extrapolated else "")
    return [*texts, *bar, f'<text x="{LEFT + length + 8:.1f}" y="{y + 15}">{label}</text>']
