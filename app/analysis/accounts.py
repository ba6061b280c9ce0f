"""From rows of the store to documents, and to who is who."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from app.analysis.agencies import by_key, by_voice
from app.analysis.origins import Report, Said
from app.analysis.parties import Directory, Medium, Voice
from app.core.spans import Span

Rows = Iterable[Sequence[Any]]

_SOURCE, _SPEAKER = 6, 11


class Accounts:
    """What is known of where documents have their accounts from.

    A row of ``documents`` is: what it is of (the id of an event or utterance), the document's id, start and end of the
    passage, the sketch, the key of the credited agency, then the source (id, slug, name, kind, country,
    state_affiliated). One of ``statements``: of what, whether it is tied to it, the document's id, its id, start, end,
    the speaker (id, slug, name, kind, country, and the source that it is). One of ``hops``: the statement's id, the
    position, the speaker.
    """

    def __init__(self, documents: Rows, statements: Rows, hops: Rows) -> None:
        self._media: dict[int, Medium] = {}
        self._voices: dict[int, Voice] = {}
        chains: dict[int, list[Voice]] = defaultdict(list)
        for statement, _, *speaker in hops:
            chains[statement].append(self._voice(speaker))
        said: dict[tuple[int, int], list[Said]] = defaultdict(list)
        for owner, tied, document, ident, start, end, *speaker in statements:
            voice = self._voice(speaker) if speaker[0] is not None else None
            chain = tuple(chains.get(ident, ()))
            said[owner, document].append(Said(ident, Span(start, end), voice, chain, bool(tied)))
        self.reports: dict[int, list[Report]] = defaultdict(list)
        for owner, document, start, end, sketch, credit, *source in documents:
            passage = None if start is None else Span(start, end)
            found = said.get((owner, document), ())
            report = Report(document, self._medium(source), passage, bytes(sketch or b""), credit, found)
            self.reports[owner].append(report)

    def agencies(self) -> set[str]:
        """The names, as keys, of all agencies that are credited, or heard without being known as a source."""
        credited = (by_key(report.credit) for found in self.reports.values() for report in found if report.credit)
        heard = (by_voice(voice.name) for voice in self._voices.values() if voice.medium is None)
        return {key for agency in (*credited, *heard) if agency is not None for key in agency.keys}

    def _medium(self, row: Sequence[Any]) -> Medium:
        if row[0] not in self._media:
            self._media[row[0]] = Medium(*row[:_SOURCE])
        return self._media[row[0]]

    def _voice(self, row: Sequence[Any]) -> Voice:
        if row[0] not in self._voices:
            self._voices[row[0]] = _voice(row)
        return self._voices[row[0]]


def directory(sources: Rows, speakers: Rows) -> Directory:
    """Who is who, of sources and speakers that bear an agency's name; each row begins with the name's key. Of several
    the first counts."""
    media = dict(reversed([(key, Medium(*row)) for name, *row in sources for key in _agency(name)]))
    voices = dict(reversed([(key, _voice(row)) for name, *row in speakers for key in _agency(name)]))
    return Directory(media, voices)


def _agency(name: str) -> Iterator[str]:
    agency = by_key(name)
    if agency is not None:
        yield agency.key


def _voice(row: Sequence[Any]) -> Voice:
    ident, slug, name, kind, country, *source = row
    return Voice(ident, slug, name, kind, country, Medium(*source) if source[0] is not None else None)
