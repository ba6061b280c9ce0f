"""Rank the stored events by how similar they are to the event that a document reports.

The similarity of two events is the cosine of the TF-IDF vectors of their accounts, in which words of titles weigh
three times as much, plus and minus weights for other things in common and for the days between them. The inverse
document frequency is computed among the candidates alone, so nothing is stored or recomputed as the store grows.
"""

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from app.core.spans import make_match_key

WINDOW = dt.timedelta(days=7)
"""The longest time between the dates that two accounts give to one event."""

# The least scores at which two events are one, and may be one. Measured on PolNeAR: see docs/analysis.md.
SURE, DOUBTFUL = 0.30, 0.18

_TITLE_WEIGHT = 3  # of a word in the title, relative to one in the text
_UNSEEN = 30  # assumed events with none of the words, so that a few candidates say little about rarity
_SHINGLE_WORDS = 6  # words in a row that two quotations share only if they print one utterance
# Added to the score: a shared quotation, a shared speaker, the same place, another country, each day in between.
_QUOTATION, _SPEAKER, _PLACE, _OTHER_COUNTRY, _DAY = 0.12, 0.02, 0.03, -0.08, -0.03

_WORD = re.compile(r"[^\W_]+")
# Words that any report may contain.
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
"""The weight of each stem of a text."""


@dataclass(frozen=True, slots=True)
class Account:
    """A text about an event: its title and its first sentences."""

    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """An event with its accounts: one account for a new document, several for a stored event.

    ``place`` and ``speakers`` are match keys, ``country`` is ISO 3166-1 alpha-2, ``quotations`` are from
    `list_shingles`.
    """

    accounts: Sequence[Account]
    first: dt.date
    last: dt.date
    place: str | None = None
    country: str | None = None
    speakers: frozenset[str] = frozenset()
    quotations: frozenset[str] = frozenset()


class RankedCandidate(NamedTuple):
    """The place of a candidate in the list of candidates, and its score: about 0 to 1, one event from ``SURE`` on."""

    place: int
    score: float


def list_words(text: str) -> list[str]:
    """List the match keys of the words that carry a text's meaning."""
    return [word for word in _WORD.findall(make_match_key(text)) if len(word) > 1 and word not in _COMMON]


def list_shingles(texts: Iterable[str]) -> frozenset[str]:
    """List all runs of six words."""
    return frozenset(
        " ".join(words[start : start + _SHINGLE_WORDS])
        for words in (_WORD.findall(make_match_key(text)) for text in texts)
        for start in range(len(words) - _SHINGLE_WORDS + 1)
    )


def rank(story: Story, candidates: Sequence[Story]) -> list[RankedCandidate]:
    """Return the candidates that may be the story's event, the most similar first."""
    candidate_terms = [_weigh_accounts(candidate, story.place, candidate.place) for candidate in candidates]
    frequency = Counter(stem for terms in candidate_terms for stem in set().union(*terms))
    rarity = _Rarity(len(candidates) + _UNSEEN, frequency)
    vector = _normalize(_weigh_accounts(story, story.place)[0], rarity)
    ranked = [
        RankedCandidate(place, round(_compute_cosine(vector, terms, rarity) + _compute_bonus(story, candidate), 3))
        for place, (candidate, terms) in enumerate(zip(candidates, candidate_terms, strict=True))
        if _get_gap(story, candidate) <= WINDOW
    ]
    return sorted((row for row in ranked if row.score >= DOUBTFUL), key=lambda row: (-row.score, row.place))


def compute_confidence(score: float) -> float:
    """Return roughly how likely a candidate with this score is the same event: 0.5 at ``SURE``, at most 0.95."""
    above = (score - SURE) / (1 - SURE) if score >= SURE else (score - SURE) / SURE
    return round(min(0.95, 0.5 + above / 2), 2)


def _weigh_accounts(story: Story, *places: str | None) -> list[Terms]:
    """Weigh the terms of each account, without the names of the places: two events in one town are not one."""
    excluded = {_stem(word) for place in places if place is not None for word in list_words(place)}
    return [
        {stem: weight for stem, weight in _weigh_terms(account).items() if stem not in excluded}
        for account in story.accounts
    ]


def _weigh_terms(account: Account) -> Terms:
    """Return the logarithmic term frequency of each stem; a word of the title counts several times."""
    counts = Counter(map(_stem, list_words(account.text)))
    for word in list_words(account.title):
        counts[_stem(word)] += _TITLE_WEIGHT
    return {stem: 1 + math.log(count) for stem, count in counts.items()}


@lru_cache(maxsize=2**16)
def _stem(word: str) -> str:
    """Remove the endings of English nouns and verbs."""
    if len(word) < 5 or not word.isascii() or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    ending = next((ending for ending in _ENDINGS if word.endswith(ending) and len(word) - len(ending) > 2), "")
    return word.removesuffix(ending)


class _Rarity(dict[str, float]):
    """The inverse document frequency of each stem among a number of events."""

    def __init__(self, event_count: int, frequency: Mapping[str, int]) -> None:
        super().__init__({stem: math.log(event_count / (1 + count)) for stem, count in frequency.items()})
        self._unseen = math.log(event_count)

    def __missing__(self, stem: str) -> float:
        return self._unseen


def _normalize(terms: Terms, rarity: Mapping[str, float]) -> Terms:
    """Multiply the weights by the stems' rarity, and scale the vector to length 1."""
    weighted = {stem: weight * rarity[stem] for stem, weight in terms.items()}
    length = math.hypot(*weighted.values())
    return {stem: weight / length for stem, weight in weighted.items()} if length else {}


def _compute_cosine(vector: Terms, accounts: Iterable[Terms], rarity: Mapping[str, float]) -> float:
    """Compute the cosine of a vector and the centroid of the accounts."""
    centroid: Counter[str] = Counter()
    for terms in accounts:
        centroid.update(_normalize(terms, rarity))
    length = math.hypot(*centroid.values())
    return (
        sum(weight * centroid[stem] for stem, weight in vector.items() if stem in centroid) / length if length else 0.0
    )


def _compute_bonus(story: Story, other: Story) -> float:
    """Add up the weights for and against one event, apart from the words."""
    score = _DAY * max(0, _get_gap(story, other).days - 1)
    score += _QUOTATION * bool(story.quotations & other.quotations)
    score += _SPEAKER * bool(story.speakers & other.speakers)
    score += _PLACE * (story.place is not None and story.place == other.place)
    if None not in (story.country, other.country) and story.country != other.country:
        score += _OTHER_COUNTRY
    return score


def _get_gap(story: Story, other: Story) -> dt.timedelta:
    """Return the time between the dates of two stories; zero if they overlap."""
    return max(other.first - story.last, story.first - other.last, dt.timedelta(0))
