"""Contents that the syntax of a word does not name: cut before what hangs on their end, or bounded by the chain."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from app.extract.attribution import lexicon
from app.extract.attribution.candidates import Candidate, group_candidates
from app.extract.attribution.judgement import Judgement
from app.extract.attribution.tree import NO_QUOTE, TokenRange, Tree
from app.extract.learning.arrays import Numbers
from app.extract.mentions.nouns import words

_UNRULED = 0.01  # how likely a word that no rule speaks for must be a cue to be looked at
_UNLISTED = 0.03  # and one that the lexicon lacks
_HOPEFUL = 0.06  # how likely a word must be a cue to be worth more candidates than its syntax names
_RULED = 0.3
_ENDS = 3  # ways to end a content earlier
_CLIMB = 40
_HANGS = words("advcl conj relcl acl appos parataxis prep npadvmod cc ccomp dep xcomp")
_SEARCHED = 60  # tokens of a content, from its beginning
_LONGEST = 300  # tokens on either side of the likeliest

Judged = Sequence[
    tuple[list[Candidate], Judgement | None]
]  # the candidates of each word, and what the rules say of them


def extended(tree: Tree, judged: Judged, chances: Numbers) -> list[tuple[list[Candidate], Judgement | None]]:
    """Return the candidates of each word that may attribute, with those that end or begin elsewhere.

    Words that neither rules nor chain speak for are left out; those that the chain alone holds for cues are added.
    """
    view = _View(tree, chances)
    known = {group[0].anchor for group, _ in judged}
    hopeful = [(group, ruled) for group, ruled in judged if ruled is not None or view.cues[group[0].anchor] > _UNRULED]
    every = [*hopeful, *((group, None) for group in _unlisted(tree, chances) if group[0].anchor not in known)]
    return [(view.extended(group, ruled), ruled) for group, ruled in every]


def _unlisted(tree: Tree, chances: Numbers) -> Iterator[list[Candidate]]:
    likely = np.flatnonzero(chances[:, 2] > _UNLISTED).tolist()
    hopeful = {token for token in likely if tree.pos[token] != "AUX"}  # "is" is of many cues: "is sure that"
    lemmas = {tree.lemma[token] for token in hopeful} - lexicon.get_lemmas()
    for group in group_candidates(tree, (), lemmas):
        if group[0].anchor in hopeful and tree.quote[group[0].anchor] == NO_QUOTE:
            yield group


class _View:
    def __init__(self, tree: Tree, chances: Numbers) -> None:
        self.tree = tree
        self.begins, self.goes_on, self.cues = chances.T.tolist()
        self.inside = (chances[:, 0] + chances[:, 1]).tolist()

    def extended(self, group: list[Candidate], ruled: Judgement | None) -> list[Candidate]:
        if self.cues[group[0].anchor] <= _HOPEFUL and (ruled is None or ruled.confidence < _RULED):
            return group
        known = {each.content for each in group}
        more = []
        for candidate in group:
            if candidate.frame.startswith(("marks-whole", "alone", "label")):
                continue
            for way, content in self._contents(candidate.content):
                if content not in known:
                    known.add(content)
                    more.append(replace(candidate, content=content, frame=f"{candidate.frame}/{way}"))
        return group + more

    def _contents(self, content: tuple[TokenRange, ...]) -> Iterator[tuple[str, tuple[TokenRange, ...]]]:
        *others, (first, last) = content
        for end, dep in list(self._ends(first, last).items())[:_ENDS]:
            yield dep, (*others, TokenRange(first, end))
        if others:
            return
        searched = range(first, min(last, first + _SEARCHED) + 1)
        begin = max(searched, key=self.begins.__getitem__)
        if self.begins[begin] > 0.25:
            yield "begin", (TokenRange(begin, last),)
        middle = max(searched, key=self.inside.__getitem__)
        if self.inside[middle] >= 0.4:
            likely = self._likely(middle)
            yield "chain", (likely,)
            if likely.last >= first:
                yield "chain-end", (TokenRange(first, likely.last),)

    def _ends(self, first: int, last: int) -> dict[int, str]:
        """Where a range may end before a phrase or clause that reaches to its end, and how that hangs on it."""
        tree, found = self.tree, dict[int, str]()
        while last > first and tree.pos[last] in ("PUNCT", "SPACE"):
            last -= 1
        token = last
        for _ in range(_CLIMB):
            if tree.right[token] < last:
                break
            left = tree.left[token]
            apart = tree.quote[left] == NO_QUOTE or tree.quote[left] != tree.quote[left - 1]
            if left > first and tree.dep[token] in _HANGS and apart:
                end = self._trimmed(first, left - 1)
                found.setdefault(end, tree.dep[token] + ("," if end < left - 1 else ""))
            if tree.head[token] == token or not first <= tree.head[token] <= last:
                break
            token = tree.head[token]
        return found

    def _trimmed(self, first: int, last: int) -> int:
        """The last word of a range that is neither punctuation nor a conjunction."""
        tree = self.tree
        while last > first and tree.pos[last] in ("PUNCT", "CCONJ", "SPACE") and tree.quote[last] == NO_QUOTE:
            last -= 1
        return last

    def _likely(self, token: int) -> TokenRange:
        """The stretch around a token that the chain holds for one content."""
        first, last = self.tree.bounds[self.tree.sentence[token]]
        first, last = max(first, token - _LONGEST), min(last, token + _LONGEST)
        enough, start, end = self.inside[token] / 2, token, token
        while start > first and self.begins[start] < self.inside[start] / 2 and self.inside[start - 1] >= enough:
            start -= 1
        while end < last and self.goes_on[end + 1] >= enough:
            end += 1
        return TokenRange(start, self._trimmed(start, end))
