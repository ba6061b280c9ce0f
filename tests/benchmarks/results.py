"""The results of a run: its tables and targets, on the console and as one JSON document."""

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from tests.benchmarks import stores

# Wide enough for the tables where the output goes to a file.
console = Console(width=None if sys.stdout.isatty() else 140)

Row = Mapping[str, str | float]
"""A row of a table: its cells by the headings of their columns."""

TARGET_HEADINGS = ("section", "work", "figure", "target", "measured", "result")


@dataclass(frozen=True)
class Target:
    """A measured figure and its bound: a ratio of speeds with ``least``, a time or a size with ``most``."""

    work: str
    figure: str
    measured: float
    least: float | None = None
    most: float | None = None

    @property
    def is_met(self) -> bool:
        """True if the figure is within its bound."""
        return (self.least is None or self.measured >= self.least) and (self.most is None or self.measured <= self.most)

    def describe(self) -> dict[str, Any]:
        """Return the target as it is written to the JSON document."""
        bound = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        result = "met" if self.is_met else "missed"
        measured = float(f"{self.measured:.3g}")
        return {"work": self.work, "figure": self.figure, "target": bound, "measured": measured, "result": result}


class Section(NamedTuple):
    """The table and the targets of one benchmark."""

    name: str
    rows: Sequence[Row]
    targets: Sequence[Target]


SECTIONS: list[Section] = []
"""The sections of this run, in the order in which they were measured."""


def record(name: str, rows: Sequence[Row], targets: Sequence[Target] = ()) -> None:
    """Print the table of a benchmark, write it to the JSON document, and keep its targets for the end of the run."""
    print_table(name, rows)
    SECTIONS.append(Section(name, rows, targets))
    write_json()


def list_headings(rows: Iterable[Row]) -> list[str]:
    """Return the headings of all columns that a row has."""
    return list(dict.fromkeys(heading for row in rows for heading in row))


def format_cell(value: str | float) -> str:
    """Return a text as it is, and a number that is not whole with three digits at least."""
    if isinstance(value, str):
        return value
    digits = next((digits for digits, least in enumerate((100, 10, 1)) if abs(value) >= least), 3)
    return f"{value:,.{0 if value == int(value) else digits}f}"


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print rows to the console, numbers to the right."""
    table = Table(title=title)
    for heading in list_headings(rows):
        is_text = any(isinstance(row.get(heading), str) for row in rows)
        table.add_column(heading, justify="left" if is_text else "right")
    for row in rows:
        table.add_row(*(format_cell(row.get(heading, "")) for heading in list_headings(rows)))
    console.print(table)


def print_targets() -> None:
    """Print all targets of the run."""
    rows = [{"section": name} | target.describe() for name, _, targets in SECTIONS for target in targets]
    print_table("targets", rows)


def list_missed() -> list[Target]:
    """Return the missed targets; of a small store none, because its times mean nothing."""
    targets = [] if stores.IS_SMALL else [target for section in SECTIONS for target in section.targets]
    return [target for target in targets if not target.is_met]


def get_json_path() -> Path:
    """Return the path of the JSON document of figures."""
    return Path(os.environ.get("DATELINE_BENCH_JSON") or stores.FOLDER / "figures.json")


def write_json() -> None:
    """Put the sections of this run into the JSON document, in place of those of the same name."""
    path = get_json_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    document = json.loads(path.read_text()) if path.exists() else {"sections": {}}
    document["machine"] = {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()}
    for name, rows, targets in SECTIONS:
        described = [target.describe() for target in targets]
        document["sections"][name] = {"events": stores.EVENTS, "rows": rows, "targets": described}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
