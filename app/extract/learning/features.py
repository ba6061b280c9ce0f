"""Compute the features of candidates: numbers, and keys for target encoding."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from app.extract.attribution.tree import NO_QUOTE, Tree, find_head
from app.extract.learning.arrays import Integers, Numbers
from app.extract.learning.proposals import JudgedGroup
from app.extract.learning.sequence import get_class_codes

_NO_WORDS = ("PUNCT", "SPACE")
NUMBERS, KEYS = 59, 23  # of each candidate
_NO_RIVAL = -1.0  # the margin of a candidate without rivals


class Features(NamedTuple):
    """The features of the candidates of a text, a row each."""

    numbers: Numbers
    keys: list[tuple[str, ...]]


def build_features(tree: Tree, groups: Sequence[JudgedGroup], marginals: Numbers) -> Features:
    """Return the features of all candidates; `marginals` are those of all tokens of the text."""
    tokens = _Tokens(tree, groups, marginals)
    candidates = _Candidates(tree, groups)
    content = _describe_contents(tokens, candidates)
    margins = [_get_margins(column, candidates.starts, candidates.group) for column in content[:6]]
    numbers = np.stack([*content, *margins, *_describe_context(tokens, candidates)], axis=1)
    return Features(numbers, [keys for group in groups for keys in _build_keys(tree, group)])


class _Tokens:
    """The features of each token of a text, and of one more beyond its end."""

    def __init__(self, tree: Tree, groups: Sequence[JudgedGroup], marginals: Numbers) -> None:
        self.size = len(tree.word)
        self.begins, self.continues, self.cues = np.pad(marginals, ((0, 1), (0, 0))).T
        self.inside = self.begins + self.continues
        self.is_word = np.array([*(pos not in _NO_WORDS for pos in tree.pos), False])
        self.is_quoted = np.array([*tree.quote, NO_QUOTE]) != NO_QUOTE
        self.sentence = np.array([*tree.sentence, -1])
        self.head = np.array([*tree.head, self.size])
        self.first, self.last = np.array(
            [*(tree.bounds[sentence] for sentence in tree.sentence), (self.size, self.size)]
        ).T
        self.width = np.array([*tree.right, 0]) - np.array([*tree.left, 0])
        self.ruled = np.zeros(self.size + 1)
        judgements = [group.judgement for group in groups if group.judgement is not None]
        for judgement in sorted(judgements, key=lambda judgement: judgement.confidence):
            for first, last in judgement.candidate.content:
                self.ruled[first : last + 1] = judgement.confidence
        places = np.arange(self.size + 1)
        is_mark = np.array([*(pos == "PUNCT" for pos in tree.pos), False])
        self.next = np.minimum.accumulate(np.where(is_mark, self.size, places)[::-1])[::-1]  # word at or after a token
        self.past = np.maximum.accumulate(np.where(is_mark, 0, places))  # word at or before it


class _Candidates:
    """The places of the candidates of a text, a row each; pieces of contents are rows of their own."""

    def __init__(self, tree: Tree, groups: Sequence[JudgedGroup]) -> None:
        rows, pieces = list[tuple[float, ...]](), list[Sequence[int]]()
        for number, (group, ruled) in enumerate(groups):
            source = group[0].source
            head = find_head(tree, source) if source is not None else -1
            size = source[1] - source[0] + 1 if source is not None else 0
            confidence, chosen = (ruled.confidence, ruled.candidate) if ruled is not None else (0.0, None)
            for candidate in group:
                pieces += [(first, last, len(rows)) for first, last in candidate.content]
                cue = candidate.cue[0][0] if candidate.cue else candidate.anchor
                that = tree.word[candidate.content[0][0]] == "that"
                is_chosen = candidate is chosen
                rows.append((candidate.anchor, number, head, size, confidence, is_chosen, len(group), that, cue))
        columns = np.array(rows, dtype=float).reshape(-1, 9).T
        self.anchor, self.group, self.source = columns[:3].astype(int)
        self.source_size, self.confidence, self.chosen, self.count, self.that = columns[3:8]
        self.cue = columns[8].astype(int)
        self.piece_first, self.piece_last, self.owner = np.array(pieces, dtype=int).reshape(-1, 3).T
        bounds = np.searchsorted(self.owner, np.arange(len(rows) + 1))
        self.begins, self.pieces = bounds[:-1], np.diff(bounds)
        self.first, self.last = self.piece_first[self.begins], self.piece_last[bounds[1:] - 1]
        self.starts = np.searchsorted(self.group, np.arange(len(groups)))


def _describe_contents(tokens: _Tokens, candidates: _Candidates) -> list[Numbers]:
    """Return how well each content agrees with the marginals of its tokens, and its size and place."""
    first, last = candidates.first, candidates.last
    size = np.maximum(_add_up(tokens.is_word.astype(float), candidates), 1e-6)
    likely = _add_up(tokens.inside * tokens.is_word, candidates)
    mean = likely / size
    least = np.minimum(1, _reduce(np.minimum, np.where(tokens.is_word, tokens.inside, 2.0), candidates))
    begins = np.maximum.reduce(
        [tokens.begins[np.maximum(first - 1, 0)], tokens.begins[first], tokens.begins[first + 1]]
    )
    after, before = tokens.next[last + 1], tokens.past[np.maximum(first - 1, 0)]
    goes_on = np.where(tokens.sentence[after] == tokens.sentence[last], tokens.continues[after], 0)
    began = np.where((tokens.sentence[before] == tokens.sentence[first]) & (before < first), tokens.inside[before], 0)
    start, end = tokens.first[candidates.anchor], tokens.last[candidates.anchor]
    whole = _add_between(tokens.inside * tokens.is_word, start, end)
    return [
        mean,
        begins * (1 - goes_on) * mean,
        least * begins * (1 - goes_on),
        begins,
        size,
        size / np.maximum(1, _add_between(tokens.is_word.astype(float), start, end)),
        _get_log_odds(mean),
        least,
        _get_log_odds(begins),
        goes_on,
        began,
        likely / (whole + 1e-3),
        whole - likely,
        _add_up(tokens.begins, candidates),
        _add_up((tokens.is_quoted & tokens.is_word).astype(float), candidates) / size,
        _add_up(tokens.ruled, candidates) / size,
        _reduce(np.maximum, tokens.cues, candidates),
        tokens.begins[first],
        tokens.inside[first],
        tokens.inside[last],
        tokens.inside[np.maximum(first - 1, 0)],
        tokens.inside[last + 1],
        first - candidates.anchor,
        last - candidates.anchor,
        first - start,
        end - last,
        candidates.pieces,
        candidates.that,
        candidates.chosen,
    ]


def _describe_context(tokens: _Tokens, candidates: _Candidates) -> list[Numbers]:
    """Return the features of the cue word, its source, its sentence and its place in the text."""
    anchor, source = candidates.anchor, candidates.source
    head, start, end = tokens.head[anchor], tokens.first[anchor], tokens.last[anchor]
    near = np.max([tokens.cues[np.clip(anchor + offset, 0, tokens.size)] for offset in (-2, -1, 0, 1, 2)], axis=0)
    return [
        candidates.confidence,
        tokens.cues[anchor],
        _get_log_odds(tokens.cues[anchor]),
        near,
        tokens.cues[candidates.cue],
        tokens.inside[anchor],
        _get_log_odds(tokens.inside[anchor]),
        tokens.ruled[anchor],
        tokens.inside[head],
        tokens.cues[head],
        tokens.width[anchor],
        np.where(source < 0, 0, source - anchor),
        np.where(source < 0, -1, tokens.inside[source]),
        candidates.source_size,
        candidates.count,
        end - start,
        anchor - start,
        end - anchor,
        anchor / tokens.size,
        np.full(len(anchor), float(tokens.size)),
        _add_between(tokens.inside, start, end) / (end - start + 1),
        *(np.full(len(anchor), column.mean()) for column in (tokens.inside, tokens.cues, tokens.ruled)),
    ]


def _add_up(values: Numbers, candidates: _Candidates) -> Numbers:
    """Return the sum over the tokens of each content."""
    pieces = _add_between(values, candidates.piece_first, candidates.piece_last)
    return np.bincount(candidates.owner, pieces, minlength=len(candidates.first)).astype(np.float64)


def _add_between(values: Numbers, first: Integers, last: Integers) -> Numbers:
    sums: Numbers = np.concatenate([[0.0], np.cumsum(values)])
    return sums[last + 1] - sums[first]


def _reduce(ufunc: np.ufunc, values: Numbers, candidates: _Candidates) -> Numbers:
    """Return the minimum or the maximum over the tokens of each content."""
    bounds = np.stack([candidates.piece_first, candidates.piece_last + 1], axis=1).ravel()
    pieces = ufunc.reduceat(values, bounds)[::2]
    extremes: Numbers = ufunc.reduceat(pieces, candidates.begins)
    return extremes


def _get_margins(column: Numbers, starts: Integers, group: Integers) -> Numbers:
    """Return the margin of each candidate above the best rival for its word."""
    best = np.maximum.reduceat(column, starts)[group]
    is_best = column == best
    second = np.maximum.reduceat(np.where(is_best, -np.inf, column), starts)[group]
    tied = np.bincount(group, is_best)[group] > 1
    rival = np.where(is_best & ~tied, second, best)
    return np.where(np.isinf(rival), _NO_RIVAL, column - np.where(np.isinf(rival), 0, rival))


def _get_log_odds(share: Numbers) -> Numbers:
    probability = np.clip(share, 0, 1)
    return np.log((probability + 1e-4) / (1.0001 - probability))


def _build_keys(tree: Tree, group: JudgedGroup) -> Iterator[tuple[str, ...]]:
    """Yield the keys of each candidate of a word: combinations of its words and their syntax."""
    anchor, source = group.anchor, group.candidates[0].source
    lemma, tag = tree.lemma[anchor], tree.tag[anchor]
    rule = group.judgement.rule if group.judgement is not None else ""
    frames = "+".join(sorted({candidate.frame for candidate in group.candidates}))
    auxiliaries = "+".join(tree.lemma[kid] for kid in tree.find_dependents(anchor, "aux", "neg"))
    head = tree.head[anchor]
    classes = get_class_codes()
    code, head_code = classes.get(lemma, 0), classes.get(tree.lemma[head], 0) if head != anchor else -1
    after = tree.word[anchor + 1] if anchor + 1 < len(tree.word) else ""
    part = tree.pos[find_head(tree, source)] if source is not None else ""
    shared = (
        f"{code}|{frames}|{part}",
        f"{head_code}|{tree.dep[anchor]}|{code}",
        f"{lemma}|{after}",
        f"{rule}|{lemma}",
        f"{frames}|{tag}",
        f"{lemma}|{auxiliaries}",
        f"{lemma}|{part}",
        tree.lemma[find_head(tree, source)] if source is not None else "",
        f"{tree.lemma[head] if head != anchor else ''}|{tree.dep[anchor]}|{tree.tag[head]}",
    )
    for candidate in group.candidates:
        frame, link, first = candidate.frame, candidate.link, tree.word[candidate.content[0][0]]
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
            f"{code}|{frame}|{first}",
            f"{code}|{frame}|{inner_tag}|{tag}",
            *shared,
        )
