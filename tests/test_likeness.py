"""Test the similarity of two statements, which tells if they print one utterance."""

import datetime as dt
import time
from itertools import count

import pytest
from hypothesis import strategies as st

from app.analysis.statement_similarity import (
    DayRange,
    Doubt,
    PrintedStatement,
    Similarity,
    compare_statements,
    get_possible_days,
    list_closest,
)
from app.core.spans import Span
from app.core.vocab import SpeakerKind
from tests.properties import for_all

PERSON, DOCUMENT, UNNAMED = SpeakerKind.PERSON, SpeakerKind.DOCUMENT, SpeakerKind.UNNAMED
ORGANIZATION = SpeakerKind.ORGANIZATION
LONG = "We will send three hundred engineers to rebuild the harbour before winter, the minister promised"
RUN = "mutual assistance in the event of aggression against one of the parties"
_ids = count(1)


def on(day: int) -> DayRange:
    return DayRange(dt.date(2024, 6, day), dt.date(2024, 6, day))


def printing(
    words: str,
    *,
    speaker: int | None = 1,
    kind: SpeakerKind | None = PERSON,
    relays: frozenset[int] = frozenset(),
    said: DayRange | None = None,
    document: int | None = None,
    span: Span | None = None,
    event: int | None = None,
) -> PrintedStatement:
    ident = next(_ids)
    place, place_days = (
        span or Span(0, len(words) or 1),
        get_possible_days(kind, said, DayRange(dt.date(2024, 6, 10), on(20).last)),
    )
    return PrintedStatement(ident, words, place, document or ident, event, speaker, kind, relays, said, place_days)


def doubt(one: str, other: str) -> Doubt | bool | None:
    """Return the doubt about two statements of one speaker and day; False if they are not similar at all."""
    similarity = compare_statements(printing(one), printing(other))
    return False if similarity is None else similarity.doubt


@pytest.mark.parametrize(
    "other",
    [
        LONG,
        LONG.upper(),
        "send three hundred engineers to rebuild the harbour",
        "The minister promised to send three hundred engineers before the winter to rebuild the harbour",
        "“rebuild the harbour”",
    ],
)
def test_translations_excerpts_and_new_orders_match(other: str) -> None:
    assert doubt(LONG, other) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("the relationship a fiery friendship", "the agreement as their strongest-ever treaty", False),
        ("We will send troops to the border", "We will not send troops to the border", Doubt.NEGATION),
        ("We'll send troops to the border", "We won’t send troops to the border", Doubt.NEGATION),
        ("The strike on the harbour was lawful", "The strike on the harbour was unlawful", Doubt.NEGATION),
        ("Мы отправим войска на границу", "Мы не отправим войска на границу", Doubt.NEGATION),
        ("At least 550 soldiers died at Kursk", "At least 900 soldiers died at Kursk", Doubt.NUMBERS),
        ("Freedonia defends Sylvania with all weapons", "Sylvania defends Freedonia with all weapons", Doubt.ORDER),
        ("reprehensible", "utterly reprehensible behaviour, beyond all measure", Doubt.SINGLE_WORD),
        ("it is a test", "is it a test", False),
    ],
)
def test_superficial_similarity_is_doubtful_or_no_match(one: str, other: str, expected: Doubt | bool) -> None:
    assert doubt(one, other) == doubt(other, one) == expected


def test_doubtful_pair_has_less_confidence_than_a_certain_one() -> None:
    doubted = compare_statements(
        printing("We will send troops to the border"), printing("We will not send troops to the border")
    )

    assert doubted is not None
    assert doubted.confidence < 0.7


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (on(12), on(12), True),
        (on(12), on(13), True),  # it was past midnight elsewhere
        (on(12), on(15), False),
        (on(12), None, True),
        (on(1), None, False),  # printed from the 10th on
        (None, None, True),
    ],
)
def test_statements_of_distant_days_do_not_match(one: DayRange | None, other: DayRange | None, same: bool) -> None:
    assert (compare_statements(printing(LONG, said=one), printing(LONG, said=other)) is not None) is same


def test_document_matches_at_any_time_unless_dates_differ() -> None:
    signed, quoted = printing(LONG, kind=DOCUMENT, said=on(19)), printing(LONG, kind=DOCUMENT)
    older = printing(LONG, kind=DOCUMENT, said=DayRange(dt.date(1961, 7, 6), dt.date(1961, 7, 6)))

    assert compare_statements(signed, quoted) is not None
    assert compare_statements(signed, older) is None
    assert compare_statements(signed, printing(LONG, kind=DOCUMENT, speaker=2)) is None


def test_statements_of_two_speakers_do_not_match() -> None:
    assert compare_statements(printing(LONG), printing(LONG, speaker=2)) is None
    assert compare_statements(printing(LONG), printing(LONG, speaker=2, kind=ORGANIZATION, event=1)) is None


def test_relaying_voice_matches_only_nearly_equal_words() -> None:
    agency, relayed = printing(LONG, speaker=2, kind=ORGANIZATION), printing(LONG, relays=frozenset({2}))
    loosely = printing("The harbour will be rebuilt by engineers", relays=frozenset({2}))

    assert compare_statements(agency, relayed) == compare_statements(relayed, agency)
    assert (compare_statements(agency, relayed) or Similarity(0, Doubt.WORDS)).doubt is None
    assert (compare_statements(agency, loosely) or Similarity(0)).doubt is Doubt.WORDS


def test_verbatim_run_matches_a_document_and_its_quoter() -> None:
    person = printing(f"The agreement signed today provides for {RUN} to this agreement", event=7)

    assert compare_statements(person, printing(RUN, speaker=2, kind=DOCUMENT, event=7)) is not None
    assert compare_statements(person, printing(RUN, speaker=None, kind=None, event=7)) is not None
    assert compare_statements(person, printing(RUN, speaker=2, kind=UNNAMED, event=8)) is None
    assert (
        compare_statements(person, printing("assistance in the event of aggression", speaker=2, kind=DOCUMENT, event=7))
        is None
    )


def test_quotation_inside_a_statement_does_not_match_it() -> None:
    outer = printing(LONG, document=1, span=Span(0, len(LONG)), speaker=2, kind=ORGANIZATION)
    inner = printing(LONG[8:40], document=1, span=Span(8, 40), relays=frozenset({2}))

    assert compare_statements(outer, inner) is None


TEXTS = st.text(max_size=60) | st.sampled_from([LONG, RUN, "", "…", "не", "NO" * 40])


@for_all(one=TEXTS, other=TEXTS)
def test_similarity_is_symmetric(one: str, other: str) -> None:
    statement, other_statement = printing(one), printing(other)

    similarity = compare_statements(statement, other_statement)

    assert similarity == compare_statements(other_statement, statement)
    assert similarity is None or 0 < similarity.confidence <= 1


@for_all(words=st.lists(st.sampled_from(LONG.split()), max_size=80))
def test_equal_statement_is_among_the_closest(words: list[str]) -> None:
    same = printing(LONG)
    candidates = [printing(" ".join(words[:end])) for end in range(len(words))]

    assert same in list_closest(printing(LONG.casefold()), [*candidates, same])


def test_equal_statement_is_preferred_to_words_of_it() -> None:
    same = printing(LONG)
    candidates = [printing("We") for _ in range(31)]

    assert same in list_closest(printing(LONG.casefold()), [*candidates, same])


@pytest.mark.parametrize("words", ["a" * 200_000, "не " * 70_000, "x'x’" * 50_000, "won't " * 40_000, "1.2,3" * 40_000])
def test_hostile_words_take_limited_time(words: str) -> None:
    started = time.process_time()

    compare_statements(printing(words), printing(f"{words} {LONG}", speaker=None, kind=None, event=1))
    compare_statements(
        printing(words, document=9), printing(f"x{words}", speaker=None, kind=None, document=9, span=Span(10**6, 10**7))
    )

    assert time.process_time() - started < 4
