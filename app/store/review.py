"""Verdicts of people on a machine's findings: confirmed, corrected, or rejected so that they do not come back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import inspect

from app.core.errors import Conflict, DatelineError, Invalid, PreconditionFailed
from app.core.vocab import CodedBy, Noun, Verdict
from app.database.models import NOUNS, Match, Record, Speaker
from app.queries import lookups
from app.schemas.review import MatchVerdict, VerdictIn
from app.store import records, rejections, sources_and_speakers
from app.store.merging import matches, speakers
from app.store.revisions import WriteSession

_UPDATES: Mapping[Noun, Callable[[WriteSession, Any, Any], Record]] = {
    Noun.EVENTS: records.update_event,
    Noun.REPORTS: records.update_report,
    Noun.SPEAKERS: sources_and_speakers.update_speaker,
    Noun.STATEMENTS: records.update_statement,
    Noun.CLAIMS: records.update_claim,
}

# Records that hang on others are rejected before them, so that each rejection is kept as what it was.
_REJECTION_ORDER = (Noun.STATEMENTS, Noun.CLAIMS, Noun.REPORTS, Noun.EVENTS, Noun.SPEAKERS)


class _Judged(NamedTuple):
    """A verdict, its place in the list, and the record that it is on."""

    place: int
    verdict: VerdictIn
    row: Record

    @property
    def removes(self) -> bool:
        """Tell whether the record is deleted; a match stays, since it records that its two are not the same."""
        return self.verdict.verdict is Verdict.REJECT and not isinstance(self.row, Match)

    @property
    def is_deleted(self) -> bool:
        return bool(inspect(self.row).deleted)

    def fail(self, error: type[DatelineError], problem: str, **extensions: Any) -> DatelineError:
        """Return an error that names the verdict and its record."""
        field = f"verdicts.{self.place}.id"
        detail = f"{self.verdict.noun.singular} {self.verdict.id} {problem}"
        return error(f"{field}: {detail}.", errors=[{"field": field, "detail": detail}], **extensions)


def apply_verdicts(session: WriteSession, verdicts: Sequence[VerdictIn]) -> dict[Verdict, int]:
    """Apply all verdicts in the caller's transaction, and return how many there were of each.

    Raise Invalid, Conflict or PreconditionFailed, naming the verdict, if one is on no record, on one that is not a
    machine's any more, or on one that has changed.
    """
    judged = list(_find_judged(session, verdicts))
    staying = [item for item in judged if not item.removes]
    for item in staying:
        if not item.is_deleted:
            _confirm(session, item)
    session.flush()
    for noun in _REJECTION_ORDER:
        for item in judged:
            if item.verdict.noun is noun and item.removes and not item.is_deleted:
                _reject(session, item.row)
    for item in staying:
        if item.is_deleted:
            raise item.fail(Conflict, "goes with another that is judged here")
    return {word: sum(verdict.verdict is word for verdict in verdicts) for word in Verdict}


def _find_judged(session: WriteSession, verdicts: Sequence[VerdictIn]) -> Iterable[_Judged]:
    rows: dict[tuple[Noun, int | None], Record] = {}
    for noun in {verdict.noun for verdict in verdicts}:
        ids = {verdict.id for verdict in verdicts if verdict.noun is noun}
        rows |= {(noun, row.id): row for row in lookups.iterate_rows(session, NOUNS[noun], "id", ids)}
    seen: set[tuple[Noun, int]] = set()
    for place, verdict in enumerate(verdicts):
        key = (verdict.noun, verdict.id)
        if key not in rows:
            raise Invalid(("verdicts", place, "id"), f"there is no {verdict.noun.singular} {verdict.id}")
        if key in seen:
            name = f"{verdict.noun.singular} {verdict.id}"
            raise Invalid(("verdicts", place, "id"), f"there is another verdict on {name}")
        seen.add(key)
        item = _Judged(place, verdict, rows[key])
        _check(item)
        yield item


def _check(item: _Judged) -> None:
    """Check that the record is still a machine's, and as the person saw it."""
    row, expected = item.row, item.verdict.if_revision
    if row.coded_by != CodedBy.MACHINE:
        raise item.fail(Conflict, f"is not a machine's reading: it is coded_by {row.coded_by}")
    if expected is not None and row.revision_id > expected:
        problem = f"was changed in revision {row.revision_id}"
        raise item.fail(PreconditionFailed, problem, revision=row.revision_id)


def _confirm(session: WriteSession, item: _Judged) -> None:
    """Make the record a person's, as it is, corrected, or decided."""
    row, verdict, confidence = item.row, item.verdict, None
    if isinstance(row, Match):
        try:
            matches.decide(session, row, same=verdict.verdict is Verdict.CONFIRM)
        except Invalid as error:
            raise Invalid(("verdicts", item.place, "id"), error.extensions["errors"][0]["detail"]) from error
    elif not isinstance(verdict, MatchVerdict) and verdict.changes is not None:
        try:
            _UPDATES[verdict.noun](session, row, verdict.changes)
        except Invalid as error:
            raise _move_below(error, f"verdicts.{item.place}.changes") from error
        confidence = verdict.changes.confidence
    row.coded_by, row.confidence = CodedBy.HUMAN, confidence


def _move_below(error: Invalid, path: str) -> Invalid:
    """Return the error of a correction with its fields below ``path``."""
    errors = [{**problem, "field": f"{path}.{problem['field']}"} for problem in error.extensions["errors"]]
    return Invalid(errors[0]["field"], errors[0]["detail"], errors=errors)


def _reject(session: WriteSession, row: Record) -> None:
    rejections.add_rejections(session, row)
    if isinstance(row, Speaker):
        speakers.remove_attributions(session, row)
    records.delete(session, row)
