"""What a trained judge looks at in the candidates of a word."""

import math
from collections.abc import Iterator

from app.extract.attribution import lexicon
from app.extract.attribution.candidates import Candidate, length
from app.extract.attribution.rules import Verdict, holds_marks
from app.extract.attribution.syntax import head_of
from app.extract.attribution.tree import NO_QUOTE, Range, Tree
from app.extract.learning.sequence import Chances

_OF_ANCHOR = ("aux", "auxpass", "neg", "prt", "advmod", "mark", "amod", "det")
_UNSPOKEN = ("PUNCT", "SPACE")
_OF_CONTENT = ("nsubj", "aux", "mark", "det", "poss")


def of(tree: Tree, group: list[Candidate], ruled: Verdict | None, chances: list[Chances]) -> list[list[str]]:
    """Return the features of each of the candidates of one word, of which the rules say `ruled`.

    `chances` are those of all tokens of the text.
    """
    shared = [*_of_anchor(tree, group), f"rule={ruled.rule if ruled else 'none'}"]
    described = []
    for candidate in group:
        own = [*_of_candidate(tree, candidate), f"ruled={ruled is not None and ruled.candidate is candidate}"]
        own += _of_chances(tree, candidate, chances)
        frame = candidate.frame
        described.append([f"frame={frame}", *own, *shared, *(f"{frame}&{name}" for name in (*own, *shared))])
    return described


def _of_anchor(tree: Tree, group: list[Candidate]) -> Iterator[str]:
    anchor = group[0].anchor
    lemma, head = tree.lemma[anchor], tree.head[anchor]
    around = tree.lemma[head] if head != anchor else "ROOT"
    general = (
        "",
        f"tag={tree.tag[anchor]}",
        f"dep={tree.dep[anchor]}",
        f"passive={group[0].passive}",
        f"source={_part_of_speech(tree, group[0].source)}",
    )
    yield from general[1:]
    yield from (f"{lemma}|{name}" for name in general)
    yield f"dep+head={tree.dep[anchor]}|{around}"
    yield f"head-tag={tree.tag[head]}"
    yield f"frames={'+'.join(sorted({each.frame for each in group}))}"
    yield f"next={tree.word[anchor + 1] if anchor + 1 < len(tree.word) else ''}"
    yield f"last={tree.lemma[anchor - 1] if anchor else ''}"
    yield f"ending={lemma[-3:]}"
    yield f"first-sentence={tree.sentence[anchor] == 0}"
    yield from (f"class={name}" for name, words in lexicon.CLASSES.items() if lemma in words)
    yield from (f"head-class={name}" for name, words in lexicon.CLASSES.items() if around in words)
    yield from (f"{tree.dep[kid]}={tree.lemma[kid]}" for kid in tree.kids(anchor, *_OF_ANCHOR))
    if group[0].source is not None:
        source = head_of(tree, group[0].source)
        yield f"source-lemma={tree.lemma[source]}"
        yield f"source-dep={tree.dep[source]}|{source > anchor}"


def _of_candidate(tree: Tree, candidate: Candidate) -> Iterator[str]:
    anchor, (first, last) = candidate.anchor, (candidate.content[0][0], candidate.content[-1][1])
    lemma, size = tree.lemma[anchor], length(candidate.content)
    yield f"first={tree.word[first]}"
    yield f"first-tag={tree.tag[first]}"
    yield f"length={size if size < 5 else 5 + min(size // 5, 6)}"
    yield f"gap={max(-3, min(first - anchor, 5))}"
    yield f"marked={_marked(tree, candidate)}"
    yield f"after={tree.word[last + 1] if last + 1 < len(tree.word) else ''}"
    yield f"pieces={min(len(candidate.content), 3)}"
    yield f"lemma={lemma}"
    if candidate.link is None:
        return
    link = inner = candidate.link
    yield f"link={tree.dep[link]}|{tree.tag[link]}"
    if tree.dep[link] == "prep":
        inner = next(iter(tree.kids(link, "pobj", "pcomp")), link)
        yield f"prep={tree.lemma[link]}"
        yield f"lemma+prep={lemma}|{tree.lemma[link]}"
    yield f"inner={tree.lemma[inner]}"
    yield f"inner-tag={tree.tag[inner]}"
    yield f"lemma+inner-tag={lemma}|{tree.tag[inner]}"
    yield from (f"inner-{tree.dep[kid]}={tree.lemma[kid]}" for kid in tree.kids(inner, *_OF_CONTENT))


def _of_chances(tree: Tree, candidate: Candidate, chances: list[Chances]) -> Iterator[str]:
    """How well the candidate agrees with what its tokens are likely to be by themselves."""
    (first, _), (_, last) = candidate.content[0], candidate.content[-1]
    tokens = [token for piece in candidate.content for token in range(piece[0], piece[1] + 1)]
    inside = [_inside(chances[token]) for token in tokens if tree.pos[token] not in _UNSPOKEN] or [0.0]
    mean, least = sum(inside) / len(inside), min(inside)
    begins = max(each.begins for each in chances[max(0, first - 1) : first + 2])
    after = next((token for token in range(last + 1, min(last + 4, len(chances))) if tree.pos[token] != "PUNCT"), None)
    before = next((token for token in range(first - 1, max(-1, first - 4), -1) if tree.pos[token] != "PUNCT"), None)
    goes_on = chances[after].goes_on if after is not None and tree.sentence[after] == tree.sentence[last] else 0.0
    began = _inside(chances[before]) if before is not None and tree.sentence[before] == tree.sentence[first] else 0.0
    cues, spoken = chances[candidate.anchor].cues, _inside(chances[candidate.anchor])
    lemma = tree.lemma[candidate.anchor]
    yield f"mean={_tenth(mean)}"
    yield f"least={_tenth(least)}"
    yield f"begins={_tenth(begins)}"
    yield f"goes-on={_tenth(goes_on)}"
    yield f"began={_tenth(began)}"
    yield f"cues={_tenth(cues)}"
    yield f"spoken={_tenth(spoken)}"
    yield f"bounds={_tenth(mean) // 2}|{_tenth(begins) // 2}|{_tenth(goes_on) // 2}"
    yield f"mean+cues={_tenth(mean) // 2}|{_tenth(cues) // 2}|{_tenth(spoken) // 3}"
    yield f"all={_tenth(least * begins * (1 - goes_on))}"
    yield f"mean-odds={_odds(mean)}"
    yield f"begins-odds={_odds(begins)}"
    yield f"cues-odds={_odds(cues)}"
    yield f"mean+lemma={_tenth(mean) // 2}|{lemma}"
    yield f"cues+lemma={_tenth(cues) // 2}|{lemma}"


def _inside(chance: Chances) -> float:
    return chance.begins + chance.goes_on


def _tenth(share: float) -> int:
    return min(9, int(10 * share))


def _odds(share: float) -> int:
    return max(-5, min(5, round(math.log((share + 1e-4) / (1.0001 - share)))))


def _marked(tree: Tree, candidate: Candidate) -> str:
    """How the content begins, and whether any of it is in marks."""
    first = candidate.content[0][0]
    begins = tree.quote[first] != NO_QUOTE or tree.word[first] in ("``", "''", '"', "“", "‘")
    return f"{begins}|{holds_marks(tree, candidate)}"


def _part_of_speech(tree: Tree, source: Range | None) -> str:
    return tree.pos[head_of(tree, source)] if source is not None else "none"
