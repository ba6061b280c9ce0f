"""The accuracy of grouping articles into events, on BASIL: 100 events of US politics, reported by three outlets each.

``make bench-grouping BASIL=DIR``: the folder contains ``articles/<year>/<event>_<number>.json``, as that corpus does.
docs/analysis.md explains the rows.
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
from tests.benchmarks.online import Article, Finder, build_word_finder, compute_bcubed, find_by_title, group_articles

CORPUS = os.environ.get("BASIL")

_HEAD = 600  # code points of a text, as in a store
_MARKED = re.compile(r"[\"“]([^\"“”]*)[\"”]")

pytestmark = pytest.mark.skipif(not CORPUS, reason="no corpus: BASIL is not set")


def test_articles_of_a_corpus() -> None:
    articles = read_corpus(Path(CORPUS or ""))
    undated = [article._replace(day=dt.date.min) for article in articles]
    rows: Mapping[str, tuple[Sequence[Article], Finder]] = {
        f"joined (from {SURE})": (articles, build_word_finder(SURE)),
        f"joined or proposed (from {DOUBTFUL})": (articles, build_word_finder(DOUBTFUL)),
        "joined, without a window": (undated, build_word_finder(SURE)),
        "joined or proposed, without a window": (undated, build_word_finder(DOUBTFUL)),
        "titles of one day alike": (articles, find_by_title),
    }
    print(f"\n{len(articles)} articles of {len({article.event for article in articles})} events; precision/recall/F1")
    for name, (ordered, find) in rows.items():
        started = time.process_time()
        score = compute_bcubed(group_articles(ordered, find))
        milliseconds = 1000 * (time.process_time() - started) / len(ordered)
        print(f"{name:38s} {score.row()}   {milliseconds:.1f} ms an article")


def read_corpus(folder: Path) -> list[Article]:
    paths = sorted(folder.glob("articles/*/*.json"))
    assert paths, f"{folder} contains no articles/<year>/*.json"
    return [_build_article(json.loads(path.read_text())) for path in paths]


def _build_article(record: Mapping[str, str | list[list[str]]]) -> Article:
    body = record["body-paragraphs"]
    assert isinstance(body, list)
    text = " ".join(sentence for paragraph in body for sentence in paragraph)
    day = dt.date.fromisoformat(str(record["date"]))
    return Article(
        str(record["triplet-uuid"]),
        day,
        str(record["title"]),
        text[:_HEAD],
        grouping.list_shingles(_MARKED.findall(text)),
    )
