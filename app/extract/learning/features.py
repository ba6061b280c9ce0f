"""What the trained judge is told of candidates: numbers, and keys of which it has learned how often they attribute."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from app.extract.attribution.candidates import Candidate
from app.extract.attribution.judgement import Judgement
from app.extract.attribution.tree import NO_QUOTE, Tree, find_head
from app.extract.learning.arrays import Integers, Numbers
from app.extract.learning.proposals import Judged
from app.extract.learning.sequence import known_classes

_UNSPOKEN = ("PUNCT", "SPACE")
NUMBERS, KEYS = 59, 23  # of each candidate
_ALONE = -1.0  # how far a candidate is above the others where there are none


class Described(NamedTuple):
    """What there is to say of the candidates of a text, a row each."""

    numbers: Numbers
    keys: list[tuple[str, ...]]


def of(tree: Tree, judged: Judged, chances: Numbers) -> Described:
    """Describe candidates; `chances` are those of all tokens of the text."""
    tokens = _Tokens(tree, judged, chances)
    found = _Found(tree, judged)
    content = _contents(tokens, found)
    compared = [_above_others(column, found.starts, found.group) for column in content[:6]]
    numbers = np.stack([*content, *compared, *_around(tokens, found)], axis=1)
    return Described(numbers, [keys for group, ruled in judged for keys in _keys(tree, group, ruled)])


class _Tokens:
    """What is known of each token of a text; one more stands for what is beyond its end."""

    def __init__(self, tree: Tree, judged: Judged, chances: Numbers) -> None:
        self.size = len(tree.word)
        self.begins, self.goes_on, self.cues = np.pad(chances, ((0, 1), (0, 0))).T
        self.inside = self.begins + self.goes_on
        self.spoken = np.array([*(pos not in _UNSPOKEN for pos in tree.pos), False])
        self.marked = np.array([*tree.quote, NO_QUOTE]) != NO_QUOTE
        self.sentence = np.array([*tree.sentence, -1])
        self.head = np.array([*tree.head, self.size])
        self.first, self.last = np.array([*(tree.bounds[each] for each in tree.sentence), (self.size, self.size)]).T
        self.width = np.array([*tree.right, 0]) - np.array([*tree.left, 0])
        self.ruled = np.zeros(self.size + 1)
        for ruled in sorted((each for _, each in judged if each is not None), key=lambda each: each.confidence):
            for first, last in ruled.candidate.content:
                self.ruled[first : last + 1] = ruled.confidence
        places = np.arange(self.size + 1)
        word = np.array([*(pos != "PUNCT" for pos in tree.pos), True])
        self.next = np.minimum.accumulate(np.where(word, places, self.size)[::-1])[::-1]  # at or after a token
        self.past = np.maximum.accumulate(np.where(word, places, 0))  # at or before it


class _Found:
    """Where the candidates of a text stand, a row each; pieces of contents are rows of their own."""

    def __init__(self, tree: Tree, judged: Judged) -> None:
        rows, pieces = list[tuple[float, ...]](), list[Sequence[int]]()
        for number, (group, ruled) in enumerate(judged):
            source = group[0].source
            head = find_head(tree, source) if source is not None else -1
            size = source[1] - source[0] + 1 if source is not None else 0
            sure, chosen = (ruled.confidence, ruled.candidate) if ruled is not None else (0.0, None)
            for each in group:
                pieces += [(first, last, len(rows)) for first, last in each.content]
                cue = each.cue[0][0] if each.cue else each.anchor
                that = tree.word[each.content[0][0]] == "that"
                rows.append((each.anchor, number, head, size, sure, each is chosen, len(group), that, cue))
        columns = np.array(rows, dtype=float).reshape(-1, 9).T
        self.anchor, self.group, self.source = columns[:3].astype(int)
        self.sized, self.sure, self.chosen, self.several, self.that = columns[3:8]
        self.cue = columns[8].astype(int)
        self.piece_first, self.piece_last, self.owner = np.array(pieces, dtype=int).reshape(-1, 3).T
        bounds = np.searchsorted(self.owner, np.arange(len(rows) + 1))
        self.begins, self.pieces = bounds[:-1], np.diff(bounds)
        self.first, self.last = self.piece_first[self.begins], self.piece_last[bounds[1:] - 1]
        self.starts = np.searchsorted(self.group, np.arange(len(judged)))


def _contents(tokens: _Tokens, found: _Found) -> list[Numbers]:
    """How well a content agrees with what its tokens are likely to be by themselves, and its size and place."""
    first, last = found.first, found.last
    size = np.maximum(_sums(tokens.spoken.astype(float), found), 1e-6)
    likely = _sums(tokens.inside * tokens.spoken, found)
    mean = likely / size
    least = np.minimum(1, _extremes(np.minimum, np.where(tokens.spoken, tokens.inside, 2.0), found))
    begins = np.maximum.reduce(
        [tokens.begins[np.maximum(first - 1, 0)], tokens.begins[first], tokens.begins[first + 1]]
    )
    after, before = tokens.next[last + 1], tokens.past[np.maximum(first - 1, 0)]
    goes_on = np.where(tokens.sentence[after] == tokens.sentence[last], tokens.goes_on[after], 0)
    began = np.where((tokens.sentence[before] == tokens.sentence[first]) & (before < first), tokens.inside[before], 0)
    start, end = tokens.first[found.anchor], tokens.last[found.anchor]
    whole = _between(tokens.inside * tokens.spoken, start, end)
    return [
        mean,
        begins * (1 - goes_on) * mean,
        least * begins * (1 - goes_on),
        begins,
        size,
        size / np.maximum(1, _between(tokens.spoken.astype(float), start, end)),
        _odds(mean),
        least,
        _odds(begins),
        goes_on,
        began,
        likely / (whole + 1e-3),
        whole - likely,
        _sums(tokens.begins, found),
        _sums((tokens.marked & tokens.spoken).astype(float), found) / size,
        _sums(tokens.ruled, found) / size,
        _extremes(np.maximum, tokens.cues, found),
        tokens.begins[first],
        tokens.inside[first],
        tokens.inside[last],
        tokens.inside[np.maximum(first - 1, 0)],
        tokens.inside[last + 1],
        first - found.anchor,
        last - found.anchor,
        first - start,
        end - last,
        found.pieces,
        found.that,
        found.chosen,
    ]


def _around(tokens: _Tokens, found: _Found) -> list[Numbers]:
    """The word that may attribute, its source, its sentence and its place in the text."""
    anchor, source = found.anchor, found.source
    head, start, end = tokens.head[anchor], tokens.first[anchor], tokens.last[anchor]
    near = np.max([tokens.cues[np.clip(anchor + offset, 0, tokens.size)] for offset in (-2, -1, 0, 1, 2)], axis=0)
    return [
        found.sure,
        tokens.cues[anchor],
        _odds(tokens.cues[anchor]),
        near,
        tokens.cues[found.cue],
        tokens.inside[anchor],
        _odds(tokens.inside[anchor]),
        tokens.ruled[anchor],
        tokens.inside[head],
        tokens.cues[head],
        tokens.width[anchor],
        np.where(source < 0, 0, source - anchor),
        np.where(source < 0, -1, tokens.inside[source]),
        found.sized,
        found.several,
        end - start,
        anchor - start,
        end - anchor,
        anchor / tokens.size,
        np.full(len(anchor), float(tokens.size)),
        _between(tokens.inside, start, end) / (end - start + 1),
        *(np.full(len(anchor), each.mean()) for each in (tokens.inside, tokens.cues, tokens.ruled)),
    ]


def _sums(values: Numbers, found: _Found) -> Numbers:
    """The sum over the tokens of each content."""
    pieces = _between(values, found.piece_first, found.piece_last)
    return np.bincount(found.owner, pieces, minlength=len(found.first)).astype(np.float64)


def _between(values: Numbers, first: Integers, last: Integers) -> Numbers:
    sums: Numbers = np.concatenate([[0.0], np.cumsum(values)])
    return sums[last + 1] - sums[first]


def _extremes(of: np.ufunc, values: Numbers, found: _Found) -> Numbers:
    """The least or the greatest of the tokens of each content."""
    bounds = np.stack([found.piece_first, found.piece_last + 1], axis=1).ravel()
    pieces = of.reduceat(values, bounds)[::2]
    extremes: Numbers = of.reduceat(pieces, found.begins)
    return extremes


def _above_others(column: Numbers, starts: Integers, group: Integers) -> Numbers:
    """How far each candidate is above the best of the others of its word."""
    best = np.maximum.reduceat(column, starts)[group]
    is_best = column == best
    second = np.maximum.reduceat(np.where(is_best, -np.inf, column), starts)[group]
    tied = np.bincount(group, is_best)[group] > 1
    other = np.where(is_best & ~tied, second, best)
    return np.where(np.isinf(other), _ALONE, column - np.where(np.isinf(other), 0, other))


def _odds(share: Numbers) -> Numbers:
    held = np.clip(share, 0, 1)
    return np.log((held + 1e-4) / (1.0001 - held))


def _keys(tree: Tree, group: list[Candidate], ruled: Judgement | None) -> Iterator[tuple[str, ...]]:
    """The words and the syntax of each candidate of a word, in the combinations that tell."""
    anchor = group[0].anchor
    lemma, tag = tree.lemma[anchor], tree.tag[anchor]
    rule = ruled.rule if ruled is not None else ""
    frames = "+".join(sorted({each.frame for each in group}))
    source = group[0].source
    helped = "+".join(tree.lemma[kid] for kid in tree.find_dependents(anchor, "aux", "neg"))
    head = tree.head[anchor]
    classes = known_classes()
    known, around = classes.get(lemma, 0), classes.get(tree.lemma[head], 0) if head != anchor else -1
    after = tree.word[anchor + 1] if anchor + 1 < len(tree.word) else ""
    part = tree.pos[find_head(tree, source)] if source is not None else ""
    shared = (
        f"{known}|{frames}|{part}",
        f"{around}|{tree.dep[anchor]}|{known}",
        f"{lemma}|{after}",
        f"{rule}|{lemma}",
        f"{frames}|{tag}",
        f"{lemma}|{helped}",
        f"{lemma}|{part}",
        tree.lemma[find_head(tree, source)] if source is not None else "",
        f"{tree.lemma[head] if head != anchor else ''}|{tree.dep[anchor]}|{tree.tag[head]}",
    )
    for each in group:
        frame, link, first = each.frame, each.link, tree.word[each.content[0][0]]
        inner = link
        if link is not None and tree.dep[link] == "prep":
            inner = next(iter(tree.find_dependents(link, "pobj", "pcomp")), link)
        dep, linked = (tree.dep[link], tree.lemma[link]) if link is not None else ("", "")
        inner_tag, inner_lemma = (tree.tag[inner], tree.lemma[inner]) if inner is not None else ("", "")
        yield (
            frame,
            f"{lemma}|{frame}",
            f"{lemma}|{frame}|{linked if dep == 'prep' else ''}",
            f"{frame}|{first}",
            f"{frame}|{inner_tag}|{dep}",
            f"{frame}|{rule}",
            f"{lemma}|{frame}|{inner_tag}",
            f"{frame}|{frames}",
            f"{frame}|{inner_lemma}",
            f"{lemma}|{frame}|{first}",
            f"{linked if dep == 'prep' else ''}|{tree.pos[anchor]}|{inner_tag}",
            f"{frame}|{tag}|{tree.dep[anchor]}",
            f"{known}|{frame}|{first}",
            f"{known}|{frame}|{inner_tag}|{tag}",
            *shared,
        )
