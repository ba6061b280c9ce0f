"""Group articles into events one after the other, as a store does, and score the groups by BCubed (Amigó et al. 2009).

Precision is the share of an article's group that reports its event, recall the share of its event that is in its group,
both as means over all articles.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rapidfuzz import fuzz

from app.analysis import grouping
from app.analysis.grouping import WINDOW, Account, Story
from app.core.spans import make_match_key

_MAX_ACCOUNTS = 8  # accounts of an event with which an article is compared, as in a store


class Article(NamedTuple):
    """An article, and the event that it reports."""

    event: str
    day: dt.date
    title: str
    text: str = ""
    quotations: frozenset[str] = frozenset()


@dataclass
class Group:
    """Articles that were grouped into one event; the first created it."""

    articles: list[Article] = field(default_factory=list)

    @property
    def first(self) -> Article:
        return self.articles[0]

    def build_story(self) -> Story:
        accounts = [Account(article.title, article.text) for article in self.articles[:_MAX_ACCOUNTS]]
        quotations = frozenset[str]().union(*(article.quotations for article in self.articles))
        return Story(accounts, self.first.day, self.first.day, quotations=quotations)


Finder = Callable[[Article, Sequence[Group]], Group | None]
"""Returns the group to which an article belongs, or None."""


class Score(NamedTuple):
    """Precision and recall from 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)

    def row(self) -> str:
        return f"{100 * self.precision:.1f}/{100 * self.recall:.1f}/{100 * self.f1:.1f}"


def group_articles(articles: Sequence[Article], find: Finder) -> list[Group]:
    groups: list[Group] = []
    for article in sorted(articles, key=lambda article: article.day):
        group = find(article, groups)
        if group is None:
            group = Group()
            groups.append(group)
        group.articles.append(article)
    return groups


def build_word_finder(least: float) -> Finder:
    """Return a finder that compares words as a store does, and joins articles from this score on."""

    def find_by_words(article: Article, groups: Sequence[Group]) -> Group | None:
        near = [group for group in groups if abs(article.day - group.first.day) <= WINDOW]
        ranked = grouping.rank(Group([article]).build_story(), [group.build_story() for group in near])
        return near[ranked[0].place] if ranked and ranked[0].score >= least else None

    return find_by_words


def find_by_title(article: Article, groups: Sequence[Group]) -> Group | None:
    """Find a group by the titles of the same day, the day before and the day after (RapidFuzz's token_set_ratio)."""
    key = make_match_key(article.title)
    near = [group for group in groups if abs(article.day - group.first.day).days <= 1]
    scores = [(fuzz.token_set_ratio(key, make_match_key(group.first.title)), group) for group in near]
    score, best = max(scores, key=lambda pair: pair[0], default=(0.0, None))
    return best if score >= 88 else None


def compute_bcubed(groups: Sequence[Group]) -> Score:
    articles = [(article.event, group) for group in groups for article in group.articles]
    sizes: dict[str, int] = {}
    for event, _ in articles:
        sizes[event] = sizes.get(event, 0) + 1
    shared = [(event, group, sum(article.event == event for article in group.articles)) for event, group in articles]
    precision = sum(count / len(group.articles) for _, group, count in shared) / len(articles)
    recall = sum(count / sizes[event] for event, _, count in shared) / len(articles)
    return Score(precision, recall)
