"""Write the figures of docs/performance.json into docs/performance.md, between the markers.

``python -m tests.benchmarks.report``
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.results import Row, format_cell, list_headings
from tests.benchmarks.server import ROOT

FIGURES = ROOT / "docs" / "performance.json"
PAGE = ROOT / "docs" / "performance.md"


def update_page(page: str, document: dict[str, Any]) -> str:
    """Return the page with the figures of the document between its markers."""
    page = _replace(page, "machine", _describe_machine(document))
    page = _replace(page, "targets", _build_table(_list_targets(document)))
    return _replace(page, "figures", "\n\n".join(_list_sections(document)))


def _replace(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no markers {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page)


def _describe_machine(document: dict[str, Any]) -> str:
    machine = document["machine"]
    events = max(section["events"] for section in document["sections"].values())
    return (
        f"The figures below are those of one run at {events:,} events, with Python {machine['python']}\n"
        f"on {machine['cpus']} cores ({machine['system']})."
    )


def _list_targets(document: dict[str, Any]) -> list[Row]:
    return [
        {"section": name} | target for name, section in document["sections"].items() for target in section["targets"]
    ]


def _list_sections(document: dict[str, Any]) -> list[str]:
    return [
        f"### {name[0].upper()}{name[1:]}\n\n{_build_table(section['rows'])}"
        for name, section in document["sections"].items()
    ]


def _build_table(rows: Sequence[Row]) -> str:
    """Return rows as a table in Markdown, numbers to the right."""
    headings = list_headings(rows)
    numbers = [all(not isinstance(row.get(heading, 0), str) for row in rows) for heading in headings]
    lines = [headings, ["---:" if is_number else "---" for is_number in numbers]]
    lines += [[format_cell(row.get(heading, "")) for heading in headings] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def read_figures() -> dict[str, Any]:
    """Return the JSON document of a run."""
    document: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return document


if __name__ == "__main__":
    PAGE.write_text(update_page(PAGE.read_text(encoding="utf-8"), read_figures()), encoding="utf-8")
