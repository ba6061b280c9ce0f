"""What a trained judge looks at in the candidates of a word."""

from collections.abc import Iterator

from app.extract import lexicon
from app.extract.candidates import Candidate, length
from app.extract.rules import Verdict, holds_marks
from app.extract.syntax import head_of
from app.extract.tree import NO_QUOTE, Range, Tree

_CLASSES = {
    "say": lexicon.SAY,
    "think": lexicon.THINK,
    "want": lexicon.WANT,
    "urge": lexicon.URGE,
    "judge": lexicon.JUDGE,
    "voice": lexicon.VOICE,
    "name": lexicon.NAME,
    "show": lexicon.SHOW,
    "noun": lexicon.NOUNS,
    "adjective": lexicon.ADJECTIVES,
}
_OF_ANCHOR = ("aux", "auxpass", "neg", "prt", "advmod", "mark", "amod", "det")
_OF_CONTENT = ("nsubj", "aux", "mark", "det", "poss")


def of(tree: Tree, group: list[Candidate], ruled: Verdict | None) -> list[list[str]]:
    """Return the features of each of the candidates of one word, of which the rules say `ruled`."""
    shared = [*_of_anchor(tree, group), f"rule={ruled.rule if ruled else 'none'}"]
    described = []
    for candidate in group:
        own = [*_of_candidate(tree, candidate), f"ruled={ruled is not None and ruled.candidate is candidate}"]
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
    yield from (f"class={name}" for name, words in _CLASSES.items() if lemma in words)
    yield from (f"head-class={name}" for name, words in _CLASSES.items() if around in words)
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


def _marked(tree: Tree, candidate: Candidate) -> str:
    """How the content begins, and whether any of it is in marks."""
    first = candidate.content[0][0]
    begins = tree.quote[first] != NO_QUOTE or tree.word[first] in ("``", "''", '"', "“", "‘")
    return f"{begins}|{holds_marks(tree, candidate)}"


def _part_of_speech(tree: Tree, source: Range | None) -> str:
    return tree.pos[head_of(tree, source)] if source is not None else "none"
