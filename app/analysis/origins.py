"""Find the independent origins of an event's reports, or of an utterance's printings.

From each document a path leads over its outlet and the speakers that it relays to an origin. Each origin counts once,
however many outlets repeat it; none is declared right. docs/decisions/0014-origins.md defines an origin and
gives the reasons.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from operator import itemgetter

from app.analysis.copies import Copy, compare_sketches, find_copies
from app.analysis.origin_rows import (
    OriginKey,
    OriginKeyResolver,
    SourcedDocument,
    SourcedStatement,
    SourceRef,
    SpeakerRef,
)


class Basis(StrEnum):
    """The reason why a document rests on an origin."""

    OWN_VOICE = "own_voice"
    RELAYED = "relayed"
    REPORTED = "reported"
    CREDITED = "credited"
    COPIED = "copied"
    ATTRIBUTED = "attributed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The reason why a document rests on an origin, and the statements that show it, or the document it copies."""

    document_id: int
    basis: Basis
    statement_ids: tuple[int, ...] = ()
    copy: Copy | None = None


Member = SourceRef | SpeakerRef


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin, its names, the documents that rest on it, and ``through``: those heard through this origin alone."""

    key: OriginKey
    members: Sequence[Member]
    evidence: Sequence[Evidence]
    through: Sequence[OriginKey]


@dataclass(frozen=True, slots=True)
class _Path:
    """A path from a document to a key, ``over`` others; ``beyond`` are further ones, nearer to the speaker."""

    key: OriginKey
    member: Member | None
    evidence: Evidence
    over: tuple[OriginKey, ...] = ()
    beyond: tuple[OriginKey, ...] = ()


_FindPaths = Callable[[SourcedDocument, OriginKeyResolver], list[_Path]]


def find_event_origins(documents: Sequence[SourcedDocument], resolver: OriginKeyResolver) -> list[Origin]:
    """Find the origins of the event that these documents report, in the documents' order: the earliest first."""
    paths: list[_Path] = []
    for group in _group_copies(documents):
        paths += _find_group_paths(group, resolver, _find_report_paths)
    return _build_origins(documents, paths)


def find_utterance_origins(documents: Sequence[SourcedDocument], resolver: OriginKeyResolver) -> list[Origin]:
    """Find the origins of the utterance that statements of these documents print, in the documents' order."""
    paths: list[_Path] = []
    for group in _group_copies(documents):
        relayed = [path for document in group for path in _find_relayed_paths(document, resolver)]
        with_relays = {path.evidence.document_id for path in relayed}
        group_paths = _find_group_paths(group, resolver, _find_printing_paths)
        paths += relayed
        paths += (path for path in group_paths if path.evidence.document_id not in with_relays)
    return _build_origins(documents, paths)


def _group_copies(documents: Sequence[SourcedDocument]) -> Iterable[list[SourcedDocument]]:
    """Group the documents that are near-copies of one text."""
    sketches = {document.id: document.sketch for document in documents if document.sketch}
    copies = find_copies(sketches) if len(sketches) > 1 else {}
    groups: dict[int, list[SourcedDocument]] = defaultdict(list)
    for document in documents:
        copy = copies.get(document.id)
        groups[copy.original_id if copy else document.id].append(document)
    return groups.values()


def _find_group_paths(
    group: Sequence[SourcedDocument], resolver: OriginKeyResolver, find_paths: _FindPaths
) -> Iterator[_Path]:
    """Lead all copies to the agency that most of them credit, or else to where the first of them leads."""
    credits: dict[int, OriginKey] = {}
    for document in group:
        if document.credit is not None:
            credits[document.id] = resolver.resolve_agency(document.credit)
    agency = max(credits.values(), key=Counter(credits.values()).__getitem__, default=None)
    head = group[0] if len(group) == 1 else _find_head(group, resolver, agency, credits)
    head_paths = find_paths(head, resolver) if agency is None else [_build_credited_path(head, resolver, agency)]
    yield from head_paths
    for document in group:
        if document is head:
            continue
        if agency is not None and credits.get(document.id) == agency:
            yield _build_credited_path(document, resolver, agency)
            continue
        copy = Copy(head.id, compare_sketches(head.sketch, document.sketch))
        for path in head_paths:
            yield replace(path, evidence=Evidence(document.id, Basis.COPIED, copy=copy))


def _find_head(
    group: Sequence[SourcedDocument],
    resolver: OriginKeyResolver,
    agency: OriginKey | None,
    credits: Mapping[int, OriginKey],
) -> SourcedDocument:
    """Find the document that the others copy: an agency's own, or the first to credit it, or else the earliest."""
    for document in group:
        if document.source.is_agency and agency in (None, resolver.resolve_source(document.source)):
            return document
    return next((document for document in group if agency and credits.get(document.id) == agency), group[0])


def _build_credited_path(document: SourcedDocument, resolver: OriginKeyResolver, agency: OriginKey) -> _Path:
    """Lead to the agency, which may be the document's own source."""
    bearer = None if document.credit is None else resolver.find_bearer(document.credit)
    source = bearer.source if isinstance(bearer, SpeakerRef) else bearer
    if document.credit is None or source == document.source:
        return _Path(agency, document.source, Evidence(document.id, Basis.OWN_VOICE))
    return _Path(agency, bearer, Evidence(document.id, Basis.CREDITED))


def _find_report_paths(document: SourcedDocument, resolver: OriginKeyResolver) -> list[_Path]:
    """Lead to the news media that the document relays, or else whom it attributes its report to, or else its source."""
    paths = []
    for statement in document.statements:
        path = _find_news_path(document, statement, resolver) if statement.is_tied else None
        if path is not None:
            paths.append(path)
    if not paths:
        path = _find_attributed_path(document, resolver)
        paths.append(_build_own_path(document, resolver) if path is None else path)
    return paths


def _find_printing_paths(document: SourcedDocument, resolver: OriginKeyResolver) -> list[_Path]:
    return _find_relayed_paths(document, resolver) or [_build_own_path(document, resolver)]


def _find_news_path(
    document: SourcedDocument, statement: SourcedStatement, resolver: OriginKeyResolver
) -> _Path | None:
    """Lead over a statement to the news medium nearest to its speaker, or that is its speaker."""
    speakers = statement.chain if statement.speaker is None else (*statement.chain, statement.speaker)
    media = list(filter(resolver.is_news_medium, speakers))
    if not media:
        return None
    *over, medium = media
    place = len(speakers) - 1 - speakers[::-1].index(medium)
    basis = Basis.REPORTED if place == len(statement.chain) else Basis.RELAYED
    return _Path(
        resolver.resolve_speaker(medium),
        medium,
        Evidence(document.id, basis, (statement.id,)),
        over=tuple(map(resolver.resolve_speaker, over)),
        beyond=tuple(map(resolver.resolve_speaker, statement.chain[place + 1 :])),
    )


def _find_relayed_paths(document: SourcedDocument, resolver: OriginKeyResolver) -> list[_Path]:
    """Lead over each relayed printing to the speaker nearest to the utterance's own.

    A document that names once from whom it has the words has them from there wherever else it prints them.
    """
    unrelayed = tuple(statement.id for statement in document.statements if not statement.chain)
    paths = []
    for statement in document.statements:
        if statement.chain:
            *over, last = statement.chain
            evidence = Evidence(document.id, Basis.RELAYED, (statement.id, *unrelayed))
            key = resolver.resolve_speaker(last)
            paths.append(_Path(key, last, evidence, over=tuple(map(resolver.resolve_speaker, over))))
    return paths


# The least share of the reporting passage that must lie within a statement for the statement to be the report: a
# document that tells in its own voice that something was said, and what, reports that.
_LEAST_SHARE = 0.75


def _find_attributed_path(document: SourcedDocument, resolver: OriginKeyResolver) -> _Path | None:
    """Lead to the speaker of the statement that holds the report; of several the one that covers it best."""
    passage = document.passage
    if passage is None:
        return None
    ranked = []
    for statement in document.statements:
        span = statement.span
        overlap = min(passage.end, span.end) - max(passage.start, span.start)
        share = max(overlap, 0) / (passage.end - passage.start)
        if share >= _LEAST_SHARE and (statement.speaker or statement.chain):
            ranked.append((share, span.start - span.end, -statement.id, statement))
    if not ranked:
        return None
    statement = max(ranked, key=itemgetter(0, 1, 2))[-1]
    evidence = Evidence(document.id, Basis.ATTRIBUTED, (statement.id,))
    path = _find_news_path(document, statement, resolver)
    if path is not None:
        return _Path(path.key, path.member, evidence)
    speaker = statement.speaker or statement.chain[-1]
    return _Path(resolver.resolve_speaker(speaker), speaker, evidence)


def _build_own_path(document: SourcedDocument, resolver: OriginKeyResolver) -> _Path:
    tied = tuple(statement.id for statement in document.statements if statement.is_tied)
    evidence = Evidence(document.id, Basis.OWN_VOICE, tied)
    return _Path(resolver.resolve_source(document.source), document.source, evidence)


def _build_origins(documents: Sequence[SourcedDocument], paths: Sequence[_Path]) -> list[Origin]:
    """Build an origin for each independent key; keys that are heard through another alone stand under that one."""
    independent = _find_independent(paths)
    by_document: dict[int, list[_Path]] = {document.id: [] for document in documents}
    for path in paths:
        by_document[path.evidence.document_id].append(path)
    by_key: dict[OriginKey, list[_Path]] = defaultdict(list)
    for path in chain.from_iterable(by_document.values()):
        key = path.key if path.key in independent else next(key for key in reversed(path.over) if key in independent)
        by_key[key].append(path)
    return [_build_origin(key, own, independent) for key, own in by_key.items()]


def _find_independent(paths: Iterable[_Path]) -> set[OriginKey]:
    """Find the keys to which a path leads over no other key.

    Of a circle of keys, each heard through another, the first in the alphabet is independent.
    """
    routes: dict[OriginKey, list[set[OriginKey]]] = defaultdict(list)
    for path in paths:
        routes[path.key].append(set(path.over) - {path.key})
    independent: set[OriginKey] = set()
    undecided = set(routes)
    while undecided:
        possible = independent | undecided
        free, dependent = set(), set()
        for key in undecided:
            if not all(map(possible.intersection, routes[key])):
                free.add(key)
            elif all(map(independent.intersection, routes[key])):
                dependent.add(key)
        independent |= free or (set() if dependent else {min(undecided)})
        undecided -= dependent | independent
    return independent


def _build_origin(key: OriginKey, paths: Sequence[_Path], independent: set[OriginKey]) -> Origin:
    """Build an origin from its paths, with one evidence for each document."""
    members: dict[Member, None] = {}
    through: dict[OriginKey, None] = {}
    evidence: dict[int, Evidence] = {}
    for path in paths:
        if path.member is not None and path.key == key:
            members[path.member] = None
        through |= dict.fromkeys((*path.over, path.key, *path.beyond))
        first = evidence.setdefault(path.evidence.document_id, path.evidence)
        statement_ids = tuple(dict.fromkeys((*first.statement_ids, *path.evidence.statement_ids)))
        evidence[path.evidence.document_id] = replace(first, statement_ids=statement_ids)
    return Origin(key, list(members), list(evidence.values()), [other for other in through if other not in independent])
