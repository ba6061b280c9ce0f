"""What people say of a machine's findings: confirmed, corrected, or rejected so that they do not come back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import inspect
from sqlmodel import Session

from app.core.errors import Conflict, DatelineError, Invalid, PreconditionFailed
from app.core.vocab import CodedBy, Noun, Verdict
from app.database.models import NOUNS, Match, Record, Speaker
from app.queries import lookups
from app.schemas.review import MatchVerdict, VerdictIn
from app.store import records as store
from app.store import rejections
from app.store.merging import matches, speakers

_UPDATES: Mapping[Noun, Callable[[Session, Any, Any], Record]] = {
    Noun.EVENTS: store.update_event,
    Noun.REPORTS: store.update_report,
    Noun.SPEAKERS: store.update_speaker,
    Noun.STATEMENTS: store.update_statement,
    Noun.CLAIMS: store.update_claim,
}

# What hangs on other records is rejected before them, so that each rejection is remembered as what it was.
_IN_TURN = (Noun.STATEMENTS, Noun.CLAIMS, Noun.REPORTS, Noun.EVENTS, Noun.SPEAKERS)

_Judged = tuple[int, VerdictIn, Record]
"""The place in the list, the verdict, and the record that it is on."""


def judge(session: Session, verdicts: Sequence[VerdictIn]) -> dict[Verdict, int]:
    """Do what the verdicts say, all in the caller's transaction; returns how many there were of each.

    Raises Invalid, Conflict or PreconditionFailed, naming the verdict, where one is on no record, on one that is not
    a machine's any more, or on one that has changed.
    """
    judged = list(_records(session, verdicts))
    # A match is kept whatever is said of it: that its two are not the same is remembered by it.
    kept = [each for each in judged if each[1].verdict is not Verdict.REJECT or isinstance(each[2], Match)]
    for place, verdict, row in kept:
        if not inspect(row).deleted:
            _keep(session, place, verdict, row)
    session.flush()
    for noun in _IN_TURN:
        for _, verdict, row in judged:
            if verdict.noun is noun and verdict.verdict is Verdict.REJECT and not inspect(row).deleted:
                _reject(session, row)
    for place, verdict, row in kept:
        if inspect(row).deleted:
            raise _at(place, Conflict, f"{_name(verdict)} goes with another that is judged here")
    return {word: sum(verdict.verdict is word for verdict in verdicts) for word in Verdict}


def _records(session: Session, verdicts: Sequence[VerdictIn]) -> Iterable[_Judged]:
    found = {noun: _by_id(session, noun, verdicts) for noun in {verdict.noun for verdict in verdicts}}
    seen: set[tuple[Noun, int]] = set()
    for place, verdict in enumerate(verdicts):
        row = found[verdict.noun].get(verdict.id)
        if row is None:
            raise Invalid(("verdicts", place, "id"), f"there is no {verdict.noun.singular} {verdict.id}")
        if (verdict.noun, verdict.id) in seen:
            raise Invalid(("verdicts", place, "id"), f"there is another verdict on {_name(verdict)}")
        seen.add((verdict.noun, verdict.id))
        _check(place, verdict, row)
        yield place, verdict, row


def _by_id(session: Session, noun: Noun, verdicts: Sequence[VerdictIn]) -> dict[int | None, Record]:
    ids = {verdict.id for verdict in verdicts if verdict.noun is noun}
    return {row.id: row for row in lookups.iterate_rows(session, NOUNS[noun], "id", ids)}


def _check(place: int, verdict: VerdictIn, row: Record) -> None:
    """The record is still the machine's, and what the person saw of it."""
    if row.coded_by != CodedBy.MACHINE:
        raise _at(place, Conflict, f"{_name(verdict)} is not a machine's reading: it is coded_by {row.coded_by}")
    if verdict.if_revision is not None and row.revision_id > verdict.if_revision:
        detail = f"{_name(verdict)} was changed in revision {row.revision_id}"
        raise _at(place, PreconditionFailed, detail, revision=row.revision_id)


def _name(verdict: VerdictIn) -> str:
    return f"{verdict.noun.singular} {verdict.id}"


def _at(place: int, error: type[DatelineError], detail: str, **extensions: Any) -> DatelineError:
    """The error, naming the verdict that it is about."""
    field = f"verdicts.{place}.id"
    return error(f"{field}: {detail}.", errors=[{"field": field, "detail": detail}], **extensions)


def _keep(session: Session, place: int, verdict: VerdictIn, row: Record) -> None:
    """Make the record a person's, as it is or as corrected, or as decided."""
    confidence = None
    if isinstance(row, Match):
        _settle(session, place, verdict, row)
    elif not isinstance(verdict, MatchVerdict) and verdict.changes is not None:
        try:
            _UPDATES[verdict.noun](session, row, verdict.changes)
        except Invalid as error:
            raise _below(error, place) from error
        confidence = verdict.changes.confidence
    row.coded_by, row.confidence = CodedBy.HUMAN, confidence


def _settle(session: Session, place: int, verdict: VerdictIn, match: Match) -> None:
    try:
        matches.settle(session, match, same=verdict.verdict is Verdict.CONFIRM)
    except Invalid as error:
        raise Invalid(("verdicts", place, "id"), error.extensions["errors"][0]["detail"]) from error


def _below(error: Invalid, place: int) -> Invalid:
    """The error of a correction, its fields under the path of the verdict."""
    errors = [{**each, "field": f"verdicts.{place}.changes.{each['field']}"} for each in error.extensions["errors"]]
    return Invalid(errors[0]["field"], errors[0]["detail"], errors=errors)


def _reject(session: Session, row: Record) -> None:
    rejections.remember(session, row)
    if isinstance(row, Speaker):
        speakers.silence(session, row)
    store.delete(session, row)
