"""Two printings of one thing side by side: nothing is lost, excerpts find their place, and what matters stands out."""

import datetime as dt
import time

import pytest
from hypothesis import example
from hypothesis import strategies as st

from app.analysis import wording
from app.analysis.first_published import PrintingDate, find_first
from app.analysis.wording import MOST_CHARS, MOST_WORDS, Wording
from app.core.vocab import WordEdit
from tests.properties import for_all

AGREEMENT = (
    "The comprehensive partnership agreement signed today provides, among other things, for mutual assistance in the "
    "event of aggression against one of the parties to this agreement."
)
TREATY = (
    "The comprehensive partnership treaty signed today provides, among other things, for mutual assistance in case of "
    "aggression against one of the parties to this treaty,"
)

# Words that occur again and again, with all that may stand around them.
word = st.sampled_from(
    [
        "the",
        "a",
        "of",
        "and",
        "treaty",
        "Treaty",
        "DPRK’s",
        "DPRK's",
        "1,000",
        "договор",
        "条约",
        "조약",
        "é",
        "e\u0301",
    ]
)
between = st.sampled_from([" ", "  ", ", ", ". ", " “", "” ", "-", "\n\n", "—", "", "\u200b", "€"])
texts = st.lists(st.tuples(word, between), max_size=25).map(lambda parts: "".join(map("".join, parts)))


def compare(base: str, other: str) -> Wording:
    alignment = wording.compare(base, other)
    assert alignment is not None
    return alignment


def marked(base: str, other: str) -> str:
    """Render the other text with its edits: [gone], {new}, with ~ for a trivial edit, and […cut]."""
    parts = []
    for edit in compare(base, other).edits:
        was, now = base[edit.base_start : edit.base_end], other[edit.start : edit.end]
        sign = "~" if edit.trivial else ""
        gone = f"[{'…' if edit.op is WordEdit.CUT else sign}{was}]" if was else ""
        parts.append(now if edit.op is WordEdit.EQUAL else gone + (f"{{{sign}{now}}}" if now else ""))
    return "".join(parts)


@for_all(texts | st.text(max_size=60), texts | st.text(max_size=60))
@example("", "")
@example("...", "")
@example("a b a b a", "b a b")
def test_edits_cover_both_texts(base: str, other: str) -> None:
    alignment = compare(base, other)

    assert "".join(base[edit.base_start : edit.base_end] for edit in alignment.edits) == base
    assert "".join(other[edit.start : edit.end] for edit in alignment.edits) == other
    assert 0 <= alignment.likeness <= 1


@for_all(texts, texts)
def test_each_edit_matches_its_operation(base: str, other: str) -> None:
    for edit in compare(base, other).edits:
        was, now = base[edit.base_start : edit.base_end], other[edit.start : edit.end]
        match edit.op:
            case WordEdit.EQUAL:
                assert was == now
            case WordEdit.REPLACE:
                assert "" not in (was, now)
                assert was != now
            case WordEdit.INSERT:
                assert (was, bool(now)) == ("", True)
            case WordEdit.DELETE | WordEdit.CUT:
                assert (bool(was), now) == (True, "")
        if edit.trivial:
            assert keys(was) == keys(now)


@for_all(texts, texts)
def test_only_the_ends_of_the_base_are_cut(base: str, other: str) -> None:
    edits = compare(base, other).edits

    assert not [edit for edit in edits[1:-1] if edit.op is WordEdit.CUT]


@for_all(texts)
def test_equal_texts_have_one_equal_edit(text: str) -> None:
    alignment = compare(text, text)

    assert alignment.likeness == 1
    assert [edit.op for edit in alignment.edits] == [WordEdit.EQUAL] * bool(text)


@for_all(texts, st.integers(0, 60), st.integers(1, 60))
def test_excerpt_is_aligned_with_its_place(text: str, start: int, size: int) -> None:
    """Whatever stands around it, and however often its words occur elsewhere."""
    words_of_text = wording.split_words(text) or []
    taken = words_of_text[start : start + size]
    if taken:
        excerpt = compare(text, text[taken[0].start : taken[-1].end])
        assert excerpt.likeness == 1
        assert {edit.op for edit in excerpt.edits if not edit.trivial} <= {WordEdit.EQUAL, WordEdit.CUT}


def keys(text: str) -> list[str]:
    return [word.key for word in wording.split_words(text) or []]


@pytest.mark.parametrize(
    ("base", "other", "expected"),
    [
        (
            AGREEMENT,
            TREATY,
            "The comprehensive partnership [agreement]{treaty} signed today provides, among other things, for mutual "
            "assistance in [the event]{case} of aggression against one of the parties to this "
            "[agreement]{treaty}[~.]{~,}",
        ),
        # What stands between words is no word.
        ("He said: “Yes.”", "he said Yes", "[~He]{~he} said[~: “]{~ }Yes[~.”]"),
        ("DPRK’s long-term aims", "DPRK's long term aims", "[~DPRK’s]{~DPRK's} long[~-]{~ }term aims"),
        ("It is, among others, for aid", "It is for aid", "It is[, among others,] for aid"),
        ("It is, among others, for aid", "It is; for aid", "It is{~;}[, among others,] for aid"),
        ("It provides for aid", "It provides for no aid", "It provides for {no }aid"),
        # Numbers and symbols are words.
        ("1,000 men", "1000 men", "[1,000]{1000} men"),
        ("up 2.5%", "up 2,5", "up [2.5%]{2,5}"),
        ("cost $5", "cost €5", "cost [$]{€}5"),
        # What is written without spaces is compared sign by sign.
        ("双方签署了条约", "双方签署了协议", "双方签署了[条约]{协议}"),
        ("Договор подписан сегодня", "Договор подписали сегодня", "Договор [подписан]{подписали} сегодня"),
        # An excerpt is found in its place, although its first word occurs before.
        ("the end of a war and the pact on aid", "the pact", "[…the end of a war and ]the pact[… on aid]"),
        # Words that agree by chance, far from all the rest.
        (
            "Whosoever among all of the parties that were attacked shall receive without any delay mutual assistance",
            "The pact: mutual assistance",
            "[…Whosoever among all of the parties that were attacked shall receive without ]"
            "[any delay]{The pact}{~:} mutual assistance",
        ),
        # Nothing in common.
        ("Yes.", "No!", "[Yes]{No}[~.]{~!}"),
    ],
)  # fmt: skip
def test_changed_words_are_edits(base: str, other: str, expected: str) -> None:
    assert marked(base, other) == expected


@pytest.mark.parametrize(
    ("other", "likeness"),
    [(AGREEMENT, 1), ("mutual assistance", 1), (AGREEMENT.upper(), 1), (TREATY, 0.863), ("Nothing", 0)],
)
def test_likeness_ignores_cut_words(other: str, likeness: float) -> None:
    assert compare(AGREEMENT, other).likeness == pytest.approx(likeness, abs=0.001)


def test_left_out_spans_are_offsets_of_the_base() -> None:
    alignment = compare(AGREEMENT, "agreement signed today provides for mutual assistance")

    assert [AGREEMENT[start:end] for start, end in alignment.left_out] == [
        "The comprehensive partnership ",
        ", among other things,",
        " in the event of aggression against one of the parties to this agreement.",
    ]


def test_too_long_text_is_not_compared() -> None:
    assert wording.compare("a " * (MOST_WORDS + 1), "a") is None
    assert wording.compare("a", "." * (MOST_CHARS + 1)) is None
    assert wording.compare("a " * MOST_WORDS, "a") is not None


@pytest.mark.parametrize(
    ("base", "other"),
    [
        ("a " * MOST_WORDS, "a " * (MOST_WORDS - 1)),
        ("a b " * (MOST_WORDS // 2), "b c a " * (MOST_WORDS // 3)),
        (" ".join(f"x{i}" for i in range(MOST_WORDS)), " ".join(f"x{i}" for i in reversed(range(MOST_WORDS)))),
        (" ".join(f"x{i} y y y y y y" for i in range(400)), " ".join(f"x{i} z z z z z z" for i in range(400))),
        ("." * MOST_CHARS, "!" * MOST_CHARS),
    ],
    ids=["one word", "few words", "reversed", "by chance", "signs"],
)
def test_hostile_text_is_aligned_in_limited_time(base: str, other: str) -> None:
    started = time.process_time()
    compare(base, other)

    assert time.process_time() - started < 4  # 0.1 s as measured; a collection of garbage may fall into it


def moment(hour: int) -> dt.datetime:
    return dt.datetime(2024, 6, 19, hour, tzinfo=dt.UTC)


DAY, NEXT = dt.date(2024, 6, 19), dt.date(2024, 6, 20)


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ([PrintingDate(1, NEXT, NEXT), PrintingDate(2, DAY, DAY)], [2]),
        ([PrintingDate(1, DAY, DAY), PrintingDate(2, DAY, DAY)], [1, 2]),
        ([PrintingDate(1, DAY, DAY, moment(9)), PrintingDate(2, DAY, DAY, moment(8))], [2]),
        # A day tells nothing of an hour in it.
        ([PrintingDate(1, DAY, DAY, moment(9)), PrintingDate(2, DAY, DAY), PrintingDate(3, NEXT, NEXT)], [1, 2]),
        # Some time in June may be the first day of it, or the last.
        ([PrintingDate(1, dt.date(2024, 6, 1), dt.date(2024, 6, 30)), PrintingDate(2, DAY, DAY)], [1, 2]),
        ([PrintingDate(1), PrintingDate(2, NEXT, NEXT)], [2]),
        ([PrintingDate(1), PrintingDate(2)], []),
        ([], []),
    ],
)
def test_first_printings_are_certainly_preceded_by_none(published: list[PrintingDate], expected: list[int]) -> None:
    assert find_first(published) == expected
