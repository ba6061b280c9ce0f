"""How well articles are grouped into events, on BASIL: 100 events of US politics, each as three outlets told it.

``make bench-grouping BASIL=DIR``: the folder holds ``articles/<year>/<event>_<number>.json``, as that corpus has it.
docs/analysis.md says what the rows mean.
"""

import datetime as dt
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from app.analysis import grouping
from app.analysis.grouping import DOUBTFUL, SURE
from tests.benchmarks.online import Article, Finder, bcubed, by_title, by_words, grouped

CORPUS = os.environ.get("BASIL")

_HEAD = 600  # code points of a text, as in a store
_MARKED = re.compile(r"[\"“]([^\"“”]*)[\"”]")

pytestmark = pytest.mark.skipif(not CORPUS, reason="BASIL names no corpus")


def test_articles_of_a_corpus() -> None:
    articles = read(Path(CORPUS or ""))
    undated = [article._replace(day=dt.date.min) for article in articles]
    rows: Mapping[str, tuple[Sequence[Article], Finder]] = {
        f"joined (from {SURE})": (articles, by_words(SURE)),
        f"joined or proposed (from {DOUBTFUL})": (articles, by_words(DOUBTFUL)),
        "joined, without a window": (undated, by_words(SURE)),
        "joined or proposed, without a window": (undated, by_words(DOUBTFUL)),
        "titles of one day alike": (articles, by_title),
    }
    print(f"\n{len(articles)} articles of {len({each.event for each in articles})} events; precision/recall/F1")
    for name, (given, find) in rows.items():
        begun = time.process_time()
        score = bcubed(grouped(given, find))
        took = 1000 * (time.process_time() - begun) / len(given)
        print(f"{name:38s} {score.row()}   {took:.1f} ms an article")


def read(folder: Path) -> list[Article]:
    paths = sorted(folder.glob("articles/*/*.json"))
    assert paths, f"{folder} holds no articles/<year>/*.json"
    return [_article(json.loads(path.read_text())) for path in paths]


def _article(told: Mapping[str, str | list[list[str]]]) -> Article:
    body = told["body-paragraphs"]
    assert isinstance(body, list)
    text = " ".join(sentence for paragraph in body for sentence in paragraph)
    day = dt.date.fromisoformat(str(told["date"]))
    return Article(
        str(told["triplet-uuid"]), day, str(told["title"]), text[:_HEAD], grouping.list_shingles(_MARKED.findall(text))
    )
