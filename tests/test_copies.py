"""Test finding near-duplicates of a text and the agencies that texts credit."""

import os
import random
import subprocess
import sys
import time
from itertools import combinations

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from app.analysis.copies import build_sketch, compare_sketches, find_copies
from app.analysis.credits import find_credit
from tests import wire
from tests.properties import for_all

WORDS = st.lists(st.text("abcdefghij", min_size=2, max_size=9), min_size=80, max_size=400, unique=True)
SEEDS = st.integers(0, 2**32)


def alike(one: str, other: str) -> float:
    return compare_sketches(build_sketch(one), build_sketch(other))


def are_copies(one: str, other: str) -> bool:
    return bool(find_copies({1: build_sketch(one), 2: build_sketch(other)}))


@for_all(words=WORDS, seed=SEEDS)
def test_text_with_few_changed_words_is_a_copy(words: list[str], seed: int) -> None:
    draw = random.Random(seed)
    edited = [f"{word}x" if draw.random() < 0.05 else word for word in words]

    assert are_copies(" ".join(words), " ".join(edited))


@for_all(words=WORDS, share=st.floats(0.4, 1), added=st.integers(0, 60))
def test_cut_text_after_own_words_is_a_copy(words: list[str], share: float, added: int) -> None:
    cut = [f"local{place}" for place in range(added)][: len(words) // 3] + words[: int(len(words) * share)]

    assert are_copies(" ".join(words), " ".join(cut))


QUOTATION = f"“{' '.join(wire.AGENCY.replace('“', '').replace('”', '').split())}”"


@for_all(words=WORDS)
@settings(max_examples=5)
def test_shared_quotations_make_no_copies(words: list[str]) -> None:
    middle = len(words) // 2

    assert alike(f"{' '.join(words[:middle])} {QUOTATION}", f"{QUOTATION} {' '.join(words[middle:])}") == 0


@for_all(one=st.text(max_size=300), other=st.text(max_size=300))
def test_similarity_is_a_symmetric_share(one: str, other: str) -> None:
    assert 0 <= alike(one, other) == alike(other, one) <= 1
    assert alike(one, one) == (1 if build_sketch(one) else 0)


def test_independent_reports_of_one_event_are_no_copies() -> None:
    texts = [wire.AGENCY, *wire.OWN_REPORTS]

    assert max(alike(one, other) for one, other in combinations(texts, 2)) < 0.1
    assert min(alike(wire.AGENCY, edit) for edit in wire.EDITS) > 0.6


def test_copy_points_to_the_most_similar_original() -> None:
    texts = {5: wire.OWN_REPORTS[0], 3: wire.AGENCY, 9: wire.EDITS[3], 1: wire.EDITS[5], 2: wire.OWN_REPORTS[1]}
    near_copies = find_copies({ident: build_sketch(text) for ident, text in texts.items()})

    assert {ident: copy.original_id for ident, copy in near_copies.items()} == {9: 3, 1: 3}


@pytest.mark.parametrize("text", ["", "A ship struck a bridge.", f"He said: {QUOTATION}"])
def test_text_with_few_own_words_has_no_sketch(text: str) -> None:
    assert build_sketch(text) == b""


def test_copies_in_scripts_without_spaces_are_found() -> None:
    text = "货轮今天凌晨撞上了港口的大桥，两根钢缆断裂，通往内地的主要道路被切断，港务局说没有人受伤。" * 2

    assert are_copies(text, "新闻：" + text[:60])


def test_sketch_is_equal_in_every_process() -> None:
    code = "import sys; from app.analysis.copies import build_sketch; print(build_sketch(sys.stdin.read()).hex())"
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            input=wire.AGENCY,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]

    assert said == [build_sketch(wire.AGENCY).hex()] * 2


def test_two_hundred_documents_take_half_a_second() -> None:
    draw = random.Random(1)
    words = wire.AGENCY.split()
    texts = [" ".join(draw.choice(words) if draw.random() < 0.05 else word for word in words) for _ in range(100)]
    texts += [" ".join(f"{word}{number}" for word in words) for number in range(100)]
    sketches = {place: build_sketch(text) for place, text in enumerate(texts)}
    began = time.process_time()

    assert len(find_copies(sketches)) == 99
    assert time.process_time() - began < 0.5


# Credits

CREDITED = {
    "PYONGYANG, June 19 (Reuters) - Russia's president arrived.": "Reuters",
    "Headline\n\nSEOUL (AP) — Russia's president arrived.": "Associated Press",
    "SEOUL, South Korea (AP) Russia's president arrived.": "Associated Press",
    "KYIV, June 19 (Xinhua) -- Ukrainian forces withdrew.": "Xinhua News Agency",
    "MOSCOW, June 19. /TASS/. The talks lasted two hours.": "TASS",
    "МОСКВА, 19 июня — РИА Новости. Переговоры продолжались два часа.": "RIA Novosti",
    "Moskau (dpa) - Der Präsident ist gelandet.": "Deutsche Presse-Agentur",
    "Putin lands in Pyongyang\nBy Jim Heintz, Associated Press\nThe plane …": "Associated Press",
    "The plane landed.\nSource: AFP\n": "Agence France-Presse",
    "The plane landed.\n© 2024 Kyodo": "Kyodo News",
    "The plane landed. Copyright 2024 The Associated Press. All rights reserved.": "Associated Press",
    "The plane landed.\n(Reporting by A. Writer; Editing by B. Reader)": "Reuters",
    "The plane landed, an official said on Thursday. (PTI)\n": "Press Trust of India",
    "The plane landed. — Bernama": "Bernama",
}
NOT_CREDITED = [
    "AP Images  \nVladimir Putin and Kim Jong-Un",
    "Gavriil Grigorov / Sputnik / AFP / Scanpix / LETA",
    "Gavriil Grigorov/Sputnik/AFP/Scanpix",
    "Source: Meduza\nThe plane landed.",
    "They met in Pyongyang. (AP Photo/A. Writer)",
    "Photo: Reuters",
    "File picture (AFP) - the plane",
    "© AFP",
    "The Associated Press (AP) reported that the plane landed.",
    "The AP said so (Reuters did not) - and left it there.",
    "",
]


@pytest.mark.parametrize("text", CREDITED)
def test_credit_has_agency_and_span(text: str) -> None:
    credit = find_credit(text, "Jo Hay")

    assert credit is not None
    assert credit.agency.name == CREDITED[text]
    assert credit.span is not None
    named = text[credit.span.start : credit.span.end]
    assert named in credit.agency.names or named.startswith("Reporting by")


@pytest.mark.parametrize("text", NOT_CREDITED)
def test_mentions_and_picture_credits_are_no_credits(text: str) -> None:
    assert find_credit(text, None) is None


@pytest.mark.parametrize(
    ("byline", "agency"),
    [
        ("Jo Hay, Associated Press", "Associated Press"),
        ("By The Associated Press", "Associated Press"),
        ("Reuters Staff", "Reuters"),
        ("AFP", "Agence France-Presse"),
        ("Jo Hay | AP", "Associated Press"),
        ("Jo Antara", None),
        ("Petra Hay", None),
        ("Photo by Jo Hay/AP", None),
        (None, None),
    ],
)
def test_byline_credits_an_agency(byline: str | None, agency: str | None) -> None:
    credit = find_credit("The plane landed.", byline)

    assert (credit and credit.agency.name) == agency
    assert credit is None or credit.span is None


HOSTILE = [
    "(AP",
    "/TASS",
    "By AP,",
    "Reporting by ",
    "© 2024 ",
    "A (A ",
    "\n(",
    "“a ",
    '"',
    " ",
    "\n",
    "— AP",
    "aaa, 19 b",
]


@for_all(piece=st.sampled_from(HOSTILE) | st.text(max_size=8))
@settings(max_examples=20)
def test_hostile_text_takes_limited_time(piece: str) -> None:
    text = (piece or " ") * (50_000 // len(piece or " "))
    began = time.process_time()
    find_credit(text, piece)
    build_sketch(text)

    assert time.process_time() - began < 4
