"""Whom a pronoun stands for: the nearest who fits, and rather who acts or speaks than who is talked about."""

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.mentions import nouns, places
from app.extract.mentions.register import Entity, Register

if TYPE_CHECKING:
    from spacy.tokens import Doc

OWN = frozenset({"i", "we", "us", "me", "myself", "ourselves"})
SINGULAR = {"he": "m", "him": "m", "himself": "m", "she": "f", "her": "f", "herself": "f"}
RELATIVE = frozenset({"who", "whom", "which", "that"})
PLURAL = frozenset({"they", "them", "themselves", "both", "all"})
ALL = frozenset({"it", "itself"}) | RELATIVE | PLURAL | SINGULAR.keys()

_SENTENCE = re.compile(r"[.!?][\"”’)]{0,2}\s+(?=[“\"‘A-Z])|\n+")
_WORD = re.compile(r"\w{4}")
_OPENING = 60  # code points in which the first name of a sentence stands
_REACH = 3  # sentences before the pronoun's own
_CLEAR = 1.0  # by how much who is meant must be ahead of the next


class Pronouns:
    """The sentences of a text, and who acts and speaks in them."""

    def __init__(self, text: str, register: Register, doc: "Doc | None") -> None:
        self._text = text
        self._register = register
        self._sentences = [found.end() for found in _SENTENCE.finditer(text)]
        self._subjects = _subjects(doc)
        self._spoke: list[tuple[int, Entity]] = []

    def spoke(self, place: int, entity: Entity) -> None:
        """Note who is meant by a mention that words are credited to."""
        bisect.insort(self._spoke, (place, entity), key=lambda spoken: spoken[0])

    def antecedent(self, pronoun: str, place: int, said: Sequence[Span]) -> tuple[Entity, bool] | None:
        """Return who is meant by the pronoun at a place, and whether nobody else comes near."""
        scores: dict[Entity, float] = {}
        for start, entity, speaks in self._before(place):
            if any(span.start <= start < span.end for span in said) or not _suits(pronoun, entity):
                continue
            score = (start - place) / 20 if pronoun in RELATIVE else self._score(start, place, speaks=speaks)
            scores[entity] = max(score, scores.get(entity, score))
        ranked = sorted(scores, key=lambda entity: -scores[entity])
        if not ranked:
            return None
        return ranked[0], len(ranked) == 1 or scores[ranked[0]] - scores[ranked[1]] >= _CLEAR

    def _before(self, place: int) -> Iterator[tuple[int, Entity, bool]]:
        earliest = self._sentence(place) - _REACH
        stop = bisect.bisect_left(self._spoke, place, key=lambda spoken: spoken[0])
        near = [(*each, True) for each in self._spoke[max(0, stop - 5) : stop]]
        near += [(*each, False) for each in self._register.before(place)]
        return (each for each in near if self._sentence(each[0]) >= earliest)

    def _score(self, start: int, place: int, *, speaks: bool) -> float:
        sentence = self._sentence(start)
        opens = self._sentences[sentence - 1] if sentence else 0
        first = start - opens < _OPENING and not _WORD.search(self._text, opens, start)
        acts = speaks or self._acts(start) or (first and self._subjects is None)
        return 2.0 * acts + 0.5 * speaks + 0.5 * first - (self._sentence(place) - sentence) + start / (place + 1) / 4

    def _acts(self, start: int) -> bool:
        if self._subjects is None:
            return False
        index = bisect.bisect_right(self._subjects, start, key=lambda subject: subject[0]) - 1
        return index >= 0 and start <= self._subjects[index][1]

    def _sentence(self, place: int) -> int:
        return bisect.bisect_right(self._sentences, place)


def _subjects(doc: "Doc | None") -> list[tuple[int, int]] | None:
    """Where the names of those who act begin and end: places of the first and of the last word."""
    if doc is None:
        return None
    strings = doc.vocab.strings
    tokens = doc.to_array(["DEP", "HEAD", "IDX"]).astype("int64")  # token by token, Python is too slow
    deps, heads, starts = tokens[:, 0], tokens[:, 1], tokens[:, 2]
    acting = (deps == strings["nsubj"]) | (deps == strings["nsubjpass"])
    first = {i: int(starts[i]) for i in acting.nonzero()[0].tolist()}
    for i in (deps == strings["conj"]).nonzero()[0].tolist():
        if i + int(heads[i]) in first:
            first[i] = int(starts[i])
    for i in (deps == strings["compound"]).nonzero()[0].tolist():
        head = i + int(heads[i])
        if head in first:
            first[head] = min(first[head], int(starts[i]))
    return sorted((start, int(starts[i])) for i, start in first.items())


def _suits(pronoun: str, entity: Entity) -> bool:
    person = entity.kind is SpeakerKind.PERSON
    if pronoun in SINGULAR:
        return person and entity.gender in ("", SINGULAR[pronoun])
    if pronoun in RELATIVE:
        return True
    if person or places.is_nationality(entity.name):
        return False
    return pronoun not in PLURAL or entity.key[-1].endswith("s") or entity.key[-1] in nouns.ORGANIZATIONS
