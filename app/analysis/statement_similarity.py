"""Estimate whether two statements print one utterance: by speaker, by date, and by the share of their words in common.

Words are compared by their four-letter shingles. Function words are left out, and names count half, since all
statements about one event share the same names. The score depends on the share of the shorter statement's shingles that
the other one has, and on their number: an excerpt prints the same utterance as the long statement it is from, two
statements with one word in common do not. ``docs/analysis.md`` gives the measurements.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from rapidfuzz import fuzz, process
from rapidfuzz.distance import LCSseq

from app.core.spans import Span
from app.core.vocab import SpeakerKind

_COMPARED = 5_000  # code points of a statement that are compared
_MOST_IN_FULL = 30  # statements that are compared in full; of more, those that a quick comparison ranks first

_SHINGLE_LETTERS = 4
_NAME_WEIGHT = 0.5
# The weight of shared shingles that halves the score: those of two or three words.
_HALF_WEIGHT = 16

# The confidence at some scores: about the share of pairs with that score that are one utterance, among pairs of one
# speaker in one article that were looked at. From ``_SAME`` on two statements count as one.
_MAYBE, _SAME, _SURE = 0.26, 0.36, 0.5
_CONFIDENCE = ((0.0, 0.0), (_MAYBE, 0.4), (_SAME, 0.7), (_SURE, 0.9), (1.0, 1.0))
# The highest confidence of a pair that is in doubt for another reason.
_MOST_DOUBTED = 0.65

# The length in words, and the share of the shorter statement, of a run that two statements do not share by chance.
_RUN_WORDS, _RUN_SHARE = 8, 0.75

TOLERANCE = dt.timedelta(days=1)  # time zones
# A weekly prints statements made since its last issue; an uncertain date is hardly wrong by more.
_WEEK = dt.timedelta(days=7)

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def _split(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STOP_WORDS = _split("""
    a about above after again against all also am among an and any are as at be because been before being below
    between both but by can cannot could did do does doing down during each few for from further had has have having
    he her here hers him his how i if in into is it its itself just many may me might more most much must my no nor
    not now of off on once one only or other our out over own same shall she should so some such than that the their
    them then there these they this those through to too two under until up us very was we were what when where which
    while who whom whose why will with would you your
""")
_NEGATIONS = _split("""
    not no never none nobody nothing neither nor without cannot не нет ни никогда nicht kein keine keinen nie ne pas
    jamais aucun aucune nunca jamás ningún ninguna
""")
_CLITICS = ("s", "ll", "re", "ve", "d", "m")
_NEGATING_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non")
_NEGATION_REACH = 4  # words after a negation that it may negate; it certainly negates the first
# Of few words in common another order changes the meaning (who defends whom): the number of words that are few, and the
# share of them in the same order up to which the order is another.
_FEW, _ORDERED = 5, 0.6
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class DayRange(NamedTuple):
    """The days from the first to the last, both included."""

    first: dt.date
    last: dt.date

    def is_near(self, other: "DayRange", within: dt.timedelta = TOLERANCE) -> bool:
        """Return True if the ranges have a day in common, or are no further apart than ``within``."""
        return self.first - other.last <= within and other.first - self.last <= within

    def widen(self, before: dt.timedelta, after: dt.timedelta) -> "DayRange":
        """Return the range with these days before and after it, as far as the calendar goes."""
        first = max(self.first.toordinal() - before.days, dt.date.min.toordinal())
        last = min(self.last.toordinal() + after.days, dt.date.max.toordinal())
        return DayRange(dt.date.fromordinal(first), dt.date.fromordinal(last))


ALWAYS = DayRange(dt.date.min, dt.date.max)


def get_possible_days(
    kind: SpeakerKind | None, said: DayRange | None, published: DayRange | None, *, in_doubt: bool = False
) -> DayRange:
    """Return the days on which a speaker of this kind may have made a statement.

    A document, such as a treaty, says the same at all times. A statement without a date was made in the week before it
    was printed, or at any time if that has no date either.
    """
    if kind is SpeakerKind.DOCUMENT or (said is None and published is None):
        return ALWAYS
    if said is not None:
        return said.widen(_WEEK, _WEEK) if in_doubt else said
    assert published is not None
    return published.widen(before=_WEEK, after=dt.timedelta(0))


def may_coincide(days: DayRange | None, other: DayRange | None, within: dt.timedelta = TOLERANCE) -> bool:
    """Return True unless both are known and too far apart for one utterance."""
    return days is None or other is None or days.is_near(other, within)


@dataclass(frozen=True)
class PrintedStatement:
    """A statement as a document prints it; ``days`` are those on which it may have been made.

    Speakers, documents and events are ids; ``relays`` are the speakers of its chain.
    """

    id: int
    words: str
    span: Span
    document: int
    event: int | None
    speaker: int | None
    kind: SpeakerKind | None
    relays: Set[int]
    said: DayRange | None
    days: DayRange

    @property
    def folded(self) -> str:
        return self.words[:_COMPARED].casefold()

    @cached_property
    def tokens(self) -> Sequence[str]:
        """All words, case-folded and without clitics: "Russia’s" is "russia", but "won’t" stays, unlike "won"."""
        tokens = []
        for word in self._words:
            head, mark, tail = word.casefold().replace("’", "'").rpartition("'")
            tokens.append(head if tail in _CLITICS else head + mark + tail)
        return tokens

    @cached_property
    def content_words(self) -> Sequence[str]:
        return [word for word in self.tokens if _is_content_word(word)]

    @cached_property
    def shingles(self) -> dict[str, float]:
        """The shingles of the content words, and the weight of each."""
        weights: dict[str, float] = {}
        for place, (printed, word) in enumerate(zip(self._words, self.tokens, strict=True)):
            if _is_content_word(word):
                weight = _NAME_WEIGHT if place and printed[0].isupper() else 1.0
                for shingle in _list_shingles(word):
                    weights[shingle] = max(weights.get(shingle, 0.0), weight)
        return weights

    @cached_property
    def _words(self) -> Sequence[str]:
        return _WORD.findall(unicodedata.normalize("NFKC", self.words[:_COMPARED]))


def _is_negation(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't")


def _is_content_word(word: str) -> bool:
    return word not in _STOP_WORDS and not _is_negation(word)


def _list_shingles(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[start : start + _SHINGLE_LETTERS] for start in range(max(1, len(padded) - _SHINGLE_LETTERS + 1))]


class Doubt(StrEnum):
    """The reason why it is not certain that two statements are one."""

    WORDS = "words"
    SINGLE_WORD = "single_word"
    ORDER = "order"
    NUMBERS = "numbers"
    NEGATION = "negation"
    DAYS = "days"


class Similarity(NamedTuple):
    """The confidence that two statements print one utterance, 0 to 1; certain unless there is a doubt."""

    confidence: float
    doubt: Doubt | None = None


def compare_statements(statement: PrintedStatement, other: PrintedStatement) -> Similarity | None:
    """Estimate whether two statements print one utterance; None if they do not."""
    thresholds = _get_thresholds(statement, other)
    if thresholds is None or not statement.days.is_near(other.days):
        return None
    # A quotation inside the words of the other statement is not the same as all of these.
    if statement.document == other.document and 0.0 < statement.span.overlap(other.span) < 0.5:
        return None
    weights, other_weights = statement.shingles, other.shingles
    shared = sum(min(weights[shingle], other_weights[shingle]) for shingle in weights.keys() & other_weights.keys())
    if not shared:
        return None
    score = shared / min(sum(weights.values()), sum(other_weights.values())) * shared / (shared + _HALF_WEIGHT)
    if score < thresholds.maybe:
        return None
    confidence = round(_get_confidence(score), 2)
    doubt = Doubt.WORDS if score < thresholds.same else next(_list_doubts(statement, other, shared), None)
    return Similarity(confidence) if doubt is None else Similarity(min(confidence, _MOST_DOUBTED), doubt)


def list_closest(statement: PrintedStatement, candidates: Sequence[PrintedStatement]) -> Sequence[PrintedStatement]:
    """Return the candidates, or if they are many those that a quick comparison ranks first."""
    if len(candidates) <= _MOST_IN_FULL:
        return candidates
    # The quick comparison rates a few words of the statement as high as all of them: of a tie the first ones stay.
    words = statement.folded
    ordered = sorted(candidates, key=lambda candidate: candidate.folded != words)
    texts = [candidate.folded for candidate in ordered]
    ranked = process.extract(words, texts, scorer=fuzz.token_set_ratio, limit=_MOST_IN_FULL)
    return [ordered[place] for _, _, place in ranked]


class _Thresholds(NamedTuple):
    """The scores from which on two statements may be one, and are one."""

    maybe: float
    same: float


def _get_thresholds(statement: PrintedStatement, other: PrintedStatement) -> _Thresholds | None:
    """Return the scores that the words must reach; None if the speakers tell the statements apart.

    A speaker's statement may be the same as one that the speaker relays. The words of a document or an unnamed speaker
    may be another speaker's words if they are the very same words on one occasion.
    """
    if statement.speaker is not None and statement.speaker == other.speaker:
        # A document, which says the same at all times, may be quoted as of two dates.
        if statement.kind is SpeakerKind.DOCUMENT and not may_coincide(statement.said, other.said, _WEEK):
            return None
        return _Thresholds(_MAYBE, _SAME)
    if statement.speaker in other.relays or other.speaker in statement.relays:
        return _Thresholds(_SAME, _SURE)
    kinds = {statement.kind, other.kind}
    if not kinds & {None, SpeakerKind.DOCUMENT, SpeakerKind.UNNAMED} or kinds == {SpeakerKind.DOCUMENT}:
        return None
    is_same_event = statement.event is not None and statement.event == other.event
    if (statement.document == other.document or is_same_event) and _is_verbatim(statement, other):
        return _Thresholds(_SAME, _SAME)
    return None


def _is_verbatim(statement: PrintedStatement, other: PrintedStatement) -> bool:
    shorter, longer = sorted((statement.tokens, other.tokens), key=len)
    length = max(_RUN_WORDS, int(_RUN_SHARE * len(shorter)))
    words = f" {' '.join(longer)} "
    starts = range(len(shorter) - length + 1)
    return any(f" {' '.join(shorter[start : start + length])} " in words for start in starts)


def _get_confidence(score: float) -> float:
    """Interpolate linearly between the points of ``_CONFIDENCE``."""
    place = next(place for place, (upto, _) in enumerate(_CONFIDENCE) if score <= upto)
    (low, worst), (high, best) = _CONFIDENCE[place - 1], _CONFIDENCE[place]
    return worst + (best - worst) * (score - low) / (high - low)


def _list_doubts(statement: PrintedStatement, other: PrintedStatement, shared_weight: float) -> Iterator[Doubt]:
    """Yield the reasons to doubt that similar statements are one."""
    common = _list_common_stems(statement, other), _list_common_stems(other, statement)
    if min(len(set(stems)) for stems in common) < 2 and shared_weight < _HALF_WEIGHT:
        yield Doubt.SINGLE_WORD
    numbers, other_numbers = (set(filter(_NUMBER.fullmatch, words)) for words in (statement.tokens, other.tokens))
    if numbers - other_numbers and other_numbers - numbers:
        yield Doubt.NUMBERS
    if _negates(statement, other) or _negates(other, statement):
        yield Doubt.NEGATION
    if max(map(len, common)) <= _FEW and LCSseq.normalized_similarity(*common) <= _ORDERED:
        yield Doubt.ORDER
    if statement.said is not None and other.said is not None and not statement.said.is_near(other.said):
        yield Doubt.DAYS


def _list_common_stems(statement: PrintedStatement, other: PrintedStatement) -> list[str]:
    """List the first letters of the words, in order, of whose shingles the other statement has at least half."""
    stems = []
    for word in statement.content_words:
        has = [shingle in other.shingles for shingle in _list_shingles(word)]
        if 2 * sum(has) >= len(has):
            stems.append(word[:_SHINGLE_LETTERS])
    return stems


def _negates(statement: PrintedStatement, other: PrintedStatement) -> bool:
    """Return True if one denies by a word what the other says with it: "will not send" and "will send", "unlawful"."""
    own_words, other_words = set(statement.content_words), set(other.content_words)
    if (_list_negated(statement.tokens, 1) & other_words) - _list_negated(other.tokens, _NEGATION_REACH):
        return True
    opposites = {prefix + word for word in own_words - other_words for prefix in _NEGATING_PREFIXES}
    return bool(opposites & (other_words - own_words))


def _list_negated(tokens: Sequence[str], reach: int) -> set[str]:
    """List the content words, up to ``reach`` of them, that follow a negation."""
    negated, left = set(), 0
    for word in tokens:
        if _is_negation(word):
            left = reach
        elif left and word not in _STOP_WORDS:
            negated.add(word)
            left -= 1
    return negated
