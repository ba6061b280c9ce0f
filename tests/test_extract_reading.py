"""What is read off a text around its attributions: the article in the page, excerpts, chains, dates and the event."""

import gc
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core.dates import parse_edtf
from app.core.spans import Span
from app.core.vocab import EventType, StatementKind
from app.extract.attribution import language_model
from app.extract.findings import ExtractedStatement, Extraction
from app.extract.pipeline import extract

STORY = (
    "The harbour of Northport stayed closed on Monday after the storm tore away its outer wall, and ships waited at "
    "sea.\n\nRepairs may take until the spring, engineers of the port authority found when they looked at the damage."
)


def furniture(text: str) -> list[str]:
    return [text[span.start : span.end] for span in extract(text, language="en").furniture]


def said(reading: Extraction, text: str, words: str) -> ExtractedStatement:
    found = [each for each in reading.statements if text[each.content[0].start :].startswith(words)]
    assert found, f"nobody says {words!r}"
    return found[0]


def words(text: str, span: Span | None) -> str | None:
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
def test_a_line_of_the_page_is_told_from_the_article(line: str) -> None:
    before, after = STORY.split("\n\n")

    assert furniture(f"{before}\n\n{line}\n\n{after}") == [line.removesuffix("\n")]


@pytest.mark.parametrize(
    "tail",
    [
        "More from The Post\n\nMayor dances at the fair\n\nTen best soups",
        "Related articles\nMayor dances at the fair",
        "## Subscribe to The Post\n\nThe best stories, every morning, in your mail.\n\n### What you get\n\n- 12 issues",
        "Mayor dances at the fair tonight\n\nMarch 3, 2021\n\nMayor dances at the fair tonight",
    ],
)
def test_what_follows_the_article_is_no_part_of_it(tail: str) -> None:
    text = f"{STORY}\n\n{tail}"

    assert furniture(text)
    assert all(span.start >= len(STORY) for span in extract(text, language="en").furniture)
    assert sum(map(len, furniture(text))) >= 0.8 * len("".join(tail.split("\n")))


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
def test_in_doubt_a_line_belongs_to_the_article(line: str) -> None:
    before, after = STORY.split("\n\n")

    assert furniture(f"{before}\n\n{line}\n\n{after}") == []


@pytest.mark.parametrize(
    ("top", "headline"),
    [
        ("# Harbour closed after storm", "Harbour closed after storm"),
        ("news\n\nHarbour closed after storm\nSource: The Post", "Harbour closed after storm"),
        ("Harbour closed after storm", "Harbour closed after storm"),
    ],
)
def test_the_headline_and_the_lede_are_found(top: str, headline: str) -> None:
    text = f"{top}\n\n{STORY}"

    found = extract(text, language="en")

    assert words(text, found.title) == headline
    assert words(text, found.lede) == STORY.split("\n\n")[0]


def test_lines_broken_at_one_length_are_one_paragraph() -> None:
    lines = [
        "“We have seen the wall fall into the sea, and we have no other",
        "wall to stand behind when the next storm",
    ]
    text = "\n".join([*lines, "comes for us,” the mayor Ada Brook said.", "", *["word " * 13] * 8])

    [finding] = extract(text, language="en").statements[:1]

    assert "".join(text[span.start : span.end] for span in finding.content).startswith("We have seen")
    assert "storm\ncomes" in "".join(text[span.start : span.end] for span in finding.content)


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
def test_a_colon_after_a_verb_of_saying_makes_the_next_paragraph_an_excerpt(
    lead: str, name: str, cue: str, between: str, marks: str
) -> None:
    text = f"{STORY}\n\n{lead}\n\n{between}{marks.format(WORDS)}\n\nThe crews work on."

    finding = said(extract(text, language="en"), text, "We have no wall")

    assert [words(text, span) for span in finding.content] == [WORDS]
    assert finding.voice is not None
    assert (finding.kind, finding.voice.name, words(text, finding.cue)) == (StatementKind.DIRECT, name, cue)


@pytest.mark.parametrize(
    "lead", ["The crews need three things:", "There were several reasons for that:", "The plan, in short:"]
)
def test_a_colon_alone_makes_no_excerpt(lead: str) -> None:
    text = f"{STORY}\n\n{lead}\n\nNew stones from the quarry, a crane that floats, and a dry summer without storms."

    assert not [each for each in extract(text, language="en").statements if each.rule == "excerpt"]


def test_words_in_the_first_person_that_end_with_who_said_them_need_no_marks() -> None:
    text = f"Ada Brook stood at the pier.\n\n{WORDS.removesuffix('.')}, she said in her speech.\n\nThe crews work on."

    finding = said(extract(text, language="en"), text, "We have no wall")

    assert finding.voice is not None
    assert (finding.voice.name, finding.kind) == ("Ada Brook", StatementKind.DIRECT)


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
def test_a_chain_names_who_passed_the_words_on(text: str, start: str, chain: list[str]) -> None:
    text = f"{STORY}\n\n{text}"

    finding = said(extract(text, language="en"), text, start)

    assert [hop.voice.name for hop in finding.chain] == chain
    assert all(hop.cue for hop in finding.chain)


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
def test_the_date_of_saying_is_read_against_the_day_of_writing(text: str, day: str | None) -> None:
    found = extract(f"{STORY}\n\n{text}", published="2021-03-03", language="en")  # a Wednesday

    assert found.statements
    assert found.statements[-1].said == day


@pytest.mark.parametrize(
    ("text", "dated"),
    [
        ("NORTHPORT, March 2 — The harbour stayed closed after the storm tore away its wall.", "2021-03-02"),
        (f"Written by Ada Brook on March 2, 2021\n\n{STORY}", "2021-03-02"),
        (STORY, None),
    ],
)
def test_a_dateline_or_a_byline_dates_the_text(text: str, dated: str | None) -> None:
    assert extract(text, published="2021-03-05", language="en").date_written == dated


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
def test_an_event_is_proposed_from_the_lede(
    lede: str, kind: EventType, date: str, place: str | None, country: str | None
) -> None:
    proposal = extract(f"{lede}\n\n{STORY}", published="2021-03-03", language="en").proposed_event

    assert proposal is not None
    assert (proposal.type, proposal.date, proposal.place, proposal.country) == (kind, date, place, country)
    assert 0 < len(proposal.title) <= 200
    assert proposal.passage is not None


def test_no_event_is_proposed_without_a_date() -> None:
    assert extract(STORY.replace("on Monday ", ""), language="en").proposed_event is None


def test_another_language_gives_direct_quotations_and_says_so() -> None:
    text = (
        "Der Hafen bleibt zu. „Wir haben keine Mauer mehr und das Meer steht vor der Tür“, sagte die Bürgermeisterin."
    )

    found = extract(text, language="de")

    assert all(finding.kind is StatementKind.DIRECT for finding in found.statements)
    assert found.statements
    assert "English" in found.notes[0]


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(language_model, "MODELS", ())
    language_model.load_model.cache_clear()
    yield
    language_model.load_model.cache_clear()


@pytest.mark.usefixtures("without_model")
def test_without_a_model_quotations_in_marks_are_read_and_the_report_says_so() -> None:
    found = extract(f"{STORY}\n\n“Nobody sails today,” Ada Brook said.", language="en")

    assert [finding.voice and finding.voice.name for finding in found.statements] == ["Ada Brook"]
    assert "dateline[nlp]" in found.notes[0]
    assert "no model" in found.extractor_version


def assert_sound(text: str, found: Extraction) -> None:
    for i, finding in enumerate(found.statements):
        ends = [0]
        for span in finding.content:
            assert ends[-1] <= span.start < span.end <= len(text)
            ends.append(span.end)
        spans = [finding.mention, finding.cue, *(hop.cue for hop in finding.chain)]
        assert all(0 <= span.start < span.end <= len(text) for span in spans if span)
        voices = [finding.voice, *(hop.voice for hop in finding.chain)]
        assert all(voice.name.strip() for voice in voices if voice)
        assert finding.parent is None or 0 <= finding.parent < len(found.statements) != i
        assert finding.said is None or parse_edtf(finding.said)
    pieces = [span for finding in found.statements for span in finding.content]
    assert not [span for span in pieces for line in found.furniture if span.start < line.end and line.start < span.end]


PIECES = st.sampled_from(
    ["“", "”", '"', "'", "(", "[x](", ")", ":", "\n", "\n\n", "# ", "- ", ", ", ". ", " said ", "He", "they", "Ada",
     "the treaty", "President ", "TASS", "told ", "yesterday", "June 31", "in 0000", "Article 4 of ", "\ud800", "\x00",
     "according to ", "By Ada Brook\n", "More from X\n", "—", "\u2028", "\r\n", "é", "🦀", "’s ", "A. ", "told:\n\n"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(text=st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join)), published=st.sampled_from([
    None, "2021-03-03", "0001-01-01", "9999-12-31", "2021~", "no date"]))  # fmt: skip
@example(text="\"\n on Monday according to “ :\nMr as follows\n” Jane Doe [ ( ]\n# Dr. .\n' he— .", published=None)
def test_any_text_is_read_without_an_error(text: str, published: str | None) -> None:
    assert_sound(text, extract(text, published=published))


HOSTILE = ["\n", '"', "“", "(", "[", "A. ", "a", "By A. ", "he said, ", "x:\n\n", "Related\n", "June 1 ", "’", "Kim "]
HOSTILE.extend(["# a\n", "the treaty says ", "“A B,” C D said. ", "he said:\n\nwe go on and on\n\n"])


def seconds(text: str) -> float:
    gc.disable()
    try:
        start = time.process_time()
        extract(text, language="en", published="2021-03-03")
        return time.process_time() - start
    finally:
        gc.enable()


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.usefixtures("without_model")  # which is given no more than a bounded stretch of any text
def test_twice_the_text_takes_little_more_than_twice_the_time(unit: str) -> None:
    once, twice = (min(seconds(unit * (size // len(unit))) for _ in range(2)) for size in (12_000, 24_000))

    assert twice <= max(2.5 * once, 0.25)  # seconds; what is quadratic takes several
