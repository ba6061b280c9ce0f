"""Statements and the utterances that they print: put together by the machine where it is sure, else by people.

What a person says stands: a statement that one has put with an utterance, or taken out of all, the machine leaves where
it is, and two that one has told apart it does not join. Who put a statement with its utterance is its ``utterance_by``;
``coded_by`` goes on saying whose reading the statement itself is.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row
from sqlmodel import Session

from app.analysis import statement_similarity
from app.analysis.statement_similarity import ALWAYS, DayRange, PrintedStatement, Similarity
from app.core.spans import Span
from app.core.vocab import CodedBy, SpeakerKind
from app.database.models import Match, Speaker, Statement, Utterance
from app.queries import lookups, statement_candidates
from app.store.derived import statement_index

_OPEN = (None, CodedBy.MACHINE)
"""By whom a statement may have been put where the machine may take it from."""

_SAID = ("said", "said_earliest", "said_latest", "said_latest_start", "said_earliest_end")


class Grouped(NamedTuple):
    """How many statements were put with an utterance, and how many doubtful pairs were proposed."""

    joined: int
    proposed: int


class _Found(NamedTuple):
    """A statement that may be the same as the one in hand, and the utterance that it prints."""

    printing: PrintedStatement
    utterance_id: int | None
    likeness: Similarity


def group(session: Session, statements: Iterable[Statement]) -> Grouped:
    """Put statements that stand alone with the utterances that they print, or propose which may be the same."""
    joined = proposed = 0
    for row in statements:
        if row.utterance_id is None and row.utterance_by in _OPEN:
            found = _alike(session, row)
            taken = [(each, _take(session, row, each)) for each in _targets(found)]
            joined += sum(number or 0 for _, number in taken)
            rivals = [each for each, number in taken if number is None]
            doubtful = [each for each in found if each.likeness.doubt is not None and row.utterance_id is None]
            proposed += sum(_propose(session, row, each) for each in [*rivals, *doubtful][:1])
    return Grouped(joined, proposed)


def _targets(found: Sequence[_Found]) -> Iterator[_Found]:
    """What is surely the same: of the printings of one utterance only the most alike; what stands alone last."""
    met: set[int] = set()
    for each in sorted(found, key=lambda each: each.utterance_id is None):
        if each.likeness.doubt is None and each.utterance_id not in met:
            if each.utterance_id is not None:
                met.add(each.utterance_id)
            yield each


def _take(session: Session, row: Statement, found: _Found) -> int | None:
    """How many statements that brought together which stood alone; None where anything but the words speaks against."""
    other = session.get_one(Statement, found.printing.id)
    if other.utterance_id is not None and other.utterance_id == row.utterance_id:
        return 0
    if not _may_join(session, row, other):
        return None
    alone = sum(each.utterance_id is None for each in (row, other))
    join(session, row, other, by=CodedBy.MACHINE, confidence=found.likeness.confidence)
    return alone


def _may_join(session: Session, row: Statement, other: Statement) -> bool:
    """Whether all that either is together with may be one: by its dates, and by what people said."""
    here, there = (_utterance_of(session, each) for each in (row, other))
    if here and there and not (_is_machines(session, here) or _is_machines(session, there)):
        return False
    return statement_similarity.may_coincide(_said(here or row), _said(there or other)) and not _are_told_apart(
        session, row, other
    )


def _utterance_of(session: Session, row: Statement) -> Utterance | None:
    return None if row.utterance_id is None else session.get_one(Utterance, row.utterance_id)


def _is_machines(session: Session, utterance: Utterance) -> bool:
    """Whether nobody else made the utterance, or put a statement with it; what is known elsewhere was made there."""
    made_here = utterance.coded_by == CodedBy.MACHINE and utterance.external_id is None
    return made_here and not statement_candidates.is_placed_by_people(session.connection(), _id(utterance))


def _are_told_apart(session: Session, row: Statement, other: Statement) -> bool:
    apart = statement_candidates.find_told_apart(session.connection(), _together(session, row))
    return bool(apart) and not apart.isdisjoint(_together(session, other))


def _together(session: Session, row: Statement) -> list[int]:
    """The statement, and those that print the same utterance."""
    return (
        [_id(row)]
        if row.utterance_id is None
        else statement_candidates.list_ids_of_utterance(session.connection(), row.utterance_id)
    )


def _said(row: Statement | Utterance) -> DayRange | None:
    return (
        None if row.said_earliest is None or row.said_latest is None else DayRange(row.said_earliest, row.said_latest)
    )


def _id(row: Statement | Utterance) -> int:
    assert row.id is not None
    return row.id


def _propose(session: Session, row: Statement, found: _Found) -> int:
    """Propose that two statements are one; 0 where that was proposed before, whatever a person said of it."""
    first, second = sorted((_id(row), found.printing.id))
    if lookups.find_row(session, Match, statement_id=first, other_statement_id=second) is not None:
        return 0
    confidence = found.likeness.confidence
    session.add(Match(statement_id=first, other_statement_id=second, coded_by=CodedBy.MACHINE, confidence=confidence))
    session.flush()
    return 1


def _alike(session: Session, row: Statement) -> list[_Found]:
    """What may be the same as a statement that stands alone: what surely is, and then the most alike, first."""
    connection = session.connection()
    [mine] = (shown.printing for shown in _read(connection, [_id(row)]))
    others = _read(connection, _nearby(connection, mine), mine.speaker)
    shown = {each.printing.id: each for each in others if each.is_free}
    found = []
    for printing in statement_similarity.list_closest(mine, [each.printing for each in shown.values()]):
        alike = statement_similarity.compare_statements(mine, printing)
        if alike is not None:
            found.append(_Found(printing, shown[printing.id].utterance_id, alike))
    return sorted(
        found, key=lambda each: (each.likeness.doubt is not None, -each.likeness.confidence, each.printing.id)
    )


def _nearby(connection: Connection, mine: PrintedStatement) -> list[int]:
    """The statements that are compared with one: of its voices and days, and beside it in document and event."""
    first, last = mine.days.widen(statement_similarity.TOLERANCE)
    ids: dict[int, None] = {}
    if mine.speaker is not None:
        ids |= dict.fromkeys(statement_candidates.find_near(connection, mine.speaker, first=first, last=last))
    for relay in mine.relays:
        ids |= dict.fromkeys(statement_candidates.find_near(connection, relay, first=first, last=last, own=True))
    unnamed = mine.kind in (SpeakerKind.PERSON, SpeakerKind.ORGANIZATION)
    ids |= dict.fromkeys(statement_candidates.find_beside(connection, mine.document, mine.event, unnamed=unnamed))
    ids.pop(mine.id, None)
    return list(ids)


class _Shown(NamedTuple):
    """A statement, the utterance that it prints, and by whom it was put there."""

    printing: PrintedStatement
    utterance_id: int | None
    utterance_by: str | None

    @property
    def is_free(self) -> bool:
        """Whether another may be put with it: nobody said that it stands alone."""
        return self.utterance_id is not None or self.utterance_by in _OPEN


def _read(connection: Connection, statement_ids: Sequence[int], speaker: int | None = None) -> Iterator[_Shown]:
    """The statements with those who relayed them, which says nothing more of those that are the ``speaker``'s own."""
    rows = list(statement_candidates.get_statements(connection, statement_ids))
    relays: dict[int, set[int]] = defaultdict(set)
    others = [row.id for row in rows if speaker is None or row.speaker_id != speaker]
    for statement_id, speaker_id in statement_candidates.get_relays(connection, others):
        relays[statement_id].add(speaker_id)
    return (_Shown(_printing(row, relays[row.id]), row.utterance_id, row.utterance_by) for row in rows)


def _printing(row: Row[Any], relays: set[int]) -> PrintedStatement:
    said, days = statement_index.days_of(row)
    return PrintedStatement(
        id=row.id,
        words=row.text,
        span=Span(row.start, row.end),
        document=row.document_id,
        event=row.event_id,
        speaker=row.speaker_id,
        kind=None if row.kind is None else SpeakerKind(row.kind),
        relays=relays,
        said=said,
        days=days,
    )


def join(
    session: Session, one: Statement, other: Statement, *, by: CodedBy, confidence: float | None = None
) -> Utterance:
    """Put two statements with one utterance, and so all that either was together with; ``by`` says who does it.

    Of two utterances the one that people made stays, or else the older one; the other goes.
    """
    there = {utterance.id: utterance for row in (one, other) if (utterance := _utterance_of(session, row))}
    made = Utterance(coded_by=by, confidence=confidence)
    utterance, *emptied = sorted(there.values(), key=_precedence) or [made]
    moved = [row for each in emptied for row in lookups.list_rows(session, Statement, utterance_id=each.id)]
    rows = {_id(row): row for row in (one, other, *moved)}
    if utterance is made or utterance.coded_by == CodedBy.MACHINE:
        for row in rows.values():
            _tell(session, utterance, row)
    session.add(utterance)
    session.flush()
    for row in (one, other):
        if row.utterance_id is None or by != CodedBy.MACHINE:
            row.utterance_by, row.utterance_confidence = by, confidence
    for row in rows.values():
        row.utterance_id = utterance.id
    session.flush()
    for each in emptied:
        session.delete(each)
    if by == CodedBy.MACHINE:
        _withdraw(session, list(rows), _id(utterance))
    session.flush()
    return utterance


def _precedence(utterance: Utterance) -> tuple[bool, bool, int]:
    return utterance.coded_by == CodedBy.MACHINE, utterance.external_id is None, _id(utterance)


def _tell(session: Session, utterance: Utterance, row: Statement) -> None:
    """Let an utterance say by whom and when it was said, as the one of its printings does that knows it best."""
    known = utterance.speaker_id
    if known is None or (known != row.speaker_id and _rank(session, row.speaker_id) < _rank(session, known)):
        utterance.speaker_id = row.speaker_id
    if _vagueness(row) < _vagueness(utterance):
        for name in _SAID:
            setattr(utterance, name, getattr(row, name))


# An agency that reports what a treaty says is not the one that says it, nor is the treaty of which a person speaks.
_RANKS = (SpeakerKind.PERSON, SpeakerKind.DOCUMENT, SpeakerKind.ORGANIZATION, SpeakerKind.UNNAMED)


def _rank(session: Session, speaker_id: int | None) -> int:
    return len(_RANKS) if speaker_id is None else _RANKS.index(session.get_one(Speaker, speaker_id).kind)


def _vagueness(row: Statement | Utterance) -> tuple[bool, dt.timedelta]:
    """How little is known of when it was said: less where the date is in doubt, or of more days."""
    said = _said(row) or ALWAYS
    return row.said_latest_start is None, said.last - said.first


def _withdraw(session: Session, statement_ids: Sequence[int], utterance_id: int) -> None:
    """Take back what was proposed of statements that are together now."""
    connection = session.connection()
    for each in statement_candidates.find_proposed_matches(connection, statement_ids):
        together = statement_candidates.list_ids_of_utterance(connection, utterance_id)
        if each.statement_id in together and each.other_statement_id in together:
            session.delete(session.get_one(Match, each.id))


def part(session: Session, row: Statement, *, by: CodedBy) -> None:
    """Take a statement out of its utterance: one that a person takes out stays alone."""
    left, row.utterance_id = row.utterance_id, None
    row.utterance_by, row.utterance_confidence = by, None
    session.flush()
    tidy(session, left)


def tidy(session: Session, utterance_id: int | None) -> None:
    """Take away an utterance of the machine's that fewer than two statements print, once one of them has left it."""
    utterance = None if utterance_id is None else session.get(Utterance, utterance_id)
    if utterance is None or not _is_machines(session, utterance):
        return
    if len(statement_candidates.list_ids_of_utterance(session.connection(), _id(utterance))) < 2:
        release(session, utterance)
        session.delete(utterance)
        session.flush()


def release(session: Session, utterance: Utterance) -> None:
    """Let all that is with an utterance stand alone."""
    for row in lookups.list_rows(session, Statement, utterance_id=utterance.id):
        row.utterance_id = row.utterance_confidence = None
    session.flush()


def reconsider(session: Session, row: Statement) -> None:
    """Look again where a statement belongs whose words, voices or dates have changed; where others put it, it stays."""
    there = _utterance_of(session, row)
    is_others = there is not None and there.coded_by == CodedBy.MACHINE and there.external_id is not None
    if row.utterance_by in _OPEN and not is_others:
        part(session, row, by=CodedBy.MACHINE)
        group(session, [row])
