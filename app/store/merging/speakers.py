"""Speakers that turn out to be one, or several, or none."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from app.core.errors import Invalid
from app.core.spans import make_match_key
from app.core.vocab import CodedBy
from app.database.models import Attribution, Claim, Speaker, SpeakerAlias, Statement, Utterance
from app.queries import lookups
from app.schemas.speaker import SpeakerCreate, SpeakerMerge, SpeakerSplit
from app.store import records, utterances
from app.store.fields import At, get_id, resolve
from app.store.revisions import WriteSession
from app.store.sources_and_speakers import add_speaker

# Columns that a speaker takes over from a merged one if it lacks them.
_FILLED_COLUMNS = ("title", "country", "wikidata_id", "source_id")

_REGROUPED = 1_000
"""Statements that are grouped anew at once; the command ``dateline group`` looks at the others."""


class _AffectedStatements(NamedTuple):
    """Ids of the statements that speakers made, and of those that they relayed."""

    made: set[int]
    relayed: set[int]


def merge_speakers(session: WriteSession, into: Speaker, body: SpeakerMerge) -> Speaker:
    """Merge other speakers into this one: their statements, hops and names become its, and they are deleted.

    Raise Invalid, naming the place in the list, for one that cannot be the same.
    """
    merged = list(_find_speakers_to_merge(session, into, body))
    affected = _replace_speakers(session, {get_id(speaker) for speaker in merged}, into.id)
    _shorten_chains(session, affected.made | affected.relayed, into.id)
    _take_names(session, into, merged)
    for speaker in merged:
        if into.coded_by == CodedBy.MACHINE and speaker.coded_by != CodedBy.MACHINE:
            into.kind = speaker.kind
        for name in _FILLED_COLUMNS:
            if getattr(into, name) is None:
                setattr(into, name, getattr(speaker, name))
        records.delete(session, speaker)
        session.annotate_history(speaker, merged_into=into.id)
    into.coded_by, into.confidence = CodedBy.HUMAN, None
    session.flush()
    regrouped = sorted(affected.made | affected.relayed)[:_REGROUPED]
    utterances.group(session, lookups.iterate_rows(session, Statement, "id", regrouped))
    return into


def _find_speakers_to_merge(session: WriteSession, into: Speaker, body: SpeakerMerge) -> Iterator[Speaker]:
    seen = {into.id}
    for place, ref in enumerate(body.refs):
        at = ("from", place)
        speaker = resolve(session, Speaker, ref, at)
        if speaker.id in seen:
            raise Invalid(at, "a speaker is merged once, and not into itself")
        seen.add(speaker.id)
        if CodedBy.MACHINE not in (speaker.coded_by, into.coded_by):
            _check_may_be_same(into, speaker, at)
        yield speaker


def _check_may_be_same(into: Speaker, other: Speaker, at: At) -> None:
    """Raise Invalid if two speakers that people described contradict each other."""
    if other.kind != into.kind:
        raise Invalid(at, f"{other.slug} is of kind {other.kind}, {into.slug} of kind {into.kind}")
    if None not in (other.wikidata_id, into.wikidata_id) and other.wikidata_id != into.wikidata_id:
        raise Invalid(at, f"{other.slug} is {other.wikidata_id} in Wikidata, {into.slug} is {into.wikidata_id}")


def _replace_speakers(session: WriteSession, ids: Collection[int], new_id: int | None) -> _AffectedStatements:
    """Replace these speakers by another in statements, utterances, claims and chains; without another, delete hops."""
    statements = list(lookups.iterate_rows(session, Statement, "speaker_id", ids))
    hops = list(lookups.iterate_rows(session, Attribution, "speaker_id", ids))
    # Loaded before the hops are flushed, each of which changes its statement.
    relayed = list(lookups.iterate_rows(session, Statement, "id", {hop.statement_id for hop in hops}))
    for row in (*statements, *lookups.iterate_rows(session, Utterance, "speaker_id", ids)):
        row.speaker_id = new_id
    for claim in lookups.iterate_rows(session, Claim, "attributed_to_id", ids):
        claim.attributed_to_id = new_id
    for hop in hops:
        if new_id is None:
            session.delete(hop)
        else:
            hop.speaker_id = new_id
    session.flush()
    return _AffectedStatements({get_id(row) for row in statements}, {get_id(row) for row in relayed})


def _shorten_chains(session: WriteSession, statement_ids: Collection[int], speaker_id: int | None = None) -> None:
    """Delete hops that only repeat their neighbour, or have the speaker relay its own words."""
    statements = {row.id: row for row in lookups.iterate_rows(session, Statement, "id", statement_ids)}
    shortened: list[list[Attribution]] = []
    for statement_id, chain in _list_chains(session, statement_ids).items():
        remaining = _drop_repeats(chain)
        own = speaker_id is not None and statements[statement_id].speaker_id == speaker_id
        if own and remaining and remaining[-1].speaker_id == speaker_id:
            remaining.pop()
        for hop in chain:
            if hop not in remaining:
                session.delete(hop)
        shortened.append(remaining)
    session.flush()
    _renumber(session, shortened)


def _list_chains(session: WriteSession, statement_ids: Collection[int]) -> dict[int, list[Attribution]]:
    """Return the hops of these statements, the nearest to the document first."""
    chains: dict[int, list[Attribution]] = defaultdict(list)
    hops = lookups.iterate_rows(session, Attribution, "statement_id", statement_ids)
    for hop in sorted(hops, key=lambda hop: hop.position):
        chains[hop.statement_id].append(hop)
    return chains


def _drop_repeats(chain: Sequence[Attribution]) -> list[Attribution]:
    """Return, of neighbours with one speaker, the first, or the first that has a cue."""
    remaining: list[Attribution] = []
    for hop in chain:
        if not remaining or remaining[-1].speaker_id != hop.speaker_id:
            remaining.append(hop)
        elif remaining[-1].cue is None:
            remaining[-1] = hop
    return remaining


def _renumber(session: WriteSession, chains: Sequence[Sequence[Attribution]]) -> None:
    """Renumber the hops from 0: first all that come first, then all that come second, so that no position clashes."""
    for position in range(max(map(len, chains), default=0)):
        for chain in chains:
            if position < len(chain) and chain[position].position != position:
                chain[position].position = position
        session.flush()


def _take_names(session: WriteSession, into: Speaker, merged: Sequence[Speaker]) -> None:
    """Make the merged speakers' names aliases, so that the next document finds the speaker by them."""
    speaker_ids = {into.id, *(speaker.id for speaker in merged)}
    aliases = list(lookups.iterate_rows(session, SpeakerAlias, "speaker_id", speaker_ids))
    keys = {into.name_key, *(alias.name_key for alias in aliases if alias.speaker_id == into.id)}
    for speaker in merged:
        for name in (speaker.name, *(alias.name for alias in aliases if alias.speaker_id == speaker.id)):
            key = make_match_key(name)
            if key not in keys:
                keys.add(key)
                session.add(SpeakerAlias(speaker_id=get_id(into), name=name, name_key=key))


def split_speaker(session: WriteSession, speaker: Speaker, body: SpeakerSplit) -> Speaker:
    """Make another speaker of some of a speaker's names, statements and claims.

    Raise Invalid, naming the place in the list, for what is not the speaker's.
    """
    aliases = {alias.name_key: alias for alias in lookups.list_rows(session, SpeakerAlias, speaker_id=speaker.id)}
    moved = {make_match_key(name): name for name in body.aliases}
    for place, name in enumerate(body.aliases):
        if make_match_key(name) not in aliases:
            raise Invalid(("aliases", place), f"{speaker.slug} has no such other name")
    own = make_match_key(body.name)
    for key in {own, *moved} & aliases.keys():
        session.delete(aliases[key])
    names = [name for key, name in moved.items() if key != own]
    other = add_speaker(
        session, SpeakerCreate(name=body.name, slug=body.slug, kind=body.kind or speaker.kind, aliases=names)
    )
    _move_statements(session, speaker, other, body.statement_ids)
    _move_claims(session, speaker, other, body.claim_ids)
    return other


def _move_statements(session: WriteSession, speaker: Speaker, other: Speaker, ids: Sequence[int]) -> None:
    statements = {row.id: row for row in lookups.iterate_rows(session, Statement, "id", ids)}
    relays: dict[int, list[Attribution]] = defaultdict(list)
    for hop in lookups.iterate_rows(session, Attribution, "statement_id", ids):
        if hop.speaker_id == speaker.id:
            relays[hop.statement_id].append(hop)
    for place, statement_id in enumerate(ids):
        row = statements.get(statement_id)
        if row is None or (row.speaker_id != speaker.id and statement_id not in relays):
            raise Invalid(
                ("statement_ids", place), f"{speaker.slug} neither made nor relayed a statement {statement_id}"
            )
    made = [row for row in statements.values() if row.speaker_id == speaker.id]
    for row in made:
        row.speaker_id = other.id
    for hops in relays.values():
        for hop in hops:
            hop.speaker_id = get_id(other)
    session.flush()
    _move_utterances(session, speaker, other, {row.utterance_id for row in made} - {None})
    for row in list(statements.values())[:_REGROUPED]:
        utterances.regroup(session, row)


def _move_utterances(session: WriteSession, speaker: Speaker, other: Speaker, ids: Collection[int | None]) -> None:
    """Give the other speaker the utterances of which no printing is the first speaker's any more."""
    statements = lookups.iterate_rows(session, Statement, "utterance_id", ids)
    staying = {row.utterance_id for row in statements if row.speaker_id == speaker.id}
    for row in lookups.iterate_rows(session, Utterance, "id", set(ids) - staying):
        if row.speaker_id == speaker.id:
            row.speaker_id = other.id


def _move_claims(session: WriteSession, speaker: Speaker, other: Speaker, ids: Sequence[int]) -> None:
    claims = {row.id: row for row in lookups.iterate_rows(session, Claim, "id", ids)}
    for place, claim_id in enumerate(ids):
        row = claims.get(claim_id)
        if row is None or row.attributed_to_id != speaker.id:
            raise Invalid(("claim_ids", place), f"there is no claim {claim_id} attributed to {speaker.slug}")
        row.attributed_to_id = other.id


def remove_attributions(session: WriteSession, speaker: Speaker) -> None:
    """Leave statements without this speaker, and chains without its hops, since it is no speaker."""
    affected = _replace_speakers(session, {get_id(speaker)}, None)
    _shorten_chains(session, affected.relayed)
