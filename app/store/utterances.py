"""Statements and the utterances that they print: grouped by the machine when it is certain, else by people.

The machine leaves alone what a person decided: a statement that a person put with an utterance, or took out of all, and
two statements that a person told apart. ``utterance_by`` says who put a statement with its utterance; ``coded_by``
goes on saying who coded the statement itself.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from app.analysis import statement_similarity
from app.analysis.statement_similarity import ALWAYS, DayRange, PrintedStatement, Similarity
from app.core.spans import Span
from app.core.vocab import CodedBy, SpeakerKind
from app.database.models import Match, Speaker, Statement, Utterance
from app.queries import lookups, statement_candidates
from app.store.derived.statement_index import get_days
from app.store.fields import get_id
from app.store.revisions import WriteSession

_MOVABLE = (None, CodedBy.MACHINE)
"""The values of ``utterance_by`` with which the machine may move a statement."""

_SAID = ("said", "said_earliest", "said_latest", "said_latest_start", "said_earliest_end")

# By whom an utterance is rather said: not by the agency that reports the words of a treaty, nor by the treaty of which
# a person speaks.
_SPEAKER_RANKS = (SpeakerKind.PERSON, SpeakerKind.DOCUMENT, SpeakerKind.ORGANIZATION, SpeakerKind.UNNAMED)


class GroupingCounts(NamedTuple):
    """The number of statements that were put with an utterance, and of doubtful pairs that were proposed."""

    joined: int
    proposed: int


class _Candidate(NamedTuple):
    """A statement, the utterance that it prints, and by whom it was put there."""

    printing: PrintedStatement
    utterance_id: int | None
    utterance_by: str | None


class _Comparison(NamedTuple):
    """A candidate, and how likely it prints the same utterance as the statement in hand."""

    candidate: _Candidate
    similarity: Similarity


def group(session: WriteSession, statements: Iterable[Statement]) -> GroupingCounts:
    """Put statements that stand alone with the utterances that they print, or propose the likeliest doubtful match."""
    joined = proposed = 0
    for row in statements:
        if row.utterance_id is not None or row.utterance_by not in _MOVABLE:
            continue
        comparisons = _compare_with_candidates(session, row)
        if not comparisons:
            continue
        doubtful = []
        for comparison in _list_certain(comparisons):
            count = _join_if_free(session, row, comparison)
            if count is None:
                doubtful.append(comparison)
            else:
                joined += count
        if row.utterance_id is None:
            doubtful += [comparison for comparison in comparisons if comparison.similarity.doubt is not None]
        if doubtful:
            proposed += _propose(session, row, doubtful[0])
    return GroupingCounts(joined, proposed)


def _compare_with_candidates(session: WriteSession, row: Statement) -> list[_Comparison]:
    """Return what may print the same as a statement: certain ones first, then the likeliest."""
    connection = session.connection()
    [own] = _read_candidates(connection, [get_id(row)])
    candidates, printings = {}, []
    for candidate in _read_candidates(connection, _find_nearby(connection, own.printing), own.printing.speaker):
        if candidate.utterance_id is not None or candidate.utterance_by in _MOVABLE:  # no person left it alone
            candidates[candidate.printing.id] = candidate
            printings.append(candidate.printing)
    comparisons = []
    for printing in statement_similarity.list_closest(own.printing, printings):
        result = statement_similarity.compare_statements(own.printing, printing)
        if result is not None:
            comparisons.append(_Comparison(candidates[printing.id], result))
    return sorted(
        comparisons,
        key=lambda row: (row.similarity.doubt is not None, -row.similarity.confidence, row.candidate.printing.id),
    )


def _find_nearby(connection: Connection, own: PrintedStatement) -> list[int]:
    """Return the ids of statements of the same voices and days, or beside it in its document and event."""
    first, last = own.days.widen(statement_similarity.TOLERANCE, statement_similarity.TOLERANCE)
    ids: dict[int, None] = {}
    if own.speaker is not None:
        ids |= dict.fromkeys(statement_candidates.find_near(connection, own.speaker, first=first, last=last))
    for relay in own.relays:
        ids |= dict.fromkeys(statement_candidates.find_near(connection, relay, first=first, last=last, own=True))
    unnamed = own.kind in (SpeakerKind.PERSON, SpeakerKind.ORGANIZATION)
    ids |= dict.fromkeys(statement_candidates.find_beside(connection, own.document, own.event, unnamed=unnamed))
    ids.pop(own.id, None)
    return list(ids)


def _read_candidates(
    connection: Connection, statement_ids: Sequence[int], speaker: int | None = None
) -> list[_Candidate]:
    """Read statements with their relays, but those of ``speaker`` without: they decide nothing there."""
    rows = list(statement_candidates.get_statements(connection, statement_ids))
    relays: dict[int, set[int]] = defaultdict(set)
    relayed = [row.id for row in rows if speaker is None or row.speaker_id != speaker]
    for hop in statement_candidates.get_relays(connection, relayed):
        relays[hop.statement_id].add(hop.speaker_id)
    candidates = []
    for row in rows:
        said, days = get_days(row)
        printing = PrintedStatement(
            id=row.id,
            words=row.text,
            span=Span(row.start, row.end),
            document=row.document_id,
            event=row.event_id,
            speaker=row.speaker_id,
            kind=None if row.kind is None else SpeakerKind(row.kind),
            relays=relays[row.id],
            said=said,
            days=days,
        )
        candidates.append(_Candidate(printing, row.utterance_id, row.utterance_by))
    return candidates


def _list_certain(comparisons: Iterable[_Comparison]) -> Iterator[_Comparison]:
    """Yield certain matches: of the printings of one utterance only the likeliest; those that stand alone last."""
    utterance_ids: set[int] = set()
    alone = []
    for comparison in comparisons:
        utterance_id = comparison.candidate.utterance_id
        if comparison.similarity.doubt is not None or utterance_id in utterance_ids:
            continue
        if utterance_id is None:
            alone.append(comparison)
        else:
            utterance_ids.add(utterance_id)
            yield comparison
    yield from alone


def _join_if_free(session: WriteSession, row: Statement, comparison: _Comparison) -> int | None:
    """Join two statements. Return how many were newly joined, or None if dates or people's verdicts forbid it."""
    other = session.get_one(Statement, comparison.candidate.printing.id)
    if other.utterance_id is not None and other.utterance_id == row.utterance_id:
        return 0
    if not _may_join(session, row, other):
        return None
    count = (row.utterance_id is None) + (other.utterance_id is None)
    join(session, row, other, by=CodedBy.MACHINE, confidence=comparison.similarity.confidence)
    return count


def _may_join(session: WriteSession, row: Statement, other: Statement) -> bool:
    """Tell whether dates and people's verdicts allow that the two, with all they are grouped with, become one."""
    own, second = _get_utterance(session, row), _get_utterance(session, other)
    existing = [utterance for utterance in (own, second) if utterance is not None]
    if len(existing) == 2 and not any(_is_machines(session, utterance) for utterance in existing):
        return False
    if not statement_similarity.may_coincide(_get_said(own or row), _get_said(second or other)):
        return False
    told_apart = statement_candidates.find_distinct(session.connection(), _list_grouped(session, row))
    return not told_apart or told_apart.isdisjoint(_list_grouped(session, other))


def _get_utterance(session: WriteSession, row: Statement) -> Utterance | None:
    return None if row.utterance_id is None else session.get_one(Utterance, row.utterance_id)


def _is_machines(session: WriteSession, utterance: Utterance) -> bool:
    """Tell whether only the machine made the utterance and put statements with it; an external id is a person's."""
    if utterance.coded_by != CodedBy.MACHINE or utterance.external_id is not None:
        return False
    return not statement_candidates.is_assigned_by_people(session.connection(), get_id(utterance))


def _list_grouped(session: WriteSession, row: Statement) -> list[int]:
    """Return the ids of the statement and of those that print the same utterance."""
    if row.utterance_id is None:
        return [get_id(row)]
    return statement_candidates.list_ids_of_utterance(session.connection(), row.utterance_id)


def _get_said(row: Statement | Utterance) -> DayRange | None:
    return (
        None if row.said_earliest is None or row.said_latest is None else DayRange(row.said_earliest, row.said_latest)
    )


def _propose(session: WriteSession, row: Statement, comparison: _Comparison) -> int:
    """Propose that two statements are one; return 0 if that was proposed before, whatever a person decided."""
    first, second = sorted((get_id(row), comparison.candidate.printing.id))
    if lookups.find_row(session, Match, statement_id=first, other_statement_id=second) is not None:
        return 0
    confidence = comparison.similarity.confidence
    session.add(Match(statement_id=first, other_statement_id=second, coded_by=CodedBy.MACHINE, confidence=confidence))
    session.flush()
    return 1


def join(
    session: WriteSession, row: Statement, other: Statement, *, by: CodedBy, confidence: float | None = None
) -> Utterance:
    """Put two statements with one utterance, and so all that either is grouped with; ``by`` says who decided it.

    Of two utterances the one that people made stays, or else the older one; the other is deleted.
    """
    existing = {}
    for statement in (row, other):
        if statement.utterance_id is not None:
            existing[statement.utterance_id] = session.get_one(Utterance, statement.utterance_id)
    new = Utterance(coded_by=by, confidence=confidence)
    utterance, *emptied = sorted(
        existing.values(), key=lambda row: (row.coded_by == CodedBy.MACHINE, row.external_id is None, row.id)
    ) or [new]
    statements = {get_id(row): row, get_id(other): other}
    for left in emptied:
        statements |= {get_id(moved): moved for moved in lookups.list_rows(session, Statement, utterance_id=left.id)}
    if utterance is new or utterance.coded_by == CodedBy.MACHINE:
        for statement in statements.values():
            _improve(session, utterance, statement)
    session.add(utterance)
    session.flush()
    for statement in (row, other):
        if statement.utterance_id is None or by != CodedBy.MACHINE:
            statement.utterance_by, statement.utterance_confidence = by, confidence
    for statement in statements.values():
        statement.utterance_id = utterance.id
    session.flush()
    for left in emptied:
        session.delete(left)
    if by == CodedBy.MACHINE:
        _withdraw_proposals(session, list(statements), get_id(utterance))
    session.flush()
    return utterance


def _improve(session: WriteSession, utterance: Utterance, row: Statement) -> None:
    """Let an utterance have the statement's speaker or dates if these say better who said it, and when."""
    if utterance.speaker_id is None or (
        utterance.speaker_id != row.speaker_id
        and _rank_speaker(session, row.speaker_id) < _rank_speaker(session, utterance.speaker_id)
    ):
        utterance.speaker_id = row.speaker_id
    if _get_vagueness(row) < _get_vagueness(utterance):
        for name in _SAID:
            setattr(utterance, name, getattr(row, name))


def _rank_speaker(session: WriteSession, speaker_id: int | None) -> int:
    if speaker_id is None:
        return len(_SPEAKER_RANKS)
    return _SPEAKER_RANKS.index(session.get_one(Speaker, speaker_id).kind)


def _get_vagueness(row: Statement | Utterance) -> tuple[bool, dt.timedelta]:
    """Return how little is known of when it was said: more if the date is in doubt, or spans more days."""
    said = _get_said(row) or ALWAYS
    return row.said_latest_start is None, said.last - said.first


def _withdraw_proposals(session: WriteSession, statement_ids: Sequence[int], utterance_id: int) -> None:
    """Delete proposed matches of statements that are grouped now."""
    connection = session.connection()
    for match in statement_candidates.find_proposed_matches(connection, statement_ids):
        grouped = statement_candidates.list_ids_of_utterance(connection, utterance_id)
        if match.statement_id in grouped and match.other_statement_id in grouped:
            session.delete(session.get_one(Match, match.id))


def detach(session: WriteSession, row: Statement, *, by: CodedBy) -> None:
    """Take a statement out of its utterance; one that a person takes out stays alone."""
    utterance_id, row.utterance_id = row.utterance_id, None
    row.utterance_by, row.utterance_confidence = by, None
    session.flush()
    prune(session, utterance_id)


def prune(session: WriteSession, utterance_id: int | None) -> None:
    """Delete an utterance of the machine's if fewer than two statements print it, once one of them has left it."""
    utterance = None if utterance_id is None else session.get(Utterance, utterance_id)
    if utterance is None or not _is_machines(session, utterance):
        return
    if len(statement_candidates.list_ids_of_utterance(session.connection(), get_id(utterance))) < 2:
        detach_all(session, utterance)
        session.delete(utterance)
        session.flush()


def detach_all(session: WriteSession, utterance: Utterance) -> None:
    """Take all statements out of an utterance."""
    for row in lookups.list_rows(session, Statement, utterance_id=utterance.id):
        row.utterance_id = row.utterance_confidence = None
    session.flush()


def regroup(session: WriteSession, row: Statement) -> None:
    """Group a statement anew, as its words, voices or dates have changed, unless people or imports placed it."""
    utterance = _get_utterance(session, row)
    is_imported = utterance is not None and utterance.coded_by == CodedBy.MACHINE and utterance.external_id is not None
    if row.utterance_by in _MOVABLE and not is_imported:
        detach(session, row, by=CodedBy.MACHINE)
        group(session, [row])
