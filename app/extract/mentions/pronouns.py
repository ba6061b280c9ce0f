"""Resolve pronouns to the nearest fitting antecedent, preferably a subject or a speaker."""

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.mentions import nouns, places
from app.extract.mentions.entities import Entity, EntityIndex

if TYPE_CHECKING:
    from spacy.tokens import Doc

FIRST_PERSON = frozenset({"i", "we", "us", "me", "myself", "ourselves"})
SINGULAR = {"he": "m", "him": "m", "himself": "m", "she": "f", "her": "f", "herself": "f"}
RELATIVE = frozenset({"who", "whom", "which", "that"})
PLURAL = frozenset({"they", "them", "themselves", "both", "all"})
ALL = frozenset({"it", "itself"}) | RELATIVE | PLURAL | SINGULAR.keys()

_SENTENCE = re.compile(r"[.!?][\"”’)]{0,2}\s+(?=[“\"‘A-Z])|\n+")
_WORD = re.compile(r"\w{4}")
_OPENING = 60  # code points at the beginning of a sentence that may hold its first name
_REACH = 3  # sentences before the pronoun's own
_CLEAR_MARGIN = 1.0  # between the scores of a certain antecedent and the next


class Antecedent(NamedTuple):
    """The entity that a pronoun means; certain if no other entity comes near."""

    entity: Entity
    is_certain: bool


class PronounResolver:
    """Resolves the pronouns of a text by its sentences, their subjects and their speakers."""

    def __init__(self, text: str, entities: EntityIndex, doc: "Doc | None") -> None:
        self._text = text
        self._entities = entities
        self._sentences = [match.end() for match in _SENTENCE.finditer(text)]
        self._subjects = _find_subjects(doc)
        self._speakers: list[tuple[int, Entity]] = []

    def add_speaker(self, place: int, entity: Entity) -> None:
        """Add the entity that a mention means, to which words are attributed."""
        bisect.insort(self._speakers, (place, entity), key=lambda speaker: speaker[0])

    def find_antecedent(self, pronoun: str, place: int, content: Sequence[Span]) -> Antecedent | None:
        """Return the antecedent of the pronoun at a place, outside the content that is attributed to it."""
        scores: dict[Entity, float] = {}
        for start, entity, speaks in self._list_candidates(place):
            if any(span.start <= start < span.end for span in content) or not _agrees(pronoun, entity):
                continue
            score = (start - place) / 20 if pronoun in RELATIVE else self._score(start, place, speaks=speaks)
            scores[entity] = max(score, scores.get(entity, score))
        ranked = sorted(scores, key=lambda entity: -scores[entity])
        if not ranked:
            return None
        return Antecedent(ranked[0], len(ranked) == 1 or scores[ranked[0]] - scores[ranked[1]] >= _CLEAR_MARGIN)

    def _list_candidates(self, place: int) -> Iterator[tuple[int, Entity, bool]]:
        """Yield the speakers and the names before a place."""
        earliest = self._find_sentence(place) - _REACH
        stop = bisect.bisect_left(self._speakers, place, key=lambda speaker: speaker[0])
        near = [(start, entity, True) for start, entity in self._speakers[max(0, stop - 5) : stop]]
        near += [(start, entity, False) for start, entity in self._entities.list_before(place)]
        return (candidate for candidate in near if self._find_sentence(candidate[0]) >= earliest)

    def _score(self, start: int, place: int, *, speaks: bool) -> float:
        sentence = self._find_sentence(start)
        opening = self._sentences[sentence - 1] if sentence else 0
        opens = start - opening < _OPENING and not _WORD.search(self._text, opening, start)
        acts = speaks or self._is_subject(start) or (opens and self._subjects is None)
        distance = self._find_sentence(place) - sentence
        return 2.0 * acts + 0.5 * speaks + 0.5 * opens - distance + start / (place + 1) / 4

    def _is_subject(self, start: int) -> bool:
        if self._subjects is None:
            return False
        index = bisect.bisect_right(self._subjects, start, key=lambda subject: subject[0]) - 1
        return index >= 0 and start <= self._subjects[index][1]

    def _find_sentence(self, place: int) -> int:
        return bisect.bisect_right(self._sentences, place)


def _find_subjects(doc: "Doc | None") -> list[tuple[int, int]] | None:
    """Return the places of the first and the last word of each grammatical subject."""
    if doc is None:
        return None
    strings = doc.vocab.strings
    tokens = doc.to_array(["DEP", "HEAD", "IDX"]).astype("int64")  # faster than token by token
    deps, heads, starts = tokens[:, 0], tokens[:, 1], tokens[:, 2]
    is_subject = (deps == strings["nsubj"]) | (deps == strings["nsubjpass"])
    first = {i: int(starts[i]) for i in is_subject.nonzero()[0].tolist()}
    for i in (deps == strings["conj"]).nonzero()[0].tolist():
        if i + int(heads[i]) in first:
            first[i] = int(starts[i])
    for i in (deps == strings["compound"]).nonzero()[0].tolist():
        head = i + int(heads[i])
        if head in first:
            first[head] = min(first[head], int(starts[i]))
    return sorted((start, int(starts[i])) for i, start in first.items())


def _agrees(pronoun: str, entity: Entity) -> bool:
    """Return True if a pronoun agrees with an entity in kind, gender and number."""
    is_person = entity.kind is SpeakerKind.PERSON
    if pronoun in SINGULAR:
        return is_person and entity.gender in ("", SINGULAR[pronoun])
    if pronoun in RELATIVE:
        return True
    if is_person or places.is_nationality(entity.name):
        return False
    return pronoun not in PLURAL or entity.key[-1].endswith("s") or entity.key[-1] in nouns.ORGANIZATIONS
