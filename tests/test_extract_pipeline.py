"""The extraction of a whole text: the article in its page, excerpts, chains, dates and the proposed event."""

import gc
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, settings
from hypothesis import strategies as st

from app.core.dates import parse_edtf
from app.core.spans import Span
from app.core.vocab import EventType, StatementKind
from app.extract.attribution import language_model
from app.extract.findings import ExtractedStatement, Extraction
from app.extract.pipeline import extract
from tests.properties import for_all

STORY = (
    "The harbour of Northport stayed closed on Monday after the storm tore away its outer wall, and ships waited at "
    "sea.\n\nRepairs may take until the spring, engineers of the port authority found when they looked at the damage."
)


def get_furniture(text: str) -> list[str]:
    return [text[span.start : span.end] for span in extract(text, language="en").furniture]


def find_statement(text: str, beginning: str) -> ExtractedStatement:
    statements = extract(text, language="en").statements
    matches = [statement for statement in statements if text.startswith(beginning, statement.content[0].start)]
    assert matches, f"no statement begins with {beginning!r}"
    return matches[0]


def get_words(text: str, span: Span | None) -> str | None:
    return text[span.start : span.end] if span else None


@pytest.mark.parametrize(
    "line",
    [
        "Skip to main content",
        "Written by [Ada Brook](https://example.org/ada) on March 3, 2021",
        "By Ada Brook",
        "March 3, 2021",
        "Photo: Ada Brook",
        "Ada Brook / Pool / Northport Pictures",
        "Follow us on Facebook",
        "Read more: Storm season is not over",
        "We use cookies to improve this site",
        "© 2021 Northport Post. All rights reserved.",
        "---",
    ],
)
def test_line_of_the_page_is_furniture(line: str) -> None:
    before, after = STORY.split("\n\n")

    assert get_furniture(f"{before}\n\n{line}\n\n{after}") == [line.removesuffix("\n")]


@pytest.mark.parametrize(
    "tail",
    [
        "More from The Post\n\nMayor dances at the fair\n\nTen best soups",
        "Related articles\nMayor dances at the fair",
        "## Subscribe to The Post\n\nThe best stories, every morning, in your mail.\n\n### What you get\n\n- 12 issues",
        "Mayor dances at the fair tonight\n\nMarch 3, 2021\n\nMayor dances at the fair tonight",
    ],
)
def test_lines_after_the_article_are_furniture(tail: str) -> None:
    furniture = extract(f"{STORY}\n\n{tail}", language="en").furniture

    assert all(span.start >= len(STORY) for span in furniture)
    assert sum(span.end - span.start for span in furniture) >= 0.8 * len(tail.replace("\n", ""))


@pytest.mark.parametrize(
    "line",
    [
        "More from the village came on foot, and nobody turned them away at the school, where soup was served.",
        "Related or not, the two men shared a house.",
        "Subscribe to the theory or not, the wall is gone.",
        "By noon the water had reached the market and the first boats were tied to the lamp posts of the square.",
        "Share prices fell in Northport, and the bank closed its doors for the day.",
        "“Comments are closed,” said the mayor.",
    ],
)
def test_doubtful_line_is_no_furniture(line: str) -> None:
    before, after = STORY.split("\n\n")

    assert get_furniture(f"{before}\n\n{line}\n\n{after}") == []


@pytest.mark.parametrize(
    ("top", "headline"),
    [
        ("# Harbour closed after storm", "Harbour closed after storm"),
        ("news\n\nHarbour closed after storm\nSource: The Post", "Harbour closed after storm"),
        ("Harbour closed after storm", "Harbour closed after storm"),
    ],
)
def test_headline_and_lede_are_found(top: str, headline: str) -> None:
    text = f"{top}\n\n{STORY}"

    extraction = extract(text, language="en")

    assert get_words(text, extraction.title) == headline
    assert get_words(text, extraction.lede) == STORY.split("\n\n")[0]


def test_lines_broken_at_one_length_are_one_paragraph() -> None:
    lines = [
        "“We have seen the wall fall into the sea, and we have no other",
        "wall to stand behind when the next storm",
    ]
    text = "\n".join([*lines, "comes for us,” the mayor Ada Brook said.", "", *["word " * 13] * 8])

    [statement] = extract(text, language="en").statements[:1]
    content = "".join(text[span.start : span.end] for span in statement.content)

    assert content.startswith("We have seen")
    assert "storm\ncomes" in content


WORDS = "We have no wall any more and the sea is at the doors of our houses. It will come again."


@pytest.mark.parametrize(
    ("lead", "name", "cue"),
    [
        ("The mayor, Ada Brook, wrote in a letter:", "Ada Brook", "wrote"),
        ("Harbour news agency SALT reported:", "SALT", "reported"),
        ("Section 3 of the harbour law reads as follows:", "harbour law", "reads as follows"),
        ("Ada Brook thanked the crews, adding in a short speech:", "Ada Brook", "adding"),
        (
            "The older harbour treaty contained the following clause:",
            "harbour treaty",
            "contained the following clause",
        ),
    ],
)
@pytest.mark.parametrize("between", ["", "Photo: Ada Brook\n\n", "By Ada Brook\n\n---\n\n"])
@pytest.mark.parametrize("marks", ["{}", "“{}”"])
def test_paragraph_after_a_verb_and_a_colon_is_an_excerpt(
    lead: str, name: str, cue: str, between: str, marks: str
) -> None:
    text = f"{STORY}\n\n{lead}\n\n{between}{marks.format(WORDS)}\n\nThe crews work on."

    statement = find_statement(text, "We have no wall")

    assert [get_words(text, span) for span in statement.content] == [WORDS]
    assert statement.voice is not None
    assert (statement.kind, statement.voice.name, get_words(text, statement.cue)) == (StatementKind.DIRECT, name, cue)


@pytest.mark.parametrize(
    "lead", ["The crews need three things:", "There were several reasons for that:", "The plan, in short:"]
)
def test_colon_without_a_verb_announces_no_excerpt(lead: str) -> None:
    text = f"{STORY}\n\n{lead}\n\nNew stones from the quarry, a crane that floats, and a dry summer without storms."

    assert "excerpt" not in [statement.rule for statement in extract(text, language="en").statements]


def test_first_person_paragraph_ending_in_its_cue_is_direct() -> None:
    text = f"Ada Brook stood at the pier.\n\n{WORDS.removesuffix('.')}, she said in her speech.\n\nThe crews work on."

    statement = find_statement(text, "We have no wall")

    assert statement.voice is not None
    assert (statement.voice.name, statement.kind) == ("Ada Brook", StatementKind.DIRECT)


@pytest.mark.parametrize(
    ("text", "start", "chain"),
    [
        (f"News agency SALT also reported that a diver stated at the pier:\n\n{WORDS}", "We have", ["SALT"]),
        ("“Nobody sails today,” Ada Brook told state radio.", "Nobody", ["state radio"]),
        ("“Nobody sails today,” Ada Brook said in an interview with Radio North.", "Nobody", ["Radio North"]),
        ("“Nobody sails today,” Ada Brook told Radio North Tuesday.", "Nobody", ["Radio North"]),
        ("Ada Brook was quoted as saying by Radio North that nobody sails today.", "nobody", ["Radio North"]),
        ("Radio North quoted Ada Brook as saying that nobody sails today.", "nobody", ["Radio North"]),
        ("“Nobody sails today,” Radio North quoted Ada Brook as saying.", "Nobody", ["Radio North"]),
        ("Ada Brook said the ferry was late, Radio North reported on Friday.", "the ferry", ["Radio North"]),
        ("Radio North reported, citing Ada Brook, that the ferry was late.", "the ferry", ["Radio North"]),
        ("Radio North reported that Ada Brook had told sailors that nobody sails today.", "nobody", ["Radio North"]),
        ("Citing harbour officials, Radio North reported that nobody sails today.", "nobody", ["Radio North"]),
        ("“Nobody sails today,” Ada Brook said, citing the weather.", "Nobody", []),
        ("“Nobody sails today,” Ada Brook told reporters.", "Nobody", []),
        ("“Nobody sails today,” Ada Brook said in a statement carried by Radio North.", "Nobody", ["Radio North"]),
        ("In remarks broadcast on state television, Ada Brook said: “Nobody sails.”", "Nobody", ["state television"]),
        ("Ada Brook said: “Nobody reads what is published by newspapers.”", "Nobody", []),
        (
            f"The Sea Agency has published the harbour law.\n\nSection 1 of the law reads as follows:\n\n{WORDS}",
            "We have",
            ["Sea Agency"],
        ),
        (f"The office reported:\n\n{WORDS} The wall “was never finished” by anyone.", "was never", ["office"]),
    ],
)
def test_chain_names_the_relaying_voices(text: str, start: str, chain: list[str]) -> None:
    statement = find_statement(f"{STORY}\n\n{text}", start)

    assert [hop.voice.name for hop in statement.chain] == chain
    assert all(hop.cue for hop in statement.chain)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("“Nobody sails today,” Ada Brook said on Tuesday.", "2021-03-02"),
        ("“Nobody sails,” Ada Brook said Wednesday.", "2021-03-03"),
        ("“Nobody sails,” Ada Brook said yesterday.", "2021-03-02"),
        ("“Nobody sails,” Ada Brook said on December 30.", "2020-12-30"),
        ("“Nobody sails,” Ada Brook said on 30 December 2019.", "2019-12-30"),
        ("“Nobody sails,” Ada Brook said last month.", "2021-02"),
        ("In 1998, Ada Brook said, “Nobody sails.”", "1998"),
        ("On Monday, Ada Brook told the crews: “Nobody sails.”", "2021-03-01"),
        ("“Nobody sails on Friday,” Ada Brook said.", None),
        ("“Nobody sails,” said Ada Brook, who was elected on Monday.", None),
        ("“The paper we signed today is good,” Ada Brook said.", "2021-03-03"),
        ("“Nobody sails,” Ada Brook said on Monday. “Not even me,” Brook added.", "2021-03-01"),
    ],
)
def test_date_of_saying_is_relative_to_the_day_of_writing(text: str, day: str | None) -> None:
    statements = extract(f"{STORY}\n\n{text}", published="2021-03-03", language="en").statements  # a Wednesday

    assert statements[-1].said == day


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("NORTHPORT, March 2 — The harbour stayed closed after the storm tore away its wall.", "2021-03-02"),
        (f"Written by Ada Brook on March 2, 2021\n\n{STORY}", "2021-03-02"),
        (STORY, None),
    ],
)
def test_dateline_or_byline_dates_the_text(text: str, date: str | None) -> None:
    assert extract(text, published="2021-03-05", language="en").date_written == date


@pytest.mark.parametrize(
    ("lede", "kind", "date", "place", "country"),
    [
        ("Norway and Denmark signed a fishing accord in Oslo on Monday.", EventType.AGREE, "2021-03-01", "Oslo", "NO"),
        ("OSLO (SALT) — The two ministers met behind closed doors.", EventType.CONSULT, "2021-03-03", "Oslo", "NO"),
        ("Rockets hit a school in Kyiv on March 2, killing two.", EventType.ASSAULT, "2021-03-02", "Kyiv", "UA"),
        ("Norway vowed to answer any attack.", EventType.THREATEN, "2021-03-03", None, "NO"),
        ("It was a quiet day.", EventType.STATEMENT, "2021-03-03", None, None),
    ],
)
def test_event_is_proposed_from_the_lede(
    lede: str, kind: EventType, date: str, place: str | None, country: str | None
) -> None:
    event = extract(f"{lede}\n\n{STORY}", published="2021-03-03", language="en").proposed_event

    assert event is not None
    assert (event.type, event.date, event.place, event.country) == (kind, date, place, country)
    assert 0 < len(event.title) <= 200
    assert event.passage is not None


def test_no_event_is_proposed_without_a_date() -> None:
    assert extract(STORY.replace("on Monday ", ""), language="en").proposed_event is None


def test_other_language_has_direct_quotations_and_a_note() -> None:
    text = (
        "Der Hafen bleibt zu. „Wir haben keine Mauer mehr und das Meer steht vor der Tür“, sagte die Bürgermeisterin."
    )

    extraction = extract(text, language="de")

    assert {statement.kind for statement in extraction.statements} == {StatementKind.DIRECT}
    assert "English" in extraction.notes[0]


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(language_model, "MODELS", ())
    language_model.load_model.cache_clear()
    yield
    language_model.load_model.cache_clear()


@pytest.mark.usefixtures("without_model")
def test_no_model_leaves_marked_quotations_and_a_note() -> None:
    extraction = extract(f"{STORY}\n\n“Nobody sails today,” Ada Brook said.", language="en")

    assert [statement.voice and statement.voice.name for statement in extraction.statements] == ["Ada Brook"]
    assert "dateline[nlp]" in extraction.notes[0]
    assert "no model" in extraction.extractor_version


def assert_sound(text: str, extraction: Extraction) -> None:
    statements = extraction.statements
    for i, statement in enumerate(statements):
        ends = [0]
        for span in statement.content:
            assert ends[-1] <= span.start < span.end <= len(text)
            ends.append(span.end)
        spans = [statement.mention, statement.cue, *(hop.cue for hop in statement.chain)]
        assert all(0 <= span.start < span.end <= len(text) for span in spans if span)
        voices = [statement.voice, *(hop.voice for hop in statement.chain)]
        assert all(voice.name.strip() for voice in voices if voice)
        assert statement.parent is None or 0 <= statement.parent < len(statements) != i
        assert statement.said is None or parse_edtf(statement.said)
    pieces = [span for statement in statements for span in statement.content]
    lines = extraction.furniture
    assert not [span for span in pieces for line in lines if span.start < line.end and line.start < span.end]


PIECES = st.sampled_from(
    ["“", "”", '"', "'", "(", "[x](", ")", ":", "\n", "\n\n", "# ", "- ", ", ", ". ", " said ", "He", "they", "Ada",
     "the treaty", "President ", "TASS", "told ", "yesterday", "June 31", "in 0000", "Article 4 of ", "\ud800", "\x00",
     "according to ", "By Ada Brook\n", "More from X\n", "—", "\u2028", "\r\n", "é", "🦀", "’s ", "A. ", "told:\n\n"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@for_all(text=st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join)), published=st.sampled_from([
    None, "2021-03-03", "0001-01-01", "9999-12-31", "2021~", "no date"]))  # fmt: skip
@example(text="\"\n on Monday according to “ :\nMr as follows\n” Jane Doe [ ( ]\n# Dr. .\n' he— .", published=None)
def test_any_text_is_extracted_without_an_error(text: str, published: str | None) -> None:
    assert_sound(text, extract(text, published=published))


HOSTILE = ["\n", '"', "“", "(", "[", "A. ", "a", "By A. ", "he said, ", "x:\n\n", "Related\n", "June 1 ", "’", "Kim "]
HOSTILE.extend(["# a\n", "the treaty says ", "“A B,” C D said. ", "he said:\n\nwe go on and on\n\n"])


def measure_seconds(text: str) -> float:
    gc.disable()
    try:
        start = time.process_time()
        extract(text, language="en", published="2021-03-03")
        return time.process_time() - start
    finally:
        gc.enable()


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.usefixtures("without_model")  # the model parses at most a bounded stretch of any text
def test_twice_the_text_takes_about_twice_the_time(unit: str) -> None:
    once, twice = (min(measure_seconds(unit * (size // len(unit))) for _ in range(2)) for size in (12_000, 24_000))

    assert twice <= max(2.5 * once, 0.25)  # seconds; quadratic time takes several
