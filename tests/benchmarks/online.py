"""Articles grouped into events one after the other, as a store does it, and how well: BCubed (Amigó et al. 2009).

Precision is the share of an article's group that tells of its event, recall the share of its event that is in its
group, each the mean over all articles.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rapidfuzz import fuzz

from app.analysis import grouping
from app.analysis.grouping import WINDOW, Account, Story
from app.core.spans import make_match_key

_ACCOUNTS = 8  # of an event with which an article is compared, as in a store


class Article(NamedTuple):
    """What an article tells, when, and of which event."""

    event: str
    day: dt.date
    title: str
    text: str = ""
    quotations: frozenset[str] = frozenset()


@dataclass
class Group:
    """The articles that were taken for one event's; the first makes the event."""

    articles: list[Article] = field(default_factory=list)

    @property
    def first(self) -> Article:
        return self.articles[0]

    def story(self) -> Story:
        accounts = [Account(each.title, each.text) for each in self.articles[:_ACCOUNTS]]
        quotations = frozenset[str]().union(*(each.quotations for each in self.articles))
        return Story(accounts, self.first.day, self.first.day, quotations=quotations)


Finder = Callable[[Article, Sequence[Group]], Group | None]
"""Which of the groups that there are an article belongs to."""


class Score(NamedTuple):
    """BCubed, from 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)

    def row(self) -> str:
        return f"{100 * self.precision:.1f}/{100 * self.recall:.1f}/{100 * self.f1:.1f}"


def grouped(articles: Sequence[Article], find: Finder) -> list[Group]:
    groups: list[Group] = []
    for article in sorted(articles, key=lambda each: each.day):
        group = find(article, groups)
        if group is None:
            group = Group()
            groups.append(group)
        group.articles.append(article)
    return groups


def by_words(least: float) -> Finder:
    """By the rule of the store, joining from so high a score on."""

    def find(article: Article, groups: Sequence[Group]) -> Group | None:
        near = [group for group in groups if abs(article.day - group.first.day) <= WINDOW]
        found = grouping.rank(Group([article]).story(), [group.story() for group in near])
        return near[found[0].place] if found and found[0].score >= least else None

    return find


def by_title(article: Article, groups: Sequence[Group]) -> Group | None:
    """By the titles of the same day, the day before and the day after alone (RapidFuzz's token_set_ratio)."""
    key, near = (
        make_match_key(article.title),
        [group for group in groups if abs(article.day - group.first.day).days <= 1],
    )
    alike = [(fuzz.token_set_ratio(key, make_match_key(group.first.title)), group) for group in near]
    score, best = max(alike, key=lambda each: each[0], default=(0.0, None))
    return best if score >= 88 else None


def bcubed(groups: Sequence[Group]) -> Score:
    articles = [(article.event, group) for group in groups for article in group.articles]
    sizes: dict[str, int] = {}
    for event, _ in articles:
        sizes[event] = sizes.get(event, 0) + 1
    together = [(event, group, sum(each.event == event for each in group.articles)) for event, group in articles]
    precision = sum(same / len(group.articles) for _, group, same in together) / len(articles)
    recall = sum(same / sizes[event] for event, _, same in together) / len(articles)
    return Score(precision, recall)
