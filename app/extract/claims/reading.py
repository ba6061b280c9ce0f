"""The way in: an article and what was found in it, and the plain claims that it makes of its event."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from app.core.quantities import words
from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.circumstances import days
from app.extract.claims import papers, people, scene, things, times
from app.extract.claims.scene import Scene, Sentence
from app.extract.findings import ExtractedClaim, ExtractedStatement, Grade

_LEADING = 2  # sentences that say what the article is about
_AMOUNTS = 2  # sentences in which sums of money are looked for: further down they are of something else
_MOST = 200  # claims of one text


def find(
    text: str,
    headline: Span | None,
    article: Sequence[Span],
    findings: Sequence[ExtractedStatement],
    *,
    title: str | None,
    happened: str | None,
    written: str | None,
) -> tuple[ExtractedClaim, ...]:
    """Return the claims of an article, in the order of the text.

    `title` is the headline where it is known, `happened` the date of the event that it reports, `written` its own
    (EDTF); `findings` are the statements, of which a claim takes its voice.
    """
    parts = list(scene.split(text, headline, article))
    scenery = Scene(happened, written, [title or "", *(each.words for each in parts if each.place < _LEADING)])
    found: dict[tuple[str, Span], ExtractedClaim] = {}
    for sentence in parts:
        for claim in _of(sentence, scenery):
            found.setdefault((claim.property, claim.span), claim)
        if len(found) >= _MOST:
            break
    return tuple(_voiced(text, sorted(found.values(), key=lambda each: (each.span.start, each.span.end)), findings))


def _of(sentence: Sentence, scenery: Scene) -> Iterator[ExtractedClaim]:
    """What a sentence claims: when the guest had been there before even where it speaks of other times."""
    past = next(times.before(sentence, scenery), None)
    if past is not None:
        yield past[1]
    if not scenery.is_plain(sentence, but=past[0] if past else None):
        return
    yield from papers.find(sentence, scenery)
    if sentence.place <= 0:
        yield from things.place(sentence)
    if words.may_have_figure(sentence.text, sentence.start, sentence.end):
        yield from people.find(sentence, scenery)
        yield from times.find(sentence, scenery)
        if sentence.place < _AMOUNTS:
            yield from things.amount(sentence)


def _voiced(
    text: str, claims: Iterable[ExtractedClaim], findings: Sequence[ExtractedStatement]
) -> Iterator[ExtractedClaim]:
    """The claims, each with the voice of the innermost statement that it stands inside."""
    sure = [each for each in findings if each.grade is Grade.STRICT]
    pieces = sorted((piece.start, -piece.end, at) for at, each in enumerate(sure) for piece in each.content)
    around: list[tuple[int, ExtractedStatement]] = []  # where the statements end that have begun
    place = 0
    for claim in claims:
        while place < len(pieces) and pieces[place][0] <= claim.span.start:
            start, end, at = pieces[place]
            around = [each for each in around if each[0] > start]
            around.append((-end, sure[at]))
            place += 1
        inside = [finding for end, finding in around if end >= claim.span.end]
        told = _told(text, claim, inside[-1]) if inside else claim
        if told is not None:
            yield told


def _told(text: str, claim: ExtractedClaim, finding: ExtractedStatement) -> ExtractedClaim | None:
    """The claim as its speaker's, whose "today" is the day on which he spoke; None where that is not known."""
    date: str | None = claim.normalized
    if claim.property == papers.DATE and finding.kind is not StatementKind.INDIRECT:
        found = days.find(text, claim.span.start, claim.span.end, finding.said)
        date = next((each.edtf for each in found), None)
    return replace(claim, normalized=date, voice=finding.voice) if date else None
