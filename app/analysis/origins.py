"""Who independently stands behind the reports of an event, or behind the printings of an utterance.

From each document a path leads over its outlet and the voices that it relays to an origin. Origins are counted once,
however many outlets repeat them; nobody is declared right. What makes an origin, and why, stands in
docs/decisions/0014-what-an-origin-is.md.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.analysis import copies
from app.analysis.copies import Copy
from app.analysis.parties import Directory, Medium, Party, Voice
from app.core.spans import Span


class Basis(StrEnum):
    """Why a document rests on an origin."""

    OWN_VOICE = "own_voice"
    RELAYED = "relayed"
    REPORTED = "reported"
    CREDITED = "credited"
    COPIED = "copied"
    ATTRIBUTED = "attributed"


@dataclass(frozen=True, slots=True)
class Said:
    """A statement in a document; ``chain`` begins nearest to the document.

    It is ``tied`` if it is about the event, or a printing of the utterance, that is asked for.
    """

    id: int
    span: Span
    speaker: Voice | None
    chain: tuple[Voice, ...]
    tied: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """A document, and what is known of where it has its account from; ``credit`` is the key of an agency."""

    document: int
    outlet: Medium
    passage: Span | None = None
    sketch: bytes = b""
    credit: str | None = None
    statements: Sequence[Said] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why one document rests on an origin: the statements that show it, or of which document it is a copy."""

    document: int
    basis: Basis
    statements: tuple[int, ...] = ()
    copy: Copy | None = None


Member = Medium | Voice


@dataclass(frozen=True, slots=True)
class Origin:
    """Who stands behind some documents, under which names; ``through`` are others who are heard through it alone."""

    party: Party
    members: Sequence[Member]
    evidence: Sequence[Evidence]
    through: Sequence[Party]


@dataclass(frozen=True, slots=True)
class _Path:
    """From a document to a party: ``over`` others on the way, and to others ``beyond``, nearer to who spoke."""

    party: Party
    member: Member | None
    evidence: Evidence
    over: tuple[Party, ...] = ()
    beyond: tuple[Party, ...] = ()


_Find = Callable[[Report], list[_Path]]


def of_event(reports: Sequence[Report], directory: Directory) -> list[Origin]:
    """The origins of an event that these documents report, in the documents' order, which is the earliest first."""

    def account(report: Report) -> list[_Path]:
        return _relayed(report, directory) or _attributed(report, directory) or _own_voice(report, directory)

    paths = [path for group in _groups(reports) for path in _of_group(group, directory, account)]
    return _independent(reports, paths)


def of_utterance(reports: Sequence[Report], directory: Directory) -> list[Origin]:
    """The origins of an utterance that the statements of these documents print, in the documents' order."""

    def heard(report: Report) -> list[_Path]:
        return _heard(report, directory)

    def account(report: Report) -> list[_Path]:
        return heard(report) or _own_voice(report, directory)

    paths: list[_Path] = []
    for group in _groups(reports):
        silent = {report.document for report in group if not heard(report)}
        of_all = _of_group(group, directory, account)
        paths += (path for report in group for path in heard(report))
        paths += (path for path in of_all if path.evidence.document in silent)
    return _independent(reports, paths)


def _groups(reports: Sequence[Report]) -> Iterable[list[Report]]:
    """The documents that are near-copies of one text, together."""
    sketches = {report.document: report.sketch for report in reports if report.sketch}
    found = copies.find(sketches) if len(sketches) > 1 else {}
    groups: dict[int, list[Report]] = defaultdict(list)
    for report in reports:
        copy = found.get(report.document)
        groups[copy.of if copy else report.document].append(report)
    return groups.values()


def _of_group(group: Sequence[Report], directory: Directory, account: _Find) -> Iterator[_Path]:
    """All copies rest on the agency that any of them credits, else on what the first of them rests on."""
    credited = Counter(directory.agency(report.credit) for report in group if report.credit is not None)
    agency = max(credited, key=lambda party: credited[party], default=None)
    head = _head(group, directory, agency)
    found = account(head) if agency is None else [_credited(head, directory, agency)]
    yield from found
    for report in group:
        if report is head:
            continue
        if agency is not None and _credits(report, directory, agency):
            yield _credited(report, directory, agency)
            continue
        copy = Copy(head.document, copies.likeness(head.sketch, report.sketch))
        for path in found:
            yield replace(path, evidence=Evidence(report.document, Basis.COPIED, copy=copy))


def _head(group: Sequence[Report], directory: Directory, agency: Party | None) -> Report:
    """The copy that the others are copies of: an agency's own, or the first to credit it, else the earliest."""
    if len(group) == 1:
        return group[0]
    own = (report for report in group if report.outlet.is_agency and agency in (None, directory.medium(report.outlet)))
    crediting = (report for report in group if agency is not None and _credits(report, directory, agency))
    return next(own, None) or next(crediting, group[0])


def _credits(report: Report, directory: Directory, agency: Party) -> bool:
    return report.credit is not None and directory.agency(report.credit) == agency


def _credited(report: Report, directory: Directory, agency: Party) -> _Path:
    """To the agency, which may be the outlet itself."""
    bearer = None if report.credit is None else directory.bearer(report.credit)
    medium = bearer.medium if isinstance(bearer, Voice) else bearer
    if report.credit is None or medium == report.outlet:
        return _Path(agency, report.outlet, Evidence(report.document, Basis.OWN_VOICE))
    return _Path(agency, bearer, Evidence(report.document, Basis.CREDITED))


def _relayed(report: Report, directory: Directory) -> list[_Path]:
    """The news voices from which the document shows its account to come."""
    paths = (_news(report, said, directory) for said in report.statements if said.tied)
    return [path for path in paths if path is not None]


def _news(report: Report, said: Said, directory: Directory) -> _Path | None:
    """Over a statement to the news voice nearest to who spoke; that may be who spoke."""
    voices = said.chain if said.speaker is None else (*said.chain, said.speaker)
    places = [place for place, voice in enumerate(voices) if directory.is_news(voice)]
    if not places:
        return None
    last = places[-1]
    basis = Basis.REPORTED if last == len(said.chain) else Basis.RELAYED
    over = (directory.voice(voices[place]) for place in places[:-1])
    beyond = (directory.voice(voice) for voice in said.chain[last + 1 :])
    evidence = Evidence(report.document, basis, (said.id,))
    return _Path(directory.voice(voices[last]), voices[last], evidence, tuple(over), tuple(beyond))


def _heard(report: Report, directory: Directory) -> list[_Path]:
    """Over its printings to the voices nearest to who spoke, whoever they are: who heard it.

    A document that once says from whom it has the words has them from there, wherever else it prints them.
    """
    silent = tuple(said.id for said in report.statements if not said.chain)
    paths = []
    for said in report.statements:
        if said.chain:
            *others, last = said.chain
            evidence = Evidence(report.document, Basis.RELAYED, (said.id, *silent))
            paths.append(_Path(directory.voice(last), last, evidence, tuple(map(directory.voice, others))))
    return paths


# So much of the passage that reports an event has to lie within the statement whose words it is: a document that tells
# in its own voice that something was said, and what, reports that.
_WITHIN = 0.75


def _attributed(report: Report, directory: Directory) -> list[_Path]:
    """The voice to whom the document attributes its report: of several statements the one that covers it best."""
    voiced = [said for said in report.statements if said.speaker or said.chain]
    said = max(
        voiced, key=lambda said: (_covers(said, report), said.span.start - said.span.end, -said.id), default=None
    )
    if said is None or _covers(said, report) < _WITHIN:
        return []
    relayed = _news(report, said, directory)
    voice = said.speaker or said.chain[-1]
    party, member = (relayed.party, relayed.member) if relayed else (directory.voice(voice), voice)
    return [_Path(party, member, Evidence(report.document, Basis.ATTRIBUTED, (said.id,)))]


def _covers(said: Said, report: Report) -> float:
    """How much of the passage lies within the statement, 0 to 1."""
    passage = report.passage
    if passage is None:
        return 0.0
    shared = min(passage.end, said.span.end) - max(passage.start, said.span.start)
    return max(shared, 0) / (passage.end - passage.start)


def _own_voice(report: Report, directory: Directory) -> list[_Path]:
    tied = tuple(said.id for said in report.statements if said.tied)
    evidence = Evidence(report.document, Basis.OWN_VOICE, tied)
    return [_Path(directory.medium(report.outlet), report.outlet, evidence)]


def _independent(reports: Sequence[Report], paths: Sequence[_Path]) -> list[Origin]:
    """The parties to which paths lead, without those that are heard through another alone, which stand under it."""
    kept = _kept(paths)
    order = {report.document: place for place, report in enumerate(reports)}
    leading: dict[Party, list[_Path]] = defaultdict(list)
    for path in sorted(paths, key=lambda path: order[path.evidence.document]):
        leading[path.party if path.party in kept else _last(path.over, kept)].append(path)
    return [_origin(party, found, kept) for party, found in leading.items()]


def _last(parties: Sequence[Party], kept: set[Party]) -> Party:
    return next(party for party in reversed(parties) if party in kept)


def _kept(paths: Iterable[_Path]) -> set[Party]:
    """Those to whom a path leads over no other of them. Of a circle, in which each is heard through another, the first
    by its key is kept."""
    ways: dict[Party, list[set[Party]]] = defaultdict(list)
    for path in paths:
        ways[path.party].append(set(path.over) - {path.party})
    kept: set[Party] = set()
    open_ = set(ways)
    while open_:
        free = {party for party in open_ if any(not way & (kept | open_) for way in ways[party])}
        heard = {party for party in open_ - free if all(way & kept for way in ways[party])}
        kept |= free or (set() if heard else {min(open_)})
        open_ -= heard | kept
    return kept


def _origin(party: Party, paths: Sequence[_Path], kept: set[Party]) -> Origin:
    members = dict.fromkeys(path.member for path in paths if path.member is not None and path.party == party)
    others = (other for path in paths for other in (*path.over, path.party, *path.beyond))
    through = dict.fromkeys(other for other in others if other not in kept)
    return Origin(party, list(members), list(_evidence(paths)), list(through))


def _evidence(paths: Sequence[_Path]) -> Iterator[Evidence]:
    """One for each document, with all statements."""
    of: dict[int, list[Evidence]] = defaultdict(list)
    for path in paths:
        of[path.evidence.document].append(path.evidence)
    for found in of.values():
        statements = dict.fromkeys(ident for each in found for ident in each.statements)
        yield replace(found[0], statements=tuple(statements))
