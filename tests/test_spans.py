import re
import sqlite3
import time
import unicodedata

import pytest
from hypothesis import assume, example
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.spans import (
    SLUG,
    SLUG_LENGTH,
    Span,
    Text,
    check_span,
    check_text,
    escape_like,
    find_span,
    is_slug,
    make_match_key,
    slugify,
)
from tests.properties import for_all

storable = TypeAdapter[str](Text)
repetitive = st.text("ab", max_size=30)


def find_places_naively(text: str, needle: str) -> list[int]:
    return [start for start in range(len(text)) if text.startswith(needle, start)]


@pytest.mark.parametrize(
    ("text", "exact", "start"),
    [
        ("🇰🇵 “We agree” 🤝", "We agree", 4),
        ("👩🏽‍🚀 said: yes", "yes", 11),
        ("cafe\u0301 noir", "\u0301 noir", 4),
        ("قال بوتين: نعم", "نعم", 11),
        ("Путин заявил", "заявил", 6),
    ],
)
def test_offsets_are_code_points(text: str, exact: str, start: int) -> None:
    assert find_span(text, exact) == Span(start, start + len(exact))
    check_span(text, start, start + len(exact), exact)


@for_all(st.text(min_size=1) | repetitive, st.data())
def test_find_span_returns_the_span_of_an_excerpt(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), min_size=4, max_size=4).map(sorted))
    assume(cuts[1] < cuts[2])
    prefix, exact, suffix = (text[cuts[i] : cuts[i + 1]] for i in range(3))
    places = find_places_naively(text, prefix + exact + suffix)
    if len(places) == 1:
        assert find_span(text, exact, prefix=prefix, suffix=suffix) == Span(cuts[1], cuts[2])
        return
    with pytest.raises(ValueError, match=f"stands at {len(places)} places; give start, or a prefix or suffix"):
        find_span(text, exact, prefix=prefix, suffix=suffix)


@for_all(repetitive, st.text("ab", min_size=1, max_size=4))
@example("aaaa", "aa")
@example("abababa", "aba")
def test_find_span_counts_overlapping_places(text: str, exact: str) -> None:
    places = find_places_naively(text, exact)
    if len(places) == 1:
        assert find_span(text, exact) == Span(places[0], places[0] + len(exact))
        return
    with pytest.raises(ValueError, match=f"stands at {len(places)} places" if places else "does not stand in the text"):
        find_span(text, exact)


def test_context_selects_one_of_several_places() -> None:
    text = "“No,” said Lavrov. “No,” said Blinken."
    assert find_span(text, "No", suffix=",” said Blinken") == Span(20, 22)
    assert find_span(text, "No", prefix="Lavrov. “") == Span(20, 22)
    with pytest.raises(ValueError, match="does not stand in the text with that prefix and suffix"):
        find_span(text, "No", prefix="Putin: ")


def test_context_may_reach_to_both_ends_of_the_text() -> None:
    assert find_span("abc", "b", prefix="a", suffix="c") == Span(1, 2)
    with pytest.raises(ValueError, match="the words to find are empty"):
        find_span("abc", "", prefix="a")


def test_find_span_takes_linear_time_in_the_worst_case() -> None:
    def measure(length: int) -> float:
        began = time.process_time()
        with pytest.raises(ValueError, match=f"stands at {length + 1} places"):
            find_span("a" * 2 * length, "a" * length)
        return time.process_time() - began

    ratio = min(measure(200_000) for _ in range(2)) / min(measure(20_000) for _ in range(3))
    assert ratio < 40  # a quadratic search would take 100 times longer


@for_all(st.text(max_size=20), st.integers(-3, 23), st.integers(-3, 23), st.text(max_size=3) | st.none())
def test_check_span_refuses_all_other_words(text: str, start: int, end: int, exact: str | None) -> None:
    is_span = 0 <= start < end <= len(text)
    if is_span and exact in (None, text[start:end]):
        check_span(text, start, end, exact)
        return
    with pytest.raises(ValueError, match=r"is not a span|is empty|the text reads"):
        check_span(text, start, end, exact)


@for_all(st.text(min_size=1), st.data())
def test_check_span_accepts_the_words_of_the_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    check_span(text, start, end, text[start:end])


def test_check_span_quotes_the_words_shortened() -> None:
    with pytest.raises(ValueError, match=r"^at 0\.\.3 the text reads 'Они', not 'они'$"):
        check_span("Они сказали", 0, 3, "они")
    with pytest.raises(ValueError, match="the text reads '" + "a" * 39 + "…', not 'b'"):
        check_span("a" * 5000, 0, 5000, "b")


def test_message_with_a_surrogate_can_be_encoded() -> None:
    with pytest.raises(ValueError, match="does not stand") as raised:
        find_span("abc", "\ud800")
    assert str(raised.value).encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("  Kim\u00a0Jong\n\tUn ", "kim jong un"),
        ("STRASSE", "Straße"),
        ("ＴＡＳＳ", "tass"),
        ("cafe\u0301", "CAFÉ"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ﬁnancial", "Financial"),
    ],
)
def test_equivalent_names_have_one_match_key(one: str, other: str) -> None:
    assert make_match_key(one) == make_match_key(other)


@for_all(st.text())
@example("\u1fb3\u0301")
@example("\u0345\u03b1")
@example("\u00a8")
def test_match_key_is_idempotent(text: str) -> None:
    key = make_match_key(text)
    assert make_match_key(key) == key
    assert unicodedata.is_normalized("NFKC", key)
    assert key == " ".join(key.split())


@for_all(st.text())
def test_check_text_returns_text_unchanged(text: str) -> None:
    if "\x00" in text:
        with pytest.raises(ValueError, match=rf"U\+0000 at offset {text.index(chr(0))}"):
            check_text(text)
    else:
        assert check_text(text) is text


@pytest.mark.parametrize(
    ("text", "message"), [("🤝\ud83d!", r"U\+D83D at offset 1"), ("ab\x00", r"U\+0000 at offset 2")]
)
def test_error_names_the_unstorable_character(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_text(text)
    with pytest.raises(ValidationError, match=message) as raised:
        storable.validate_python(text)
    assert raised.value.json(include_input=False)


@pytest.mark.parametrize("body", [r'"\ud83d!"', r'"\udc00\ud800"', r'"ab\u0000"', '"\ud800"'])
def test_unstorable_json_is_a_validation_error(body: str) -> None:
    with pytest.raises(ValidationError) as raised:
        storable.validate_json(body)
    assert raised.value.json(include_input=False)


def test_paired_surrogates_in_json_are_one_character() -> None:
    assert storable.validate_json(r'"\ud83e\udd1d"') == "🤝"


@for_all(st.text("a%_\\b") | st.text(), st.text("a%_\\b") | st.text())
@example("50%", "50x")
@example("a_b", "axb")
@example("\\", "\\\\")
def test_escaped_like_pattern_matches_only_its_text(text: str, other: str) -> None:
    assume("\x00" not in text + other)
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = on")
    query = "SELECT ? LIKE ? ESCAPE '\\'"
    pattern = escape_like(text)
    assert connection.execute(query, (text, pattern)).fetchone() == (1,)
    assert connection.execute(query, (other, pattern)).fetchone() == (int(text == other),)
    assert connection.execute(query, (f"x{text}y", f"%{pattern}%")).fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Vladimir Putin", "vladimir-putin"),
        ("  The New York Times  ", "the-new-york-times"),
        ("Süddeutsche Zeitung", "suddeutsche-zeitung"),
        ("Straße", "strasse"),
        ("O'Neil & Co.", "o-neil-co"),
        ("ＴＡＳＳ", "tass"),
        ("24.kg", "24-kg"),
        ("112", "n-112"),
        ("24/7", "n-24-7"),
        ("a" * 79 + " b", "a" * 79),
    ],
)
def test_name_gives_its_slug(name: str, slug: str) -> None:
    assert slugify(name) == slug


@pytest.mark.parametrize("name", ["朝鲜中央通讯社", "Россия 24", "…", ""])
def test_name_without_ascii_letters_gets_a_stable_hash(name: str) -> None:
    assert re.fullmatch("n-[0-9a-f]{8}", slugify(name))
    assert slugify(name) == slugify(f" {name.upper()}\n")
    assert slugify(name) != slugify(name + "я")


@for_all(st.text() | st.text("0123456789 -a"))
@example("1" * 80 + "a")
@example("1" * 78 + " 1")
def test_slugify_always_makes_a_slug(name: str) -> None:
    assert is_slug(slugify(name))


@for_all(st.from_regex(SLUG, fullmatch=True).filter(lambda text: len(text) <= SLUG_LENGTH))
def test_slugify_leaves_a_slug_unchanged(text: str) -> None:
    assume(re.search("[a-z]", text))
    assert is_slug(text)
    assert slugify(text) == text


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "a--b", "A", "a_b", "a b", "a\n", "é", "112", "٣", "a" * 81, "\ud800"]
)
def test_text_that_is_no_slug_is_rejected(text: str) -> None:
    assert not is_slug(text)
