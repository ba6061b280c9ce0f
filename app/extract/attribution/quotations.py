"""Quotations in marks: which of them belong together, and which reporting verb beside them they belong to.

This looks at marks, commas and the forms of reporting verbs only, so that it works with and without a model.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.extract.attribution import lexicon
from app.extract.page import marks, sentences
from app.spans import Span

_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_LABEL = re.compile(r"([A-Z][^:!?“”\"\n]{1,60}):\s+")
_NAME = re.compile(
    r"(?:^|[\s–—-])([A-Z][\w’'.-]*(?: (?:of |the |de |von |van |al-)?[A-Z][\w’'.-]*){0,5}):\s*[\"'“‘„«]?$"
)
_OPENERS = "\"'“‘„«»”`"
_REACH = 200  # code points beside a quotation within which its verb is looked for


@dataclass(frozen=True, slots=True)
class Quotation:
    """Stretches that one voice says, and the form of the verb that says so.

    ``whole`` are pieces that stand in marks entirely; else a piece is a clause with some words of it in marks.
    """

    pieces: tuple[Span, ...]
    verb: Span | None = None
    clause: Span | None = None  # where the verb and its subject stand, outside the marks
    label: Span | None = None  # the name before a colon that stands for verb and subject
    whole: bool = True


def find(text: str, blocks: Sequence[Span]) -> Iterator[Quotation]:
    """Yield what is said in marks in the blocks: whole utterances, and clauses of the writer that hold quoted words."""
    current: Quotation | None = None
    colon = None  # the quotation that the end of the block before announces
    for position, block in enumerate(blocks):
        if (labelled := _labelled(text, block, headline=position == 0)) is not None:
            if current is not None:
                yield current
            current = labelled
            continue
        quotes = marks.quoted(text, block.start, block.end)
        for number, found in enumerate(_in_block(text, block, quotes)):
            leads = number == 0 and found.verb is None and _fills(block, found)
            if leads and colon is not None:
                found = replace(colon, pieces=found.pieces)
            elif leads and current is not None and current.label is None and _is_open(text, current, block):
                current = replace(current, pieces=current.pieces + found.pieces)
                continue
            if current is not None:
                yield current
            current = found
        colon = _verb_before(text, block) if text[block.end - 1 : block.end] == ":" else None
    if current is not None:
        yield current


def _labelled(text: str, block: Span, *, headline: bool) -> Quotation | None:
    """What a name and a colon lead: a line of a transcript, or a headline of this form."""
    label = _LABEL.match(text, block.start, block.end)
    if label is None or not (headline or label[1].isupper()) or label.end() >= block.end:
        return None
    rest = text[label.end() : block.end]
    if len(label[1].split()) > 5 or any(word[0].islower() for word in label[1].split()) or len(rest.split()) < 3:
        return None
    inside = marks.quoted(text, label.end(), block.end)
    whole = not headline or bool(inside and inside[0].start <= label.end() + 2 and inside[0].end >= block.end - 3)
    pieces = tuple(inside[:1]) if whole and headline else (Span(label.end(), block.end),)
    return Quotation(pieces, clause=block, label=Span(*label.span(1)), whole=whole)


def _fills(block: Span, found: Quotation) -> bool:
    """Tell whether a block is nothing but a quotation."""
    return found.whole and found.pieces[0].start <= block.start + 2 and found.pieces[-1].end >= block.end - 3


def _is_open(text: str, last: Quotation, block: Span) -> bool:
    """Tell whether a voice may go on in the next block: after "…," she said, or where the marks were not closed."""
    between = text[last.pieces[-1].end : block.start]
    closed_last = between.strip(_OPENERS + " \t\u00a0.") == ""
    return len(between) < _REACH and "\n" in between and (not closed_last or between[0] == "\n")


def _in_block(text: str, block: Span, quotes: list[Span]) -> Iterator[Quotation]:
    current: Quotation | None = None
    for sentence, inside in _sentences(text, block, quotes):
        for found in _in_sentence(text, sentence, inside):
            joined = _join(current, found)
            if joined is None and current is not None:
                yield current
            current = joined or found
    if current is not None:
        yield current


def _join(current: Quotation | None, found: Quotation) -> Quotation | None:
    """One quotation out of two where the second goes on with the first."""
    if current is None or found.label or (found.verb is not None and found.verb != current.verb):
        return None
    return replace(current, pieces=current.pieces + found.pieces, whole=current.whole and found.whole)


def _in_sentence(text: str, sentence: Span, quotes: list[Span]) -> Iterator[Quotation]:
    position, last = sentence.start, None
    for number, quote in enumerate(quotes):
        if quote.start < position:
            continue
        before = Span(position, quote.start)
        after = Span(quote.end, quotes[number + 1].start if number + 1 < len(quotes) else sentence.end)
        if stands_alone(text, before, quote, after):
            position = quote.end
            found = _verb_after(text, quote, after) or _verb_before(text, before) or _name_before(text, before)
            last = found.verb if found else None
            yield replace(found, pieces=(quote,)) if found else Quotation((quote,))
        elif text[quote.start : quote.end].rstrip().endswith(",") and (found := _verb_after(text, quote, after)):
            if found.verb != last:  # else it is part of who speaks: "…," said the author of "…," a novel
                yield replace(found, pieces=(Span(before.start, quote.end),), whole=False)
            position = quote.end
        elif (found := _verb_before(text, before)) and found.verb is not None and found.verb != last:
            yield replace(found, pieces=(_trimmed(text, found.verb.end, sentence.end),), whole=False)
            return


def _trimmed(text: str, start: int, end: int) -> Span:
    skipped = _LEAD.match(text, start, end)
    start = skipped.end() if skipped else start
    return Span(start, max(start + 1, end))


_LEAD = re.compile(r"[\s,:]*(?:that\b)?\s*")
_TAG = re.compile(
    r"[\s\"'”’)]*(?:[\w.’'-]+,? ){0,4}?(?:said|says|asked|asks|added|wrote|told|tweeted|replied|shouted)\b"
)


def _sentences(text: str, block: Span, quotes: list[Span]) -> Iterator[tuple[Span, list[Span]]]:
    """Cut a block into the writer's sentences, and yield those that hold quotations; marks hold sentences together."""
    start, first = block.start, 0
    for end in [*_breaks(text, block, quotes), block.end]:
        inside = []
        while first < len(quotes) and quotes[first].start < end:
            inside.append(quotes[first])
            first += 1
        if inside:
            yield Span(start, end), inside
        start = end


def _breaks(text: str, block: Span, quotes: list[Span]) -> Iterator[int]:
    number = 0
    for found in sentences.BREAK.finditer(text, block.start, block.end):
        while number < len(quotes) and quotes[number].end <= found.start():
            number += 1
        if number < len(quotes) and quotes[number].start < found.start():
            if quotes[number].end > found.end():
                continue
            if found[0][0] in "?!…" and _TAG.match(text, found.end(), min(block.end, found.end() + 80)):
                continue
        if not sentences.is_abbreviated(text, block.start, found.start()):
            yield found.end()


def stands_alone(text: str, before: Span, quote: Span, after: Span) -> bool:
    """Tell whether a quotation is an utterance rather than a few words in a sentence of the writer."""
    lead = text[max(before.start, before.end - _REACH) : before.end].rstrip(_OPENERS + " \t\u00a0")
    inside = text[quote.start : quote.end].strip()
    words = len(_WORD.findall(inside[:200]))
    if not words:
        return False
    ends = inside[-1] in ",.?!…—-–" or text[after.start : after.end].strip(_OPENERS + " ")[:1] in ("", ",")
    starts = not lead or lead[-1] in ",:.?!…)—–-"
    if starts and ends:
        return words > 2 or inside[:1].isupper() or not lead
    return bool(lead) and ends and words > 4 and inside[:1].isupper()


def _verb_after(text: str, quote: Span, after: Span) -> Quotation | None:
    """The reporting verb in the clause that follows a quotation: "…," he said."""
    limit = min(after.end, after.start + _REACH)
    end = next(sentences.ends(text, after.start, limit), limit)
    clause = Span(after.start, end)
    inside = text[quote.start : quote.end].rstrip()
    stretch = text[clause.start : clause.end].strip(_OPENERS + " ,\t")
    if not stretch or (inside[-1:] in ".:" and stretch[0].isupper()):
        return None
    for position, word in enumerate(_WORD.finditer(text, clause.start, clause.end)):
        if position < 25 and _attributes(text, word):
            return Quotation((), Span(*word.span()), clause)
    return None


def _verb_before(text: str, before: Span) -> Quotation | None:
    """The reporting verb in the clause that leads to a quotation: He said: "…"."""
    start = sentences.last_start(text, max(before.start, before.end - _REACH), before.end)
    clause = Span(start, before.end)
    lead = text[clause.start : clause.end].rstrip(_OPENERS + " \t\u00a0")
    if not lead or lead[-1] in ".?!":
        return None
    found = None
    for word in _WORD.finditer(text, clause.start, clause.end):
        if _attributes(text, word):
            found = Quotation((), Span(*word.span()), clause)
    return found


def _name_before(text: str, before: Span) -> Quotation | None:
    """The name that leads to a quotation with a colon: Anna Berg: "…"."""
    name = _NAME.search(text[max(before.start, before.end - _REACH) : before.end])
    if name is None:
        return None
    start = max(before.start, before.end - _REACH)
    return Quotation((), clause=before, label=Span(start + name.start(1), start + name.end(1)))


def _attributes(text: str, word: re.Match[str]) -> bool:
    form = word[0].lower()
    return form in lexicon.speech_forms() or (form == "according" and text.startswith(" to", word.end()))
