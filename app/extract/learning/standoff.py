"""Corpora of attributions in brat's standoff annotation, such as PolNeAR: ``text/*.txt``, ``attributions/*.ann``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.spans import Span

_ROLE = re.compile(r"([A-Za-z]+)\d*$")


@dataclass(frozen=True, slots=True)
class Annotation:
    """An attribution as a person annotated it: pieces of the content, of who said it, and of the cue."""

    content: tuple[Span, ...]
    source: tuple[Span, ...]
    cue: tuple[Span, ...]


def read(split: Path) -> Iterator[tuple[str, str, list[Annotation]]]:
    """Yield name, text and attributions of each annotated text of a split, by name.

    Where several people annotated a text, the first by name counts. Texts keep their newlines: offsets are theirs.
    """
    for path in sorted((split / "text").glob("*.txt")):
        annotated = sorted(each for each in (split / "attributions").iterdir() if each.name.startswith(f"{path.stem}_"))
        if annotated:
            text = path.read_bytes().decode("utf-8")
            yield path.stem, text, list(_annotations(annotated[0].read_text(encoding="utf-8")))


def _annotations(standoff: str) -> Iterator[Annotation]:
    spans: dict[str, list[Span]] = {}
    events: list[str] = []
    for line in standoff.split("\n"):
        name, _, rest = line.partition("\t")
        if name.startswith("T") and "\t" in rest:
            spans[name] = [Span(*map(int, each.split())) for each in rest.split("\t")[0].split(" ", 1)[1].split(";")]
        elif name.startswith("E"):
            events.append(rest)
    for event in events:
        roles: dict[str, list[Span]] = {"content": [], "source": [], "cue": []}
        for pair in event.split():
            role, _, target = pair.partition(":")
            known = _ROLE.match(role)
            if known and known[1].lower() in roles:
                roles[known[1].lower()] += spans.get(target, [])
        if roles["content"]:
            yield Annotation(*(tuple(sorted(roles[role], key=lambda span: span.start)) for role in roles))
