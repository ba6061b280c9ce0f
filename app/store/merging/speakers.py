"""Speakers that turn out to be one, or several; and those that turn out to be none."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlmodel import Session

from app.core.errors import Invalid
from app.core.spans import make_match_key
from app.core.vocab import CodedBy
from app.database.models import Attribution, Claim, Speaker, SpeakerAlias, Statement, Utterance
from app.queries import lookups
from app.schemas.speaker import SpeakerCreate, SpeakerMerge, SpeakerSplit
from app.store import records as store
from app.store import revisions, utterances
from app.store.references import resolve

# What a speaker takes over of another where it lacks it.
_FILLED = ("title", "country", "wikidata_id", "source_id")

# Statements that are looked at again, for what they now print the same as; of more `dateline group` takes care.
_REGROUPED = 1_000


def merge(session: Session, into: Speaker, body: SpeakerMerge) -> Speaker:
    """Make other speakers this one: what they said, relayed and are called is its, and they are deleted.

    Raises Invalid, naming the place in the list, for one that cannot be the same.
    """
    others = list(_others(session, into, body))
    ids = {other.id for other in others}
    said, relayed = _rename(session, ids, into.id)
    _shorten(session, said | relayed, into.id)
    _take_names(session, into, others)
    for other in others:
        _fill(into, other)
        store.delete(session, other)
        revisions.annotate(session, other, merged_into=into.id)
    into.coded_by, into.confidence = CodedBy.HUMAN, None
    session.flush()
    utterances.group(session, lookups.iterate_rows(session, Statement, "id", sorted(said | relayed)[:_REGROUPED]))
    return into


def _others(session: Session, into: Speaker, body: SpeakerMerge) -> Iterator[Speaker]:
    seen = {into.id}
    for place, ref in enumerate(body.others):
        at = ("from", place)
        other = resolve(session, Speaker, ref, at)
        if other.id in seen:
            raise Invalid(at, "a speaker is merged once, and not into itself")
        seen.add(other.id)
        if CodedBy.MACHINE not in (other.coded_by, into.coded_by):
            _check_same(into, other, at)
        yield other


def _check_same(into: Speaker, other: Speaker, at: tuple[str | int, ...]) -> None:
    """Two speakers that people described do not contradict each other."""
    if other.kind != into.kind:
        raise Invalid(at, f"{other.slug} is of kind {other.kind}, {into.slug} of kind {into.kind}")
    if None not in (other.wikidata_id, into.wikidata_id) and other.wikidata_id != into.wikidata_id:
        raise Invalid(at, f"{other.slug} is {other.wikidata_id} in Wikidata, {into.slug} is {into.wikidata_id}")


def _rename(session: Session, ids: Collection[int | None], ident: int | None) -> tuple[set[int], set[int]]:
    """Put another speaker, or nobody, in the place of these; returns the statements that they made, and relayed.

    Where nobody takes their place, their hops go.
    """
    said = list(lookups.iterate_rows(session, Statement, "speaker_id", ids))
    hops = list(lookups.iterate_rows(session, Attribution, "speaker_id", ids))
    # At hand when the hops are flushed, each of which changes its statement.
    relayed = list(lookups.iterate_rows(session, Statement, "id", {hop.statement_id for hop in hops}))
    for row in (*said, *lookups.iterate_rows(session, Utterance, "speaker_id", ids)):
        row.speaker_id = ident
    for claim in lookups.iterate_rows(session, Claim, "attributed_to_id", ids):
        claim.attributed_to_id = ident
    for hop in hops:
        if ident is None:
            session.delete(hop)
        else:
            hop.speaker_id = ident
    session.flush()
    return _ids(said), _ids(relayed)


def _ids(rows: Iterable[Statement]) -> set[int]:
    return {row.id for row in rows if row.id is not None}


def _shorten(session: Session, statement_ids: Collection[int], ident: int | None = None) -> None:
    """Leave out hops that only repeat their neighbour, or have the speaker ``ident`` relay its own words."""
    statements = {row.id: row for row in lookups.iterate_rows(session, Statement, "id", statement_ids)}
    kept: list[list[Attribution]] = []
    for statement_id, chain in _chains(session, statement_ids).items():
        wanted = _without_repeats(chain)
        if ident is not None and wanted and wanted[-1].speaker_id == ident == statements[statement_id].speaker_id:
            wanted.pop()
        for hop in chain:
            if hop not in wanted:
                session.delete(hop)
        kept.append(wanted)
    session.flush()
    _close_up(session, kept)


def _chains(session: Session, statement_ids: Collection[int]) -> dict[int, list[Attribution]]:
    """The hops of these statements, the nearest to the document first."""
    chains: dict[int, list[Attribution]] = defaultdict(list)
    hops = lookups.iterate_rows(session, Attribution, "statement_id", statement_ids)
    for hop in sorted(hops, key=lambda hop: hop.position):
        chains[hop.statement_id].append(hop)
    return chains


def _without_repeats(chain: Sequence[Attribution]) -> list[Attribution]:
    """Of neighbours that are the same voice the first, or the first that has a cue."""
    wanted: list[Attribution] = []
    for hop in chain:
        if not wanted or wanted[-1].speaker_id != hop.speaker_id:
            wanted.append(hop)
        elif wanted[-1].cue is None:
            wanted[-1] = hop
    return wanted


def _close_up(session: Session, chains: Sequence[Sequence[Attribution]]) -> None:
    """Number the hops from 0: all that come first, then all that come second, so that no place is taken twice."""
    for position in range(max(map(len, chains), default=0)):
        for chain in chains:
            if position < len(chain) and chain[position].position != position:
                chain[position].position = position
        session.flush()


def _take_names(session: Session, into: Speaker, others: Sequence[Speaker]) -> None:
    """Let the speaker be known by the others' names, so that the next document finds it by them."""
    aliases = list(
        lookups.iterate_rows(session, SpeakerAlias, "speaker_id", {into.id, *(other.id for other in others)})
    )
    assert into.id is not None
    known = {into.name_key, *(alias.name_key for alias in aliases if alias.speaker_id == into.id)}
    for other in others:
        for name in (other.name, *(alias.name for alias in aliases if alias.speaker_id == other.id)):
            key = make_match_key(name)
            if key not in known:
                known.add(key)
                session.add(SpeakerAlias(speaker_id=into.id, name=name, name_key=key))


def _fill(into: Speaker, other: Speaker) -> None:
    """Take over what the other knows; what a person says of it goes before a machine's reading."""
    if into.coded_by == CodedBy.MACHINE and other.coded_by != CodedBy.MACHINE:
        into.kind = other.kind
    for name in _FILLED:
        if getattr(into, name) is None:
            setattr(into, name, getattr(other, name))


def split(session: Session, speaker: Speaker, body: SpeakerSplit) -> Speaker:
    """Make another speaker of some of a speaker's names, statements and claims.

    Raises Invalid, naming the place in the list, for what is not the speaker's.
    """
    aliases = {alias.name_key: alias for alias in lookups.list_rows(session, SpeakerAlias, speaker_id=speaker.id)}
    moved = {make_match_key(name): name for name in body.aliases}
    for place, key in enumerate(map(make_match_key, body.aliases)):
        if key not in aliases:
            raise Invalid(("aliases", place), f"{speaker.slug} has no such other name")
    own = make_match_key(body.name)
    for key in {own, *moved} & aliases.keys():
        session.delete(aliases[key])
    names = [name for key, name in moved.items() if key != own]
    made = SpeakerCreate(name=body.name, slug=body.slug, kind=body.kind or speaker.kind, aliases=names)
    other = store.add_speaker(session, made)
    _move_statements(session, speaker, other, body.statements)
    _move_claims(session, speaker, other, body.claims)
    return other


def _move_statements(session: Session, speaker: Speaker, other: Speaker, ids: Sequence[int]) -> None:
    there = {row.id: row for row in lookups.iterate_rows(session, Statement, "id", ids)}
    relayed = {
        ident: [hop for hop in chain if hop.speaker_id == speaker.id] for ident, chain in _chains(session, ids).items()
    }
    for place, ident in enumerate(ids):
        row = there.get(ident)
        if row is None or (row.speaker_id != speaker.id and not relayed.get(ident)):
            raise Invalid(("statements", place), f"{speaker.slug} neither made nor relayed a statement {ident}")
    made = [row for row in there.values() if row.speaker_id == speaker.id]
    for each in (*made, *(hop for hops in relayed.values() for hop in hops)):
        each.speaker_id = other.id
    session.flush()
    _move_utterances(session, speaker, other, {row.utterance_id for row in made} - {None})
    for row in list(there.values())[:_REGROUPED]:
        utterances.reconsider(session, row)


def _move_utterances(session: Session, speaker: Speaker, other: Speaker, ids: Collection[int | None]) -> None:
    """What was said is the other's where no printing of it is the speaker's any more."""
    printings = lookups.iterate_rows(session, Statement, "utterance_id", ids)
    left = {row.utterance_id for row in printings if row.speaker_id == speaker.id}
    for row in lookups.iterate_rows(session, Utterance, "id", set(ids) - left):
        if row.speaker_id == speaker.id:
            row.speaker_id = other.id


def _move_claims(session: Session, speaker: Speaker, other: Speaker, ids: Sequence[int]) -> None:
    there = {row.id: row for row in lookups.iterate_rows(session, Claim, "id", ids)}
    for place, ident in enumerate(ids):
        row = there.get(ident)
        if row is None or row.attributed_to_id != speaker.id:
            raise Invalid(("claims", place), f"there is no claim {ident} attributed to {speaker.slug}")
        row.attributed_to_id = other.id


def silence(session: Session, speaker: Speaker) -> None:
    """Take away what is attributed to somebody who is no speaker: words stay without one, chains without the hop."""
    _, relayed = _rename(session, {speaker.id}, None)
    _shorten(session, relayed)
