"""Whether two statements print one thing said: by whom, when, and how much of the words they share.

Words are compared by the four-letter pieces of those that carry meaning: function words are left out, and names count
half, since all that is said of one event has the same names. What counts is the share of the pieces of the shorter
statement that the other has, and how many those are: an excerpt is a printing of the long statement that it is from,
two statements with one word in common are not. ``docs/analysis.md`` has what was measured.
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

# What bounds the work: code points of a statement that are compared.
_COMPARED = 5_000

# So many statements are compared in full: of more, those first that share most words.
_IN_FULL = 30

_PIECE = 4
_NAME = 0.5
# So many pieces in common count half of what any number of them does: those of two or three words.
_HALF = 16

# What a likeness is worth: about the share of such pairs that are one, of those of one speaker in one article that were
# looked at. From ``_SAME`` on it is taken for certain.
_MAYBE, _SAME, _SURE = 0.26, 0.36, 0.5
_WORTH = ((0.0, 0.0), (_MAYBE, 0.4), (_SAME, 0.7), (_SURE, 0.9), (1.0, 1.0))
# What a pair is worth at most that is in doubt for another reason.
_DOUBTED = 0.65

# A run of so many words, and of so much of the shorter statement, is no coincidence.
_RUN, _OF_ALL = 8, 0.75

TOLERANCE = dt.timedelta(days=1)  # it is tomorrow elsewhere
# A weekly prints what was said since its last number; a date in doubt is hardly further off.
_WEEK = dt.timedelta(days=7)

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STOP = _listed("""
    a about above after again against all also am among an and any are as at be because been before being below
    between both but by can cannot could did do does doing down during each few for from further had has have having
    he her here hers him his how i if in into is it its itself just many may me might more most much must my no nor
    not now of off on once one only or other our out over own same shall she should so some such than that the their
    them then there these they this those through to too two under until up us very was we were what when where which
    while who whom whose why will with would you your
""")
_NOT = _listed("""
    not no never none nobody nothing neither nor without cannot не нет ни никогда nicht kein keine keinen nie ne pas
    jamais aucun aucune nunca jamás ningún ninguna
""")
_ENDINGS = ("s", "ll", "re", "ve", "d", "m")
_OPPOSITE = ("un", "in", "im", "il", "ir", "dis", "non")
# Words after a negation that it may be of; it is certainly of the first.
_NEGATED = 4
# Of so few words in common another order tells that they say something else, who defends whom: if no more than this
# share of them can be read in the same order.
_FEW, _ORDERED = 5, 0.6
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Days(NamedTuple):
    """From the first day to the last, both included."""

    first: dt.date
    last: dt.date

    def meet(self, other: "Days", within: dt.timedelta = TOLERANCE) -> bool:
        """Whether they have a day in common, or are no further apart."""
        return self.first - other.last <= within and other.first - self.last <= within

    def widened(self, by: dt.timedelta) -> "Days":
        return Days(_moved(self.first, -by), _moved(self.last, by))


ALWAYS = Days(dt.date.min, dt.date.max)


def days(kind: SpeakerKind | None, said: Days | None, published: Days | None, *, in_doubt: bool = False) -> Days:
    """The days on which something may have been said, by a speaker of this kind.

    A document says the same at all times. What has no date of its own was said in the week before it was printed;
    where that has none either, at any time.
    """
    if kind is SpeakerKind.DOCUMENT or (said is None and published is None):
        return ALWAYS
    if said is not None:
        return said.widened(_WEEK) if in_doubt else said
    assert published is not None
    return Days(_moved(published.first, -_WEEK), published.last)


def agree(one: Days | None, other: Days | None) -> bool:
    """Whether what was said on these days may be one, as far as that is known."""
    return one is None or other is None or one.meet(other)


def _moved(day: dt.date, by: dt.timedelta) -> dt.date:
    try:
        return day + by
    except OverflowError:
        return dt.date.min if by < dt.timedelta() else dt.date.max


@dataclass(frozen=True)
class Printing:
    """A statement as a document prints it; ``days`` are those on which it may have been said.

    Speakers, documents and events are ids; ``relays`` are the voices of its chain.
    """

    id: int
    words: str
    span: Span
    document: int
    event: int | None
    speaker: int | None
    kind: SpeakerKind | None
    relays: Set[int]
    said: Days | None
    days: Days

    @property
    def folded(self) -> str:
        return self.words[:_COMPARED].casefold()

    @cached_property
    def tokens(self) -> Sequence[str]:
        """All words, case-folded."""
        return [_plain(word) for word in self._words]

    @cached_property
    def meaning(self) -> Sequence[str]:
        """The words that carry meaning."""
        return [word for word in self.tokens if _carries_meaning(word)]

    @cached_property
    def pieces(self) -> dict[str, float]:
        """The pieces of the words that carry meaning, and what each counts."""
        counts: dict[str, float] = {}
        for place, (printed, word) in enumerate(zip(self._words, self.tokens, strict=True)):
            if _carries_meaning(word):
                worth = _NAME if place and printed[0].isupper() else 1.0
                for piece in _pieces(word):
                    counts[piece] = max(counts.get(piece, 0.0), worth)
        return counts

    @cached_property
    def _words(self) -> Sequence[str]:
        return _WORD.findall(unicodedata.normalize("NFKC", self.words[:_COMPARED]))


def _plain(word: str) -> str:
    """The word as it is compared: "Russia’s" is "russia", "we’ll" is "we"; "won’t" stays, which is not "won"."""
    head, mark, tail = word.casefold().replace("’", "'").rpartition("'")
    return head if tail in _ENDINGS else head + mark + tail


def _is_negation(word: str) -> bool:
    return word in _NOT or word.endswith("n't")


def _carries_meaning(word: str) -> bool:
    return word not in _STOP and not _is_negation(word)


def _pieces(word: str) -> Iterator[str]:
    padded = f" {word} "
    return (padded[start : start + _PIECE] for start in range(max(1, len(padded) - _PIECE + 1)))


class Doubt(StrEnum):
    """Why it is not certain that two statements are one."""

    WORDS = "words"
    SINGLE_WORD = "single_word"
    ORDER = "order"
    NUMBERS = "numbers"
    NEGATION = "negation"
    DAYS = "days"


class Likeness(NamedTuple):
    """How likely it is that two statements print one thing said, 0 to 1; certain unless there is a doubt."""

    confidence: float
    doubt: Doubt | None = None


def compare(one: Printing, other: Printing) -> Likeness | None:
    """Whether the two may print one thing said; None where they do not."""
    bounds = _bounds(one, other)
    if bounds is None or not one.days.meet(other.days) or _is_part(one, other):
        return None
    share, score = _likeness(one.pieces, other.pieces)
    if score < bounds.maybe:
        return None
    worth = round(_worth(score), 2)
    doubt = Doubt.WORDS if score < bounds.same else next(_doubts(one, other, share), None)
    return Likeness(worth) if doubt is None else Likeness(min(worth, _DOUBTED), doubt)


def closest(one: Printing, others: Sequence[Printing]) -> Sequence[Printing]:
    """The others, or where they are many those that a quick look finds most alike."""
    if len(others) <= _IN_FULL:
        return others
    words = [other.folded for other in others]
    found = process.extract(one.folded, words, scorer=fuzz.token_set_ratio, limit=_IN_FULL)
    return [others[place] for _, _, place in found]


class _Bounds(NamedTuple):
    """From which likeness on two statements may be one, and are one."""

    maybe: float
    same: float


def _bounds(one: Printing, other: Printing) -> _Bounds | None:
    """How alike the words must be; None where voices tell the two apart.

    One speaker's words are its own; what a voice says and what it relays may be the same; and what a document or
    somebody unnamed says may be another's words, where they are the very same words on one occasion.
    """
    if one.speaker is not None and one.speaker == other.speaker:
        return None if _contradict(one, other) else _Bounds(_MAYBE, _SAME)
    if one.speaker in other.relays or other.speaker in one.relays:
        return _Bounds(_SAME, _SURE)
    kinds = {one.kind, other.kind}
    if not kinds & {None, SpeakerKind.DOCUMENT, SpeakerKind.UNNAMED} or kinds == {SpeakerKind.DOCUMENT}:
        return None
    together = one.document == other.document or (one.event is not None and one.event == other.event)
    return _Bounds(_SAME, _SAME) if together and _is_verbatim(one, other) else None


def _contradict(one: Printing, other: Printing) -> bool:
    """Whether a text that says the same at all times is quoted as of two dates."""
    if one.kind is not SpeakerKind.DOCUMENT or one.said is None or other.said is None:
        return False
    return not one.said.meet(other.said, _WEEK)


def _is_part(one: Printing, other: Printing) -> bool:
    """Whether one stands inside the other's words, as a smaller part of them: what a speaker quotes is not the same as
    all that he says."""
    return one.document == other.document and 0.0 < one.span.overlap(other.span) < 0.5


def _is_verbatim(one: Printing, other: Printing) -> bool:
    shorter, longer = sorted((one.tokens, other.tokens), key=len)
    length = max(_RUN, int(_OF_ALL * len(shorter)))
    words = f" {' '.join(longer)} "
    starts = range(len(shorter) - length + 1)
    return any(f" {' '.join(shorter[start : start + length])} " in words for start in starts)


def _likeness(one: dict[str, float], other: dict[str, float]) -> tuple[float, float]:
    """The pieces that both have, and what they amount to, 0 to 1."""
    shared = sum(min(one[piece], other[piece]) for piece in one.keys() & other.keys())
    if not shared:
        return 0.0, 0.0
    return shared, shared / min(sum(one.values()), sum(other.values())) * shared / (shared + _HALF)


def _worth(score: float) -> float:
    """What a likeness is worth: between the points of ``_WORTH``, in a straight line."""
    place = next(place for place, (upto, _) in enumerate(_WORTH) if score <= upto)
    (low, worst), (high, best) = _WORTH[place - 1], _WORTH[place]
    return worst + (best - worst) * (score - low) / (high - low)


def _doubts(one: Printing, other: Printing, share: float) -> Iterator[Doubt]:
    """What makes alike statements doubtful all the same."""
    shared = _common(one, other), _common(other, one)
    if min(len(set(words)) for words in shared) < 2 and share < _HALF:
        yield Doubt.SINGLE_WORD
    if _are_numbers_others(one.tokens, other.tokens):
        yield Doubt.NUMBERS
    if _is_negated(one, other) or _is_negated(other, one):
        yield Doubt.NEGATION
    if max(map(len, shared)) <= _FEW and LCSseq.normalized_similarity(*shared) <= _ORDERED:
        yield Doubt.ORDER
    if one.said is not None and other.said is not None and not one.said.meet(other.said):
        yield Doubt.DAYS


def _common(one: Printing, other: Printing) -> list[str]:
    """The beginnings of the words, in their order, most of which the other statement has too."""
    there = other.pieces
    found = ((word, [piece in there for piece in _pieces(word)]) for word in one.meaning)
    return [word[:_PIECE] for word, has in found if 2 * sum(has) >= len(has)]


def _are_numbers_others(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether each has a number that the other lacks."""
    ours, theirs = ({word for word in words if _NUMBER.fullmatch(word)} for words in (one, other))
    return bool(ours - theirs and theirs - ours)


def _is_negated(one: Printing, other: Printing) -> bool:
    """Whether one denies by a word what the other says with it: "will not send" and "will send", "unlawful"."""
    there, here = set(other.meaning), set(one.meaning)
    if (_denied(one.tokens, 1) & there) - _denied(other.tokens, _NEGATED):
        return True
    opposites = {prefix + word for word in here - there for prefix in _OPPOSITE}
    return bool(opposites & (there - here))


def _denied(tokens: Sequence[str], reach: int) -> set[str]:
    """The words that carry meaning, up to ``reach`` of them, which follow a negation."""
    denied, left = set(), 0
    for word in tokens:
        if _is_negation(word):
            left = reach
        elif left and word not in _STOP:
            denied.add(word)
            left -= 1
    return denied
