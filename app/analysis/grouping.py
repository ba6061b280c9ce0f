"""Whether what a document tells is an event that the store has already.

An event is as alike as the words of its accounts, those of the titles three times as heavy, are in TF-IDF's cosine;
what else the two have in common, and the days between them, is added and taken away. How rare a word is, is counted
among the candidates alone, so that nothing has to be kept or counted anew as the store grows.
"""

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from app.core.spans import match_key

WINDOW = dt.timedelta(days=7)
"""How far apart two accounts of one event may date it."""

# From here on two are one, and may be one. Measured on PolNeAR: see docs/analysis.md.
SURE, DOUBTFUL = 0.30, 0.18

_TITLE = 3  # how much heavier a word of the title is than one of the text
_UNSEEN = 30  # other events that are taken to have none of the words, so that a few candidates say little of rarity
_RUN = 6  # words in a row that two quotations have in common only if they are of one utterance
_QUOTATION, _SPEAKER, _PLACE, _ELSEWHERE, _DAY = 0.12, 0.02, 0.03, -0.08, -0.03

_WORD = re.compile(r"[^\W_]+")
# Words that any report may have.
_COMMON_WORDS = """
a about according after again against all also am amid among an and any are around as at back be because been before
being between both but by can could day days did do does doing don down during each even every few first for friday
from further get gets had has have having he her here hers him his how if in into is it its itself just last latest
like made make makes many may me might monday more most mr mrs ms much must my new news next no not now of off on once
one only or other our out over own per plan put said same saturday say says second see set she should since so some
still such sunday take takes tell tells than that the their them then there these they this those three through
thursday time to today told too top tuesday two under until up upon us very video was way we wednesday week well went
were what when where which while who whom whose why will with would year years yesterday yet you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_ENDINGS = ("ing", "ed", "es", "s")

Terms = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Account:
    """What one text tells of an event: its title and its first sentences."""

    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """An event as its accounts tell it: one account of a document that is new, several of an event.

    ``place`` and ``speakers`` are match keys, ``country`` is ISO 3166-1 alpha-2, ``quotations`` are ``runs()``.
    """

    accounts: Sequence[Account]
    first: dt.date
    last: dt.date
    place: str | None = None
    country: str | None = None
    speakers: frozenset[str] = frozenset()
    quotations: frozenset[str] = frozenset()


class Likeness(NamedTuple):
    """How alike the candidate at this place in the list is: about 0 to 1, of which ``SURE`` and more is one event."""

    place: int
    score: float


def words(text: str) -> list[str]:
    """The words that tell what a text is about, in their match keys."""
    return [word for word in _WORD.findall(match_key(text)) if len(word) > 1 and word not in _COMMON]


def runs(texts: Iterable[str]) -> frozenset[str]:
    """Every six words in a row."""
    return frozenset(
        " ".join(row[start : start + _RUN])
        for row in (_WORD.findall(match_key(text)) for text in texts)
        for start in range(len(row) - _RUN + 1)
    )


def rank(story: Story, candidates: Sequence[Story]) -> list[Likeness]:
    """The candidates that may be the story's event, the most alike first."""
    others = [_accounts(other, story.place, other.place) for other in candidates]
    rarity = _rarity(others)
    unit = _unit(_accounts(story, story.place)[0], rarity)
    alike = [
        Likeness(place, round(_cosine(unit, terms, rarity) + _besides(story, other), 3))
        for place, (other, terms) in enumerate(zip(candidates, others, strict=True))
        if _apart(story, other) <= WINDOW
    ]
    return sorted((each for each in alike if each.score >= DOUBTFUL), key=lambda each: (-each.score, each.place))


def confidence(score: float) -> float:
    """How likely two that are so alike are one, roughly: 0.5 from where it is sure, never certain."""
    above = (score - SURE) / (1 - SURE) if score >= SURE else (score - SURE) / SURE
    return round(min(0.95, 0.5 + above / 2), 2)


def _accounts(story: Story, *places: str | None) -> list[Terms]:
    """The terms of each account, without those of the places: what happens in one town is not one event for that."""
    left_out = {_stem(word) for place in places if place is not None for word in words(place)}
    return [{stem: told for stem, told in _terms(each).items() if stem not in left_out} for each in story.accounts]


def _terms(account: Account) -> Terms:
    """How often each stem occurs, dampened; in the title several times."""
    counts = Counter(map(_stem, words(account.text)))
    for word in words(account.title):
        counts[_stem(word)] += _TITLE
    return {stem: 1 + math.log(count) for stem, count in counts.items()}


@lru_cache(maxsize=2**16)
def _stem(word: str) -> str:
    """The word without the ending that English puts to nouns and verbs."""
    if len(word) < 5 or not word.isascii() or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    ending = next((ending for ending in _ENDINGS if word.endswith(ending) and len(word) - len(ending) > 2), "")
    return word.removesuffix(ending)


def _rarity(candidates: Sequence[Sequence[Terms]]) -> "_Rarity":
    """The inverse frequency of each stem among the candidates."""
    frequency = Counter(stem for terms in candidates for stem in set().union(*terms))
    return _Rarity(len(candidates) + _UNSEEN, frequency)


class _Rarity(dict[str, float]):
    def __init__(self, among: int, frequency: Mapping[str, int]) -> None:
        super().__init__({stem: math.log(among / (1 + count)) for stem, count in frequency.items()})
        self._unseen = math.log(among)

    def __missing__(self, stem: str) -> float:
        return self._unseen


def _unit(terms: Terms, rarity: Mapping[str, float]) -> Terms:
    """The terms weighted by their rarity, as a vector of length 1."""
    weighted = {stem: weight * rarity[stem] for stem, weight in terms.items()}
    length = math.hypot(*weighted.values())
    return {stem: weight / length for stem, weight in weighted.items()} if length else {}


def _cosine(unit: Terms, accounts: Iterable[Terms], rarity: Mapping[str, float]) -> float:
    """The cosine of the angle to the middle of the accounts."""
    middle: Counter[str] = Counter()
    for terms in accounts:
        middle.update(_unit(terms, rarity))
    length = math.hypot(*middle.values())
    return sum(weight * middle[stem] for stem, weight in unit.items() if stem in middle) / length if length else 0.0


def _besides(story: Story, other: Story) -> float:
    """What speaks for and against one event besides the words."""
    score = _DAY * max(0, _apart(story, other).days - 1)
    score += _QUOTATION * bool(story.quotations & other.quotations)
    score += _SPEAKER * bool(story.speakers & other.speakers)
    score += _PLACE * (story.place is not None and story.place == other.place)
    if None not in (story.country, other.country) and story.country != other.country:
        score += _ELSEWHERE
    return score


def _apart(story: Story, other: Story) -> dt.timedelta:
    """The time between the days of the two; none where they overlap."""
    return max(other.first - story.last, story.first - other.last, dt.timedelta(0))
