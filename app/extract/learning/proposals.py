"""Propose candidates beyond the rules' own: contents cut before a dependent phrase, or bounded by the token model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from app.extract.attribution import lexicon
from app.extract.attribution.candidates import Candidate, group_candidates
from app.extract.attribution.judgement import Judgement
from app.extract.attribution.tree import NO_QUOTE, TokenRange, Tree
from app.extract.learning.arrays import Numbers
from app.extract.mentions.nouns import words

# The least probabilities of a cue: of a word without a judgement of the rules, of one that the lexicon lacks, and of
# one for which more candidates are proposed.
_MIN_UNRULED, _MIN_UNLISTED, _MIN_EXTENDED = 0.01, 0.03, 0.06
_MIN_RULED = 0.3  # confidence of the rules
_MAX_ENDS = 3  # earlier ends of a content
_MAX_CLIMB = 40
_DEPENDENT = words("advcl conj relcl acl appos parataxis prep npadvmod cc ccomp dep xcomp")
_SEARCHED = 60  # tokens of a content, from its beginning
_MAX_REACH = 300  # tokens on either side of the likeliest


class JudgedGroup(NamedTuple):
    """The candidates of a word, and the judgement of the rules on one of them."""

    candidates: list[Candidate]
    judgement: Judgement | None

    @property
    def anchor(self) -> int:
        return self.candidates[0].anchor


def extend_groups(tree: Tree, groups: Sequence[JudgedGroup], marginals: Numbers) -> list[JudgedGroup]:
    """Return the candidates of each word that may attribute, with further ones that end or begin elsewhere.

    Words that neither the rules nor the token model support are left out; those that only the token model supports are
    added.
    """
    proposer = _Proposer(tree, marginals)
    anchors = {group.anchor for group in groups}
    likely = [group for group in groups if group.judgement is not None or proposer.cues[group.anchor] > _MIN_UNRULED]
    likely += (group for group in _list_unlisted(tree, marginals) if group.anchor not in anchors)
    return [JudgedGroup(proposer.extend(group), group.judgement) for group in likely]


def _list_unlisted(tree: Tree, marginals: Numbers) -> Iterator[JudgedGroup]:
    """Yield the candidates of likely cues that the lexicon lacks."""
    likely = np.flatnonzero(marginals[:, 2] > _MIN_UNLISTED).tolist()
    cues = {token for token in likely if tree.pos[token] != "AUX"}  # "is" is part of many cues: "is sure that"
    lemmas = {tree.lemma[token] for token in cues} - lexicon.get_lemmas()
    for candidates in group_candidates(tree, (), lemmas):
        group = JudgedGroup(candidates, None)
        if group.anchor in cues and tree.quote[group.anchor] == NO_QUOTE:
            yield group


class _Proposer:
    """The tokens of a text, and the probabilities of each to begin, continue or be inside a content, or be a cue."""

    def __init__(self, tree: Tree, marginals: Numbers) -> None:
        self.tree = tree
        self.begins, self.continues, self.cues = marginals.T.tolist()
        self.inside = (marginals[:, 0] + marginals[:, 1]).tolist()

    def extend(self, group: JudgedGroup) -> list[Candidate]:
        is_ruled = group.judgement is not None and group.judgement.confidence >= _MIN_RULED
        if self.cues[group.anchor] <= _MIN_EXTENDED and not is_ruled:
            return group.candidates
        contents = {candidate.content for candidate in group.candidates}
        proposed = []
        for candidate in group.candidates:
            if candidate.frame.startswith(("marks-whole", "alone", "label")):
                continue
            for way, content in self._vary_content(candidate.content):
                if content not in contents:
                    contents.add(content)
                    proposed.append(replace(candidate, content=content, frame=f"{candidate.frame}/{way}"))
        return group.candidates + proposed

    def _vary_content(self, content: tuple[TokenRange, ...]) -> Iterator[tuple[str, tuple[TokenRange, ...]]]:
        *rest, (first, last) = content
        for end, dep in list(self._find_ends(first, last).items())[:_MAX_ENDS]:
            yield dep, (*rest, TokenRange(first, end))
        if rest:
            return
        searched = range(first, min(last, first + _SEARCHED) + 1)
        begin = max(searched, key=self.begins.__getitem__)
        if self.begins[begin] > 0.25:
            yield "begin", (TokenRange(begin, last),)
        middle = max(searched, key=self.inside.__getitem__)
        if self.inside[middle] >= 0.4:
            likely = self._find_likely(middle)
            yield "chain", (likely,)
            if likely.last >= first:
                yield "chain-end", (TokenRange(first, likely.last),)

    def _find_ends(self, first: int, last: int) -> dict[int, str]:
        """Return the possible ends of a range before a phrase or clause at its end, and the dependency of that."""
        tree, ends = self.tree, dict[int, str]()
        while last > first and tree.pos[last] in ("PUNCT", "SPACE"):
            last -= 1
        token = last
        for _ in range(_MAX_CLIMB):
            if tree.right[token] < last:
                break
            left = tree.left[token]
            is_boundary = tree.quote[left] == NO_QUOTE or tree.quote[left] != tree.quote[left - 1]
            if left > first and tree.dep[token] in _DEPENDENT and is_boundary:
                end = self._trim(first, left - 1)
                ends.setdefault(end, tree.dep[token] + ("," if end < left - 1 else ""))
            if tree.head[token] == token or not first <= tree.head[token] <= last:
                break
            token = tree.head[token]
        return ends

    def _trim(self, first: int, last: int) -> int:
        """Return the last word of a range that is neither punctuation nor a conjunction."""
        tree = self.tree
        while last > first and tree.pos[last] in ("PUNCT", "CCONJ", "SPACE") and tree.quote[last] == NO_QUOTE:
            last -= 1
        return last

    def _find_likely(self, token: int) -> TokenRange:
        """Return the likely content around a token, by the token model."""
        first, last = self.tree.bounds[self.tree.sentence[token]]
        first, last = max(first, token - _MAX_REACH), min(last, token + _MAX_REACH)
        enough, start, end = self.inside[token] / 2, token, token
        while start > first and self.begins[start] < self.inside[start] / 2 and self.inside[start - 1] >= enough:
            start -= 1
        while end < last and self.continues[end + 1] >= enough:
            end += 1
        return TokenRange(start, self._trim(start, end))
