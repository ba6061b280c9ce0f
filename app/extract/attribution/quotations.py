"""Quotations in marks: which of them belong together, and which reporting verb beside them they belong to.

This looks at marks, commas and the forms of reporting verbs only, so that it works with and without a model.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

from app.core.spans import Span
from app.extract.attribution import lexicon
from app.extract.page import marks, sentences

_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_LABEL = re.compile(r"([A-Z][^:!?“”\"\n]{1,60}):\s+")
_NAME = re.compile(
    r"(?:^|[\s–—-])([A-Z][\w’'.-]*(?: (?:of |the |de |von |van |al-)?[A-Z][\w’'.-]*){0,5}):\s*[\"'“‘„«]?$"
)
_OPENERS = "\"'“‘„«»”`"
_CLOSERS = "\"'”’»"
_REACH = 200  # code points beside a quotation within which its verb is looked for
_SUBORDINATE = ("which", "who", "while", "when", "where")
_ADDRESS = 6  # words between a verb and its quotation that say to whom, when or where; more are a clause


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


def find_quotations(text: str, blocks: Sequence[Span]) -> Iterator[Quotation]:
    """Yield what is said in marks in the blocks: whole utterances, and clauses of the writer that hold quoted words."""
    parts: list[Quotation] = []  # of the quotation that may go on
    colon = None  # the quotation that the end of the block before announces
    for position, block in enumerate(blocks):
        if (labelled := _labelled(text, block, headline=position == 0)) is not None:
            yield from _joined(parts)
            parts = [labelled]
            continue
        quotes = marks.find_quoted(text, block.start, block.end)
        for number, found in enumerate(_in_block(text, block, quotes)):
            leads = number == 0 and found.verb is None and _fills(block, found)
            if leads and colon is not None:
                found = replace(colon, pieces=found.pieces)
            elif leads and parts and parts[0].label is None and _is_open(text, parts[-1], block):
                parts.append(found)
                continue
            yield from _joined(parts)
            parts = [found]
        colon = _verb_before(text, block) if text[block.end - 1 : block.end] == ":" else None
    yield from _joined(parts)


def _labelled(text: str, block: Span, *, headline: bool) -> Quotation | None:
    """What a name and a colon lead: a line of a transcript, or a headline of this form."""
    label = _LABEL.match(text, block.start, block.end)
    if label is None or not (headline or label[1].isupper()) or label.end() >= block.end:
        return None
    rest = text[label.end() : block.end]
    if len(label[1].split()) > 5 or any(word[0].islower() for word in label[1].split()) or len(rest.split()) < 3:
        return None
    inside = marks.find_quoted(text, label.end(), block.end)
    whole = not headline or bool(inside and inside[0].start <= label.end() + 2 and inside[0].end >= block.end - 3)
    pieces = tuple(inside[:1]) if whole and headline else (Span(label.end(), block.end),)
    return Quotation(pieces, clause=block, label=Span(*label.span(1)), whole=whole)


def _fills(block: Span, found: Quotation) -> bool:
    """Tell whether a block is nothing but a quotation."""
    apart = any(after.start - before.end > 5 for before, after in pairwise(found.pieces))
    return (
        found.whole and not apart and found.pieces[0].start <= block.start + 2 and found.pieces[-1].end >= block.end - 3
    )


def _is_open(text: str, last: Quotation, block: Span) -> bool:
    """Tell whether a voice may go on in a block: the next one, and not long after its last words."""
    between = text[last.pieces[-1].end : block.start]
    rest, newline, blocks_between = between.partition("\n")
    return bool(newline) and len(rest) < _REACH and not blocks_between.strip()


def _in_block(text: str, block: Span, quotes: list[Span]) -> Iterator[Quotation]:
    parts: list[Quotation] = []
    for sentence, inside in _sentences(text, block, quotes) if quotes else ():
        for found in _in_sentence(text, sentence, inside):
            if found.label or (found.verb is not None and not (parts and found.verb == parts[0].verb)):
                yield from _joined(parts)
                parts = []
            parts.append(found)
    yield from _joined(parts)


def _joined(parts: list[Quotation]) -> Iterator[Quotation]:
    """One quotation out of parts that go on with the first."""
    if parts:
        pieces = tuple(chain.from_iterable(part.pieces for part in parts))
        yield replace(parts[0], pieces=pieces, whole=all(part.whole for part in parts))


def _in_sentence(text: str, sentence: Span, quotes: list[Span]) -> Iterator[Quotation]:
    position, last = sentence.start, None
    for number, quote in enumerate(quotes):
        if quote.start < position:
            continue
        before = Span(position, quote.start)
        after = Span(quote.end, quotes[number + 1].start if number + 1 < len(quotes) else sentence.end)
        if stands_alone(text, before, quote, after):
            position = quote.end
            found = _utterance(text, sentence, before, quote, after)
            if found is not None:
                last = found.verb
                yield found
                if not found.whole:
                    return
        elif _goes_on(text, before, quote) and (found := _verb_after(text, quote, after)):
            if found.verb != last:  # else it is part of who speaks: "…," said the author of "…," a novel
                yield replace(found, pieces=(Span(before.start, quote.end),), whole=False)
            position = quote.end
        elif (found := _verb_before(text, before)) and found.verb is not None and found.verb != last:
            yield replace(found, pieces=(_trimmed(text, found.verb.end, sentence.end),), whole=False)
            return


def _goes_on(text: str, before: Span, quote: Span) -> bool:
    """Tell whether the clause of a quotation may be attributed by what follows it: It was "a mess," he said."""
    if not text[quote.start : quote.end].rstrip().endswith(","):
        return False
    earlier = _verb_before(text, before)
    return earlier is None or not _leads(text, earlier, before)


def _utterance(text: str, sentence: Span, before: Span, quote: Span, after: Span) -> Quotation | None:
    """A quotation that stands alone with who says it; None for the title of a work, which nobody says."""
    found = _verb_beside(text, before, quote, after) or _name_before(text, before)
    if _is_title(text, before, quote) and (found is None or not _leads(text, found, before)):
        return None
    if found is None or found.verb is None:
        return replace(found or Quotation(()), pieces=(quote,))
    if not text[quote.start].islower():
        return replace(found, pieces=(quote,))
    if len(_WORD.findall(text[found.verb.end : quote.start][:_REACH])) > _ADDRESS:
        return replace(found, pieces=(_trimmed(text, found.verb.end, sentence.end),), whole=False)
    lead = _lead(text, before, found.verb) if before.start == sentence.start else None
    return replace(found, pieces=(quote,) if lead is None else (lead, quote))


def _is_title(text: str, before: Span, quote: Span) -> bool:
    """Tell whether words in marks name a work: her latest novel, "The House by the Sea." """
    lead = text[max(before.start, before.end - _REACH) : before.end].rstrip(_OPENERS + " ")
    if not lead or lead.endswith((":", "titled", ".", "?", "!")):
        return False
    words = [word[0] for word in _WORD.finditer(text[quote.start : quote.end][:200])]
    named = sum(word[0].isupper() for word in words)
    return words[0][0].isupper() and 2 * named >= len(words) and all(not w[0].islower() or len(w) < 4 for w in words)


def _lead(text: str, before: Span, verb: Span) -> Span | None:
    """The words before the marks that the quotation goes on with: In the end, she said, "we …"."""
    start, end = before.start, before.end
    while start < end and text[start].isspace():
        start += 1
    if verb.start < before.end:
        aside = _ASIDE.search(text, start, end)
        end = aside.start() if aside and aside.start() < verb.start else start
    lead = text[start:end].rstrip(_OPENERS + " ,\u00a0")
    return Span(start, start + len(lead)) if " " in lead else None


_ASIDE = re.compile(r", (?:[\w.’'-]+ ){1,5}[a-z]+,\s*[\"'“‘„«`]+\Z")


def _trimmed(text: str, start: int, end: int) -> Span:
    skipped = _LEAD.match(text, start, end)
    start = skipped.end() if skipped else start
    return Span(start, max(start + 1, end))


_LEAD = re.compile(r"[\s,:]*(?:that\b)?\s*")


def _is_tagged(text: str, start: int, end: int) -> bool:
    """Tell whether words that follow a mark attribute what stands before it: "…?" the old man asked."""
    words = islice(_WORD.finditer(text, start, end), 6)
    forms = lexicon.get_speech_forms()
    return any(word[0] in forms and not word[0].endswith("ing") for word in words)


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
            if found[0][0] in "?!…" and _is_tagged(text, found.end(), min(block.end, found.end() + 80)):
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
    following = text[after.start : after.end].strip(_OPENERS + " ")
    ends = inside.rstrip(_CLOSERS)[-1:] in tuple(",.?!…—-–") or following[:1] in ("", *",;)—-–")
    starts = not lead or lead[-1] in ",:.?!…)—–-"
    if starts and ends:
        return words > 2 or inside[:1].isupper() or not lead
    return bool(lead) and ends and words > 4 and inside[:1].isupper()


def _verb_beside(text: str, before: Span, quote: Span, after: Span) -> Quotation | None:
    """The reporting verb after a quotation, or before it; the one that leads to it directly comes first."""
    earlier = _verb_before(text, before)
    if earlier is not None and _leads(text, earlier, before):
        return earlier
    return _verb_after(text, quote, after) or earlier


def _leads(text: str, found: Quotation, before: Span) -> bool:
    """Tell whether a verb stands right before a quotation."""
    verb = found.verb
    return verb is not None and verb.end <= before.end and _LED.fullmatch(text, verb.end, before.end) is not None


_LED = re.compile(r"[,:]?\s*[\"'“‘„«`]*")


def _verb_after(text: str, quote: Span, after: Span) -> Quotation | None:
    """The reporting verb in the clause that follows a quotation: "…," he said."""
    limit = min(after.end, after.start + _REACH)
    end = next(sentences.find_ends(text, after.start, limit), limit)
    clause = Span(after.start, end)
    inside = text[quote.start : quote.end].rstrip()
    stretch = text[clause.start : clause.end].strip(_OPENERS + " ,\t")
    if not stretch or (inside[-1:] in ".:" and stretch[0].isupper()) or stretch.partition(" ")[0] in _SUBORDINATE:
        return None
    for position, word in enumerate(_WORD.finditer(text, clause.start, clause.end)):
        adds = position == 0 and word[0].endswith("ing") and word[0] != "according"  # "…," adding that …
        if position < 25 and not adds and _attributes(text, word):
            return Quotation((), Span(*word.span()), clause)
    return None


def _verb_before(text: str, before: Span) -> Quotation | None:
    """The reporting verb in the clause that leads to a quotation: He said: "…"."""
    if before.end - before.start <= len(" “"):
        return None
    start = sentences.find_last_start(text, max(before.start, before.end - _REACH), before.end)
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
    if form in lexicon.RETORTS and text.startswith(" back", word.end()):
        return True
    return form in lexicon.get_speech_forms() or (form == "according" and text.startswith(" to", word.end()))
