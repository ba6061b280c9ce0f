"""Read a corpus of attributions in brat's standoff format, such as PolNeAR: ``text/*.txt``, ``attributions/*.ann``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from app.core.spans import Span

_ROLE = re.compile(r"([A-Za-z]+)\d*$")


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotated attribution: the pieces of its content, source and cue."""

    content: tuple[Span, ...]
    source: tuple[Span, ...]
    cue: tuple[Span, ...]


class AnnotatedText(NamedTuple):
    """The name and the text of a file, and its attributions."""

    name: str
    text: str
    annotations: list[Annotation]


def read_corpus(split: Path) -> Iterator[AnnotatedText]:
    """Yield each annotated text of a split, by name.

    If several people annotated a text, the first by name counts. Texts keep their newlines, to which offsets refer.
    """
    for path in sorted((split / "text").glob("*.txt")):
        files = sorted(file for file in (split / "attributions").iterdir() if file.name.startswith(f"{path.stem}_"))
        if files:
            annotations = list(_parse_annotations(files[0].read_text(encoding="utf-8")))
            yield AnnotatedText(path.stem, path.read_bytes().decode("utf-8"), annotations)


def _parse_annotations(standoff: str) -> Iterator[Annotation]:
    spans: dict[str, list[Span]] = {}
    events: list[str] = []
    for line in standoff.split("\n"):
        name, _, rest = line.partition("\t")
        if name.startswith("T") and "\t" in rest:
            pieces = rest.split("\t")[0].split(" ", 1)[1].split(";")
            spans[name] = [Span(*map(int, piece.split())) for piece in pieces]
        elif name.startswith("E"):
            events.append(rest)
    for event in events:
        roles: dict[str, list[Span]] = {"content": [], "source": [], "cue": []}
        for pair in event.split():
            role, _, target = pair.partition(":")
            match = _ROLE.match(role)
            if match and match[1].lower() in roles:
                roles[match[1].lower()] += spans.get(target, [])
        if roles["content"]:
            yield Annotation(*(tuple(sorted(roles[role], key=lambda span: span.start)) for role in roles))
