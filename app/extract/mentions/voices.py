"""Who each mention stands for: names in all their forms, descriptions, documents, and the unnamed.

Two people of one name are never taken for one another in silence: where nothing tells which of them is meant, the
nearest is taken and the voice is not sure.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.findings import Voice
from app.extract.mentions import issuers, names, nouns, papers, places, pronouns
from app.extract.mentions.names import Name, Sort
from app.extract.mentions.papers import Paper, Papers
from app.extract.mentions.register import Entity, Register

if TYPE_CHECKING:
    from spacy.tokens import Doc

_ARTICLE = re.compile(r"^(?:the|a|an|this|that|these|those|his|her|its|their|our|my|one|some)[ \u00a0]+", re.IGNORECASE)
_INDEFINITE = re.compile(
    r"(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,4}|some|several|many|most|few|another|other|various|"
    r"unnamed|anonymous|both|dozens|hundreds|thousands)\b",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"[ \u00a0](?:of|for|in|at|from|with|on|to|by|near|under|behind|close|familiar|speaking)[ \u00a0]"
)
_POSSESSOR = re.compile(r"^.*(?:['’]s|s['’])[ \u00a0]+")
_INSERTED = re.compile(r"\[[^\[\]]{0,80}\]")
_NARROWING = nouns.words(
    "prime vice deputy foreign defense defence finance interior press attorney assistant former chief executive"
)
_HEADS_OF_STATE = nouns.words("leader president premier minister chancellor king dictator emperor ruler")
_ANY_ORGANIZATION = nouns.words("company firm agency group organization organisation newspaper paper network bank")
_LONGEST = 200  # code points of a description


class Voices:
    """Tells who is meant by the mentions of one text."""

    def __init__(self, text: str, spans: Iterable[Span], doc: "Doc | None") -> None:
        spans = tuple(spans)
        self._text = text
        self._doc = doc
        self._register = Register(text, spans, doc)
        self._papers = Papers(text, spans)
        self._pronouns = pronouns.Pronouns(text, self._register, doc)

    def meant(self, mention: Span, said: Sequence[Span] = (), outer: Voice | None = None) -> Voice | None:
        """Return the voice that a mention stands for, or None where it is a pronoun that nobody fits.

        `said` are the words it is credited with, in which the speaker is not looked for; `outer` is the voice in whose
        words the mention stands: "I" is that voice.
        """
        phrase = " ".join(_INSERTED.sub(" ", self._text[mention.start : mention.end]).split()).strip('“”"[] ,')
        low = phrase.casefold()
        if low in pronouns.OWN:
            return outer
        if low in pronouns.ALL:
            return self._antecedent(low, mention.start, said)
        if self._doc is not None and not issuers.UTTERANCES.isdisjoint(low.split()):
            maker = issuers.issuer(self._doc, mention)
            if maker is not None and maker != mention:
                return self.meant(maker, said, outer)
        return self._phrase(phrase, mention) if phrase else None

    def paper(self, voice: Voice) -> Paper | None:
        """The document that a voice is, where the text tells more of it."""
        return self._papers.called(voice.name)

    def _antecedent(self, pronoun: str, place: int, said: Sequence[Span]) -> Voice | None:
        found = self._pronouns.antecedent(pronoun, place, said)
        return self._spoken(found[0], place, sure=found[1]) if found else None

    def _spoken(self, entity: Entity, place: int, *, sure: bool = True) -> Voice:
        self._pronouns.spoke(place, entity)
        title = entity.title
        return Voice(entity.name, entity.kind, title=title and title[:_LONGEST], names=tuple(entity.forms), sure=sure)

    def _phrase(self, phrase: str, mention: Span) -> Voice:
        head = names.head_part(phrase)
        document = self._document(phrase, head, mention.start)
        if document is not None:
            return document
        found = list(names.find(head, 0, len(head)))
        joint = self._joint(head, found)
        if joint is not None:
            return joint
        named = _named(head, found)
        if named is not None:
            entity = self._entity(named, mention.start)
            if entity is not None:
                return entity
        return self._described(head, mention.start)

    def _document(self, phrase: str, head: str, place: int) -> Voice | None:
        if not papers.is_document(head):
            return None
        paper = self._papers.meant(head, place)
        if paper is not None:
            return Voice(paper.name, SpeakerKind.DOCUMENT, names=(paper.name,))
        name = papers.description(phrase)[:_LONGEST]
        return Voice(name, SpeakerKind.DOCUMENT, names=(name,), sure=" " in name)

    def _joint(self, head: str, found: Sequence[Name]) -> Voice | None:
        """Several who speak as one: "Russia and North Korea"."""
        parts = re.split(r",? and |, ", head)
        if len(parts) < 2 or len(found) != len(parts):
            return None
        if not all(part.endswith(name.name) for part, name in zip(parts, found, strict=True)):
            return None
        name = _ARTICLE.sub("", head, count=1)
        return Voice(name, SpeakerKind.ORGANIZATION, names=(name,))

    def _entity(self, name: Name, place: int) -> Voice | None:
        candidates = self._register.people(name.key) if name.sort is not Sort.ORGANIZATION else []
        if len(candidates) > 1:
            candidates = _narrowed(candidates, name)
        if len(candidates) == 1:
            return self._spoken(candidates[0], place)
        if candidates:
            return self._spoken(self._nearest(candidates, place), place, sure=False)
        known = self._register.other(name.key) or self._register.enter(name)
        return self._spoken(known, place) if known else None

    def _nearest(self, candidates: Sequence[Entity], place: int) -> Entity:
        before = (entity for _, entity in self._register.before(place) if entity in candidates)
        return next(before, candidates[0])

    def _described(self, head: str, place: int) -> Voice:
        core = head[: _core_end(head)] or head
        noun = core.split()[-1].strip(".,").casefold().removesuffix("’s").removesuffix("'s")
        pointing = bool(_ARTICLE.match(core) or _POSSESSOR.match(core)) and not _INDEFINITE.match(core)
        name = _ARTICLE.sub("", head, count=1)[:_LONGEST]
        if noun in nouns.OFFICES and (pointing or core[:1].isupper()) and not _INDEFINITE.match(core):
            found = self._holder(core, noun, place)
            if found is not None:
                return found
        if noun in nouns.ORGANIZATIONS:
            found = self._organization(name, noun, place) if pointing else None
            return found or _organization(name)
        return Voice(name, SpeakerKind.UNNAMED, sure=not pointing)

    def _holder(self, core: str, noun: str, place: int) -> Voice | None:
        """The named person whom the text gives that office: "the Russian president"."""
        country = places.first_country(core)
        wanted = _NARROWING.intersection(core.casefold().split())
        holders = [
            person
            for person in self._register.titled
            if any(_holds(title, noun, country, wanted) for title in person.titles)
        ]
        if not holders:
            return None
        return self._spoken(self._nearest(holders, place), place, sure=len(holders) == 1)

    def _organization(self, name: str, noun: str, place: int) -> Voice | None:
        """The named organization that "the agency" or "the company" stands for."""
        if " " in name:
            return None
        before = [each for _, each in self._register.before(place) if each.kind is SpeakerKind.ORGANIZATION]
        of_that_sort = [each for each in before if noun in each.key]
        others = [each for each in before if not places.is_place(each.name) and not places.is_nationality(each.name)]
        if of_that_sort:
            return self._spoken(of_that_sort[0], place)
        return self._spoken(others[0], place, sure=False) if others and noun in _ANY_ORGANIZATION else None


def _organization(name: str) -> Voice:
    """An organization under its description, without the country it belongs to: "Britain’s ITV television"."""
    owner = _POSSESSOR.match(name)
    if owner and places.is_place(owner[0].strip().removesuffix("’s").removesuffix("'s")):
        name = name[owner.end() :] or name
    return Voice(name, SpeakerKind.ORGANIZATION, names=(name,), sure=" " in name)


def _named(head: str, found: Sequence[Name]) -> Name | None:
    """The name that a noun phrase is headed by, rather than one that it only mentions."""
    if not found:
        return None
    last = found[-1]
    if last.sort is Sort.PERSON and not head[last.end :].strip(" .’'s") and not _mentioned(head, last):
        return last
    core = head[: _core_end(head, found)]
    inside = [name for name in found if name.end <= len(core)]
    if not inside or core[inside[-1].end :].strip(" .’'").removeprefix("s"):
        return None
    last = inside[-1]
    adjective = places.is_nationality(last.name) and not last.name.endswith("s")
    return None if adjective and len(core.split()) > 1 else last


def _mentioned(head: str, name: Name) -> bool:
    """Whether a person at the end of a phrase is not its head: "a spokesman for President Vladimir Putin"."""
    before = head[: name.start].removesuffix(" ").removesuffix(name.title).split()
    last = [word for word in before if word.casefold() != "the"][-1:]
    place = name.title and not any(nouns.is_office(word) for word in name.title.split())
    return bool(last) and last[0] in ("of", "for", "in", "at", "from", "with", "on", "to", "by") and not place


def _core_end(head: str, found: Sequence[Name] = ()) -> int:
    """Where the first preposition of a phrase begins that is not part of a name."""
    for link in _PREPOSITION.finditer(head):
        if not any(name.start < link.start() < name.end for name in found):
            return link.start()
    return len(head)


def _narrowed(candidates: Sequence[Entity], name: Name) -> list[Entity]:
    """Those who fit a name's title, among people of one surname: "Mrs. Smith", "President Kim"."""
    words = {word.rstrip(".").casefold() for word in name.title.split()}
    gender = "m" if words & nouns.MEN else "f" if words & nouns.WOMEN else ""
    fitting = [person for person in candidates if not gender or person.gender in ("", gender)]
    known = [person for person in fitting if gender and person.gender == gender]
    offices = {word for word in words if word in nouns.OFFICES or word in nouns.ABBREVIATIONS} - nouns.MEN - nouns.WOMEN
    titled = [
        person
        for person in fitting
        if offices & {word.rstrip(".").casefold() for title in person.titles for word in title.split()}
    ]
    return (titled if len(titled) == 1 else known) or fitting or list(candidates)


def _holds(title: str, noun: str, country: str | None, wanted: set[str] | frozenset[str]) -> bool:
    words = {word.strip(".,").casefold() for word in title.split()}
    theirs = places.first_country(title)
    if country and theirs and country != theirs:
        return False
    if noun.startswith("spokes"):
        return any(word.startswith("spokes") for word in words)
    if noun in words:
        return _NARROWING & words == wanted or not wanted
    return bool(country and theirs and noun in _HEADS_OF_STATE and words & _HEADS_OF_STATE and not wanted)
