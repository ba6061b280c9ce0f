"""Find quotations in marks: which stretches belong together, and which reporting verb beside them they belong to.

Only marks, commas and the forms of reporting verbs are considered, so this works with and without a model.
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
_ASIDE = re.compile(r", (?:[\w.’'-]+ ){1,5}[a-z]+,\s*[\"'“‘„«`]+\Z")
_CLAUSE_START = re.compile(r"[\s,:]*(?:that\b)?\s*")
_MARKS_NEXT = re.compile(r"[,:]?\s*[\"'“‘„«`]*")
_REACH = 200  # code points beside a quotation that are searched for its verb
_SUBORDINATORS = ("which", "who", "while", "when", "where")
_MAX_ADVERBIAL = 6  # words between a verb and its quotation that give an addressee, time or place; more are a clause


@dataclass(frozen=True, slots=True)
class Quotation:
    """Stretches from one source, and the reporting verb.

    If ``whole``, every piece is entirely in quotation marks; else a piece is a clause with some of its words in marks.
    """

    pieces: tuple[Span, ...]
    verb: Span | None = None
    clause: Span | None = None  # the verb and its subject, outside the marks
    label: Span | None = None  # the name before a colon, instead of verb and subject
    whole: bool = True


def find_quotations(text: str, blocks: Sequence[Span]) -> Iterator[Quotation]:
    """Yield the quotations in the blocks: whole utterances, and clauses of the writer with quoted words."""
    parts: list[Quotation] = []  # of a quotation that may continue
    announced = None  # the quotation with the verb of the preceding block, if that ends in a colon
    for position, block in enumerate(blocks):
        if (labelled := _find_labelled(text, block, headline=position == 0)) is not None:
            yield from _join(parts)
            parts = [labelled]
            continue
        quotes = marks.find_quoted(text, block.start, block.end)
        for number, quotation in enumerate(_find_in_block(text, block, quotes)):
            is_first = number == 0 and quotation.verb is None and _fills_block(block, quotation)
            if is_first and announced is not None:
                quotation = replace(announced, pieces=quotation.pieces)
            elif is_first and parts and parts[0].label is None and _may_continue(text, parts[-1], block):
                parts.append(quotation)
                continue
            yield from _join(parts)
            parts = [quotation]
        announced = _find_verb_before(text, block) if text[block.end - 1 : block.end] == ":" else None
    yield from _join(parts)


def _find_labelled(text: str, block: Span, *, headline: bool) -> Quotation | None:
    """Return the words after a name and a colon: a line of a transcript, or a headline of this form."""
    label = _LABEL.match(text, block.start, block.end)
    if label is None or not (headline or label[1].isupper()) or label.end() >= block.end:
        return None
    names, words = label[1].split(), text[label.end() : block.end].split()
    if len(names) > 5 or any(name[0].islower() for name in names) or len(words) < 3:
        return None
    quotes = marks.find_quoted(text, label.end(), block.end)
    is_quoted = bool(quotes) and quotes[0].start <= label.end() + 2 and quotes[0].end >= block.end - 3
    pieces = (quotes[0],) if headline and is_quoted else (Span(label.end(), block.end),)
    return Quotation(pieces, clause=block, label=Span(*label.span(1)), whole=not headline or is_quoted)


def _fills_block(block: Span, quotation: Quotation) -> bool:
    """Return whether the quotation is all of the block."""
    first, last = quotation.pieces[0], quotation.pieces[-1]
    if not quotation.whole or first.start > block.start + 2 or last.end < block.end - 3:
        return False
    return all(after.start - before.end <= 5 for before, after in pairwise(quotation.pieces))


def _may_continue(text: str, last: Quotation, block: Span) -> bool:
    """Return whether a quotation may continue in a block: the next one, soon after its last words."""
    rest, newline, blocks_between = text[last.pieces[-1].end : block.start].partition("\n")
    return bool(newline) and len(rest) < _REACH and not blocks_between.strip()


def _find_in_block(text: str, block: Span, quotes: list[Span]) -> Iterator[Quotation]:
    parts: list[Quotation] = []
    for sentence, inside in _split_into_sentences(text, block, quotes) if quotes else ():
        for quotation in _find_in_sentence(text, sentence, inside):
            is_same_verb = bool(parts) and quotation.verb == parts[0].verb
            if quotation.label or (quotation.verb is not None and not is_same_verb):
                yield from _join(parts)
                parts = []
            parts.append(quotation)
    yield from _join(parts)


def _join(parts: list[Quotation]) -> Iterator[Quotation]:
    """Yield one quotation made of the first part and those that continue it."""
    if parts:
        pieces = tuple(chain.from_iterable(part.pieces for part in parts))
        yield replace(parts[0], pieces=pieces, whole=all(part.whole for part in parts))


def _find_in_sentence(text: str, sentence: Span, quotes: list[Span]) -> Iterator[Quotation]:
    position, last_verb = sentence.start, None
    for number, quote in enumerate(quotes):
        if quote.start < position:
            continue
        before = Span(position, quote.start)
        after = Span(quote.end, quotes[number + 1].start if number + 1 < len(quotes) else sentence.end)
        if _stands_alone(text, before, quote, after):
            position = quote.end
            quotation = _build_utterance(text, sentence, before, quote, after)
            if quotation is not None:
                last_verb = quotation.verb
                yield quotation
                if not quotation.whole:
                    return
        elif _may_have_verb_after(text, before, quote) and (quotation := _find_verb_after(text, quote, after)):
            if quotation.verb != last_verb:  # else a part of the source: "…," said the author of "…," a novel
                yield replace(quotation, pieces=(Span(before.start, quote.end),), whole=False)
            position = quote.end
        else:
            quotation = _find_verb_before(text, before)
            if quotation is not None and quotation.verb is not None and quotation.verb != last_verb:
                yield replace(quotation, pieces=(_trim_start(text, quotation.verb.end, sentence.end),), whole=False)
                return


def _may_have_verb_after(text: str, before: Span, quote: Span) -> bool:
    """Return whether the verb of a clause with quoted words may follow them: It was "a mess," he said."""
    if not text[quote.start : quote.end].rstrip().endswith(","):
        return False
    earlier = _find_verb_before(text, before)
    return earlier is None or not _is_next_to_marks(text, earlier, before)


def _build_utterance(text: str, sentence: Span, before: Span, quote: Span, after: Span) -> Quotation | None:
    """Build the quotation of an utterance with its verb or label; return None for the title of a work."""
    quotation = _find_verb_beside(text, before, quote, after) or _find_label_before(text, before)
    if _is_title(text, before, quote) and (quotation is None or not _is_next_to_marks(text, quotation, before)):
        return None
    if quotation is None or quotation.verb is None:
        return replace(quotation or Quotation(()), pieces=(quote,))
    if not text[quote.start].islower():
        return replace(quotation, pieces=(quote,))
    if len(_WORD.findall(text[quotation.verb.end : quote.start][:_REACH])) > _MAX_ADVERBIAL:
        return replace(quotation, pieces=(_trim_start(text, quotation.verb.end, sentence.end),), whole=False)
    lead = _find_lead(text, before, quotation.verb) if before.start == sentence.start else None
    return replace(quotation, pieces=(quote,) if lead is None else (lead, quote))


def _is_title(text: str, before: Span, quote: Span) -> bool:
    """Return whether words in marks are the title of a work: "The House", in 'Her novel, "The House,"'."""
    lead = text[max(before.start, before.end - _REACH) : before.end].rstrip(_OPENERS + " ")
    if not lead or lead.endswith((":", "titled", ".", "?", "!")):
        return False
    words = [word[0] for word in _WORD.finditer(text[quote.start : quote.end][:200])]
    capitalized = sum(word[0].isupper() for word in words)
    if not words[0][0].isupper() or 2 * capitalized < len(words):
        return False
    return all(not word[0].islower() or len(word) < 4 for word in words)


def _find_lead(text: str, before: Span, verb: Span) -> Span | None:
    """Return the words before the marks that are part of the quotation: In the end, she said, "we …"."""
    start, end = before.start, before.end
    while start < end and text[start].isspace():
        start += 1
    if verb.start < before.end:
        aside = _ASIDE.search(text, start, end)
        end = aside.start() if aside and aside.start() < verb.start else start
    lead = text[start:end].rstrip(_OPENERS + " ,\u00a0")
    return Span(start, start + len(lead)) if " " in lead else None


def _trim_start(text: str, start: int, end: int) -> Span:
    """Return a stretch without punctuation and "that" at its start."""
    leading = _CLAUSE_START.match(text, start, end)
    start = leading.end() if leading else start
    return Span(start, max(start + 1, end))


def _split_into_sentences(text: str, block: Span, quotes: list[Span]) -> Iterator[tuple[Span, list[Span]]]:
    """Yield the writer's sentences that hold quotations, with these; sentences inside a quotation are not split."""
    start, first = block.start, 0
    for end in [*_find_sentence_ends(text, block, quotes), block.end]:
        inside = []
        while first < len(quotes) and quotes[first].start < end:
            inside.append(quotes[first])
            first += 1
        if inside:
            yield Span(start, end), inside
        start = end


def _find_sentence_ends(text: str, block: Span, quotes: list[Span]) -> Iterator[int]:
    number = 0
    for stop in sentences.BREAK.finditer(text, block.start, block.end):
        while number < len(quotes) and quotes[number].end <= stop.start():
            number += 1
        if number < len(quotes) and quotes[number].start < stop.start():
            if quotes[number].end > stop.end():
                continue
            if stop[0][0] in "?!…" and _has_reporting_verb(text, stop.end(), min(block.end, stop.end() + 80)):
                continue
        if not sentences.is_abbreviated(text, block.start, stop.start()):
            yield stop.end()


def _has_reporting_verb(text: str, start: int, end: int) -> bool:
    """Return whether words after a closing mark attribute the quotation: "…?" the old man asked."""
    forms = lexicon.get_speech_forms()
    words = islice(_WORD.finditer(text, start, end), 6)
    return any(word[0] in forms and not word[0].endswith("ing") for word in words)


def _stands_alone(text: str, before: Span, quote: Span, after: Span) -> bool:
    """Return whether a quotation is an utterance and not just a few words in a sentence of the writer."""
    lead = text[max(before.start, before.end - _REACH) : before.end].rstrip(_OPENERS + " \t\u00a0")
    inside = text[quote.start : quote.end].strip()
    word_count = len(_WORD.findall(inside[:200]))
    if not word_count:
        return False
    rest = text[after.start : after.end].strip(_OPENERS + " ")
    is_ended = inside.rstrip(_CLOSERS)[-1:] in tuple(",.?!…—-–") or rest[:1] in ("", *",;)—-–")
    is_begun = not lead or lead[-1] in ",:.?!…)—–-"
    if is_begun and is_ended:
        return word_count > 2 or inside[:1].isupper() or not lead
    return bool(lead) and is_ended and word_count > 4 and inside[:1].isupper()


def _find_verb_beside(text: str, before: Span, quote: Span, after: Span) -> Quotation | None:
    """Return a quotation with the verb directly before the marks, else that after them, else one further before."""
    earlier = _find_verb_before(text, before)
    if earlier is not None and _is_next_to_marks(text, earlier, before):
        return earlier
    return _find_verb_after(text, quote, after) or earlier


def _is_next_to_marks(text: str, quotation: Quotation, before: Span) -> bool:
    """Return whether the verb stands right before the marks at the end of `before`."""
    verb = quotation.verb
    if verb is None or verb.end > before.end:
        return False
    return _MARKS_NEXT.fullmatch(text, verb.end, before.end) is not None


def _find_verb_after(text: str, quote: Span, after: Span) -> Quotation | None:
    """Return a quotation with the reporting verb of the clause after the marks: "…," he said."""
    limit = min(after.end, after.start + _REACH)
    end = next(sentences.find_ends(text, after.start, limit), limit)
    clause = Span(after.start, end)
    inside = text[quote.start : quote.end].rstrip()
    words = text[clause.start : clause.end].strip(_OPENERS + " ,\t")
    if not words or (inside[-1:] in ".:" and words[0].isupper()) or words.partition(" ")[0] in _SUBORDINATORS:
        return None
    for position, word in enumerate(islice(_WORD.finditer(text, clause.start, clause.end), 25)):
        is_adding = position == 0 and word[0].endswith("ing") and word[0] != "according"  # "…," adding that …
        if not is_adding and _is_reporting_verb(text, word):
            return Quotation((), Span(*word.span()), clause)
    return None


def _find_verb_before(text: str, before: Span) -> Quotation | None:
    """Return a quotation with the last reporting verb of the clause before the marks: He said: "…"."""
    if before.end - before.start <= len(" “"):
        return None
    start = sentences.find_last_start(text, max(before.start, before.end - _REACH), before.end)
    clause = Span(start, before.end)
    lead = text[clause.start : clause.end].rstrip(_OPENERS + " \t\u00a0")
    if not lead or lead[-1] in ".?!":
        return None
    verbs = [word for word in _WORD.finditer(text, clause.start, clause.end) if _is_reporting_verb(text, word)]
    return Quotation((), Span(*verbs[-1].span()), clause) if verbs else None


def _find_label_before(text: str, before: Span) -> Quotation | None:
    """Return a quotation with the name and colon before the marks: Anna Berg: "…"."""
    start = max(before.start, before.end - _REACH)
    name = _NAME.search(text[start : before.end])
    if name is None:
        return None
    return Quotation((), clause=before, label=Span(start + name.start(1), start + name.end(1)))


def _is_reporting_verb(text: str, word: re.Match[str]) -> bool:
    form = word[0].lower()
    if form in lexicon.RETORTS and text.startswith(" back", word.end()):
        return True
    return form in lexicon.get_speech_forms() or (form == "according" and text.startswith(" to", word.end()))
