"""Compare two captures of one item: their texts, and their statements with the speakers."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz.distance import Indel

# The least similarity of two statements of one speaker of which one is the edited other. Measured: of pairs of
# different statements of one speaker in one article (PolNeAR) 0.4 % are so similar; of the seed's statements, with four
# words in ten edited, 98 %.
_LEAST_SIMILARITY = 0.6

# Bounds of the work: pairs of statements that are compared, code points of each, and the product of the lengths of two
# texts for which the least edit is computed.
_MOST_PAIRS, _COMPARED, _MOST_AREA = 40_000, 1_000, 2_500_000_000


@dataclass(frozen=True, slots=True)
class CapturedStatement:
    """A statement as one capture prints it; ``speaker`` is an id."""

    id: int
    speaker: int | None
    words: str


@dataclass(frozen=True, slots=True)
class StatementPair:
    """One statement in two captures, and the similarity of its words, 0 to 1."""

    before: CapturedStatement
    after: CapturedStatement
    similarity: float


@dataclass(frozen=True, slots=True)
class StatementChanges:
    """The statements of two captures, each in one list: unchanged, changed, removed or added."""

    unchanged: Sequence[StatementPair]
    changed: Sequence[StatementPair]
    removed: Sequence[CapturedStatement]
    added: Sequence[CapturedStatement]


@dataclass(frozen=True, slots=True)
class TextChange:
    """The similarity of two texts, 0 to 1, and the numbers of code points added and removed."""

    similarity: float
    added: int
    removed: int


class _Pairing(NamedTuple):
    """Pairs of statements, and the statements of both captures that are in no pair."""

    pairs: list[StatementPair]
    before: list[CapturedStatement]
    after: list[CapturedStatement]


def compare_statements(before: Sequence[CapturedStatement], after: Sequence[CapturedStatement]) -> StatementChanges:
    """Pair the statements of two captures.

    First those with the same words and speaker, then those with the same words, then those of one speaker with similar
    words, the most similar first. Statements beyond the bounds of the work count as removed and added.
    """
    unchanged, before, after = _pair_equal(before, after, lambda statement: (statement.speaker, statement.words))
    reattributed, before, after = _pair_equal(before, after, lambda statement: statement.words)
    edited, before, after = _pair_similar(before, after)
    return StatementChanges(unchanged, [*reattributed, *edited], before, after)


def _pair_equal(
    before: Iterable[CapturedStatement],
    after: Iterable[CapturedStatement],
    get_key: Callable[[CapturedStatement], Hashable],
) -> _Pairing:
    """Pair statements with the same key, the first of each capture with the first."""
    unpaired: dict[Hashable, deque[CapturedStatement]] = defaultdict(deque)
    for statement in before:
        unpaired[get_key(statement)].append(statement)
    pairs, added = [], []
    for statement in after:
        same = unpaired[get_key(statement)]
        if same:
            pairs.append(StatementPair(same.popleft(), statement, 1.0))
        else:
            added.append(statement)
    return _Pairing(pairs, _exclude(before, (pair.before for pair in pairs)), added)


def _pair_similar(before: Sequence[CapturedStatement], after: Sequence[CapturedStatement]) -> _Pairing:
    """Pair similar statements of one speaker, each statement at most once."""
    pairs: list[StatementPair] = []
    paired: set[tuple[str, int]] = set()
    for pair in sorted(_list_similar(before, after), key=lambda pair: -pair.similarity):
        sides = {("before", pair.before.id), ("after", pair.after.id)}
        if not sides & paired:
            paired |= sides
            pairs.append(pair)
    removed = _exclude(before, (pair.before for pair in pairs))
    return _Pairing(pairs, removed, _exclude(after, (pair.after for pair in pairs)))


def _list_similar(before: Sequence[CapturedStatement], after: Sequence[CapturedStatement]) -> Iterator[StatementPair]:
    """Yield all similar pairs of one speaker; speakers with few statements first, within the bounds of the work."""
    before_by_speaker, after_by_speaker = _group_by_speaker(before), _group_by_speaker(after)
    speakers = before_by_speaker.keys() & after_by_speaker.keys()
    groups = [(before_by_speaker[speaker], after_by_speaker[speaker]) for speaker in speakers]
    left = _MOST_PAIRS
    for old, new in sorted(groups, key=lambda group: len(group[0]) * len(group[1])):
        left -= len(old) * len(new)
        if left < 0:
            return
        for statement in old:
            for other in new:
                words, other_words = statement.words[:_COMPARED], other.words[:_COMPARED]
                similarity = Indel.normalized_similarity(words, other_words, score_cutoff=_LEAST_SIMILARITY)
                if similarity >= _LEAST_SIMILARITY:
                    yield StatementPair(statement, other, similarity)


def _group_by_speaker(statements: Iterable[CapturedStatement]) -> dict[int | None, list[CapturedStatement]]:
    groups: dict[int | None, list[CapturedStatement]] = defaultdict(list)
    for statement in statements:
        groups[statement.speaker].append(statement)
    return groups


def _exclude(statements: Iterable[CapturedStatement], excluded: Iterable[CapturedStatement]) -> list[CapturedStatement]:
    ids = {statement.id for statement in excluded}
    return [statement for statement in statements if statement.id not in ids]


def compare_texts(before: str, after: str) -> TextChange:
    """Compare two texts line by line: a line that only moved is no change.

    Of the lines that differ the least edit is computed; if they are too long for that, all count as removed and added.
    """
    old, new = _remove_lines(before, after), _remove_lines(after, before)
    common = (len(old) + len(new) - Indel.distance(old, new)) // 2 if len(old) * len(new) <= _MOST_AREA else 0
    added, removed, length = len(new) - common, len(old) - common, len(before) + len(after)
    return TextChange(1.0 if not length else (length - added - removed) / length, added, removed)


def _remove_lines(text: str, other: str) -> str:
    """Remove from a text the lines of another, each as often as the other has it."""
    counts = Counter(other.splitlines(keepends=True))
    left = []
    for line in text.splitlines(keepends=True):
        if counts[line]:
            counts[line] -= 1
        else:
            left.append(line)
    return "".join(left)
