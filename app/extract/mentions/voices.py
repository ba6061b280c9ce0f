"""Resolve mentions to voices: names in all their forms, descriptions, documents, and unnamed sources.

Two people of one name are never confused silently: if the text does not tell which of them is meant, the nearest is
taken, and the voice is not sure.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.findings import Voice
from app.extract.mentions import documents, issuers, names, nouns, places, pronouns
from app.extract.mentions.documents import DocumentIndex, NamedDocument
from app.extract.mentions.entities import Entity, EntityIndex
from app.extract.mentions.names import Name, NameKind

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
_OFFICE_MODIFIERS = nouns.words(
    "prime vice deputy foreign defense defence finance interior press attorney assistant former chief executive"
)
_HEADS_OF_STATE = nouns.words("leader president premier minister chancellor king dictator emperor ruler")
_ANY_ORGANIZATION = nouns.words("company firm agency group organization organisation newspaper paper network bank")
_MAX_DESCRIPTION = 200  # code points of a description


class VoiceResolver:
    """Resolves the mentions of one text to voices."""

    def __init__(self, text: str, spans: Iterable[Span], doc: "Doc | None") -> None:
        spans = tuple(spans)
        self._text = text
        self._doc = doc
        self._entities = EntityIndex(text, spans, doc)
        self._documents = DocumentIndex(text, spans)
        self._pronouns = pronouns.PronounResolver(text, self._entities, doc)

    def resolve(self, mention: Span, content: Sequence[Span] = (), outer: Voice | None = None) -> Voice | None:
        """Return the voice that a mention means, or None for a pronoun without antecedent.

        `content` is attributed to the mention, so it does not contain the antecedent; `outer` is the voice of the
        statement around the mention: "I" means that voice.
        """
        phrase = " ".join(_INSERTED.sub(" ", self._text[mention.start : mention.end]).split()).strip('“”"[] ,')
        low = phrase.casefold()
        if low in pronouns.FIRST_PERSON:
            return outer
        if low in pronouns.ALL:
            antecedent = self._pronouns.find_antecedent(low, mention.start, content)
            if antecedent is None:
                return None
            return self._build_voice(antecedent.entity, mention.start, is_sure=antecedent.is_certain)
        if self._doc is not None and not issuers.UTTERANCES.isdisjoint(low.split()):
            issuer = issuers.find_issuer(self._doc, mention)
            if issuer is not None and issuer != mention:
                return self.resolve(issuer, content, outer)
        return self._resolve_phrase(phrase, mention.start) if phrase else None

    def get_document(self, voice: Voice) -> NamedDocument | None:
        """Return the document that a voice is, if the text gives its name."""
        return self._documents.get_document(voice.name)

    def _build_voice(self, entity: Entity, place: int, *, is_sure: bool = True) -> Voice:
        self._pronouns.add_speaker(place, entity)
        title = entity.title and entity.title[:_MAX_DESCRIPTION]
        return Voice(entity.name, entity.kind, title=title, names=tuple(entity.forms), sure=is_sure)

    def _resolve_phrase(self, phrase: str, place: int) -> Voice:
        head = names.cut_modifiers(phrase)
        if documents.is_document(head):
            return self._resolve_document(phrase, head, place)
        head_names = list(names.find_names(head, 0, len(head)))
        joint = _build_joint_voice(head, head_names)
        if joint is not None:
            return joint
        name = _find_head_name(head, head_names)
        voice = self._resolve_name(name, place) if name is not None else None
        return voice or self._resolve_description(head, place)

    def _resolve_document(self, phrase: str, head: str, place: int) -> Voice:
        document = self._documents.resolve(head, place)
        if document is not None:
            return Voice(document.name, SpeakerKind.DOCUMENT, names=(document.name,))
        name = documents.remove_article(phrase)[:_MAX_DESCRIPTION]
        return Voice(name, SpeakerKind.DOCUMENT, names=(name,), sure=" " in name)

    def _resolve_name(self, name: Name, place: int) -> Voice | None:
        candidates = self._entities.find_people(name.key) if name.kind is not NameKind.ORGANIZATION else []
        if len(candidates) > 1:
            candidates = _filter_by_title(candidates, name)
        if len(candidates) == 1:
            return self._build_voice(candidates[0], place)
        if candidates:
            return self._build_voice(self._get_nearest(candidates, place), place, is_sure=False)
        entity = self._entities.get_organization(name.key) or self._entities.add(name)
        return self._build_voice(entity, place) if entity else None

    def _get_nearest(self, candidates: Sequence[Entity], place: int) -> Entity:
        before = (entity for _, entity in self._entities.list_before(place) if entity in candidates)
        return next(before, candidates[0])

    def _resolve_description(self, head: str, place: int) -> Voice:
        core = head[: _find_core_end(head)] or head
        noun = core.split()[-1].strip(".,").casefold().removesuffix("’s").removesuffix("'s")
        is_indefinite = _INDEFINITE.match(core) is not None
        is_definite = not is_indefinite and bool(_ARTICLE.match(core) or _POSSESSOR.match(core))
        name = _ARTICLE.sub("", head, count=1)[:_MAX_DESCRIPTION]
        if noun in nouns.OFFICES and (is_definite or core[:1].isupper()) and not is_indefinite:
            holder = self._find_office_holder(core, noun, place)
            if holder is not None:
                return holder
        if noun in nouns.ORGANIZATIONS:
            organization = self._find_organization(name, noun, place) if is_definite else None
            return organization or _build_organization(name)
        return Voice(name, SpeakerKind.UNNAMED, sure=not is_definite)

    def _find_office_holder(self, core: str, noun: str, place: int) -> Voice | None:
        """Return the named person with that office in the text: "the Russian president"."""
        country = places.find_country(core)
        modifiers = _OFFICE_MODIFIERS.intersection(core.casefold().split())
        holders = [
            person
            for person in self._entities.titled
            if any(_matches_title(title, noun, country, modifiers) for title in person.titles)
        ]
        if not holders:
            return None
        return self._build_voice(self._get_nearest(holders, place), place, is_sure=len(holders) == 1)

    def _find_organization(self, name: str, noun: str, place: int) -> Voice | None:
        """Return the named organization that "the agency" or "the company" means."""
        if " " in name:
            return None
        possible = None
        for _, entity in self._entities.list_before(place):
            if entity.kind is SpeakerKind.ORGANIZATION:
                if noun in entity.key:
                    return self._build_voice(entity, place)
                if possible is None and not places.is_place(entity.name) and not places.is_nationality(entity.name):
                    possible = entity
        if possible is None or noun not in _ANY_ORGANIZATION:
            return None
        return self._build_voice(possible, place, is_sure=False)


def _build_joint_voice(head: str, head_names: Sequence[Name]) -> Voice | None:
    """Return a voice for several that speak as one: "Russia and North Korea"."""
    parts = re.split(r",? and |, ", head)
    if len(parts) < 2 or len(head_names) != len(parts):
        return None
    if not all(part.endswith(name.name) for part, name in zip(parts, head_names, strict=True)):
        return None
    name = _ARTICLE.sub("", head, count=1)
    return Voice(name, SpeakerKind.ORGANIZATION, names=(name,))


def _build_organization(name: str) -> Voice:
    """Return the voice of a described organization, without its country: "Britain’s ITV television"."""
    owner = _POSSESSOR.match(name)
    if owner and places.is_place(owner[0].strip().removesuffix("’s").removesuffix("'s")):
        name = name[owner.end() :] or name
    return Voice(name, SpeakerKind.ORGANIZATION, names=(name,), sure=" " in name)


def _find_head_name(head: str, head_names: Sequence[Name]) -> Name | None:
    """Return the name that heads a noun phrase, rather than one that the phrase only mentions."""
    if not head_names:
        return None
    last = head_names[-1]
    if last.kind is NameKind.PERSON and not head[last.end :].strip(" .’'s") and not _is_complement(head, last):
        return last
    core = head[: _find_core_end(head, head_names)]
    inside = [name for name in head_names if name.end <= len(core)]
    if not inside or core[inside[-1].end :].strip(" .’'").removeprefix("s"):
        return None
    last = inside[-1]
    is_adjective = places.is_nationality(last.name) and not last.name.endswith("s")
    return None if is_adjective and len(core.split()) > 1 else last


def _is_complement(head: str, name: Name) -> bool:
    """Return True if a person at the end of a phrase is not its head: "a spokesman for President Vladimir Putin"."""
    before = head[: name.start].removesuffix(" ").removesuffix(name.title).split()
    last = [word for word in before if word.casefold() != "the"][-1:]
    is_place = name.title and not any(nouns.is_office(word) for word in name.title.split())
    return bool(last) and last[0] in ("of", "for", "in", "at", "from", "with", "on", "to", "by") and not is_place


def _find_core_end(head: str, head_names: Sequence[Name] = ()) -> int:
    """Return the beginning of the first preposition of a phrase that is not part of a name."""
    for preposition in _PREPOSITION.finditer(head):
        if not any(name.start < preposition.start() < name.end for name in head_names):
            return preposition.start()
    return len(head)


def _filter_by_title(candidates: Sequence[Entity], name: Name) -> list[Entity]:
    """Return the people of one surname who fit a name's title: "Mrs. Smith", "President Kim"."""
    words = {word.rstrip(".").casefold() for word in name.title.split()}
    gender = "m" if words & nouns.MEN else "f" if words & nouns.WOMEN else ""
    fitting = [person for person in candidates if not gender or person.gender in ("", gender)]
    same_gender = [person for person in fitting if gender and person.gender == gender]
    offices = {word for word in words if word in nouns.OFFICES or word in nouns.ABBREVIATIONS} - nouns.MEN - nouns.WOMEN
    same_office = [
        person
        for person in fitting
        if offices & {word.rstrip(".").casefold() for title in person.titles for word in title.split()}
    ]
    return (same_office if len(same_office) == 1 else same_gender) or fitting or list(candidates)


def _matches_title(title: str, noun: str, country: str | None, modifiers: frozenset[str]) -> bool:
    """Return True if a title may be the office that a noun, a country and modifiers describe."""
    words = {word.strip(".,").casefold() for word in title.split()}
    title_country = places.find_country(title)
    if country and title_country and country != title_country:
        return False
    if noun.startswith("spokes"):
        return any(word.startswith("spokes") for word in words)
    if noun in words:
        return _OFFICE_MODIFIERS & words == modifiers or not modifiers
    has_country = bool(country and title_country)
    return has_country and noun in _HEADS_OF_STATE and bool(words & _HEADS_OF_STATE) and not modifiers
