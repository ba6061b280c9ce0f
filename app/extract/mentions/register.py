"""Who and what a text names: people under all forms of their names, organizations with their acronyms, documents."""

import bisect
import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.mentions import names, nouns
from app.extract.mentions.names import Name, Sort

if TYPE_CHECKING:
    from spacy.tokens import Doc

_BEFORE = re.compile(r"(?:[\w.’'-]{1,30}[ \u00a0]){1,6}$")
_APART = re.compile(
    r"\b(?:[Tt]he|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir)[ \u00a0]((?:[\w’'-]{1,30}[ \u00a0]){0,4}[\w’'-]{1,30}),[ \u00a0]$"
)
_APPOSITION = re.compile(
    r"\s?,\s(?:(?:the|a|an|who (?:is|was)(?: (?:the|a|an))?)\s)?((?:[^,.;:()\n“”\"]|(?<=[ .][A-Z])\.(?=[ A-Z])){3,100})"
)
_ACT = re.compile(r"[a-z]+ing (?:the|an?|his|her|their|its|that|he|she|it|they)\b")
_DEFINED = re.compile(r"\s?\(([A-Z][A-Z&.-]{1,9})\)")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_CLAUSE = nouns.words("who which that when where but while was is has had said says and")
_HOLDERS = 200  # people with a title who are looked through for "the president"
_INTRODUCED = 3  # times a form stands in a text until its title has been told, if at all
_FORMS = 40  # of one name that are kept
_SAME_NAME = 50  # people of one surname who are told apart; a text with more is no article


@dataclass(eq=False, slots=True)
class Entity:
    """Somebody or something that a text names."""

    kind: SpeakerKind
    key: tuple[str, ...]  # the parts of the fullest name
    forms: Counter[str] = field(default_factory=Counter)
    titles: list[str] = field(default_factory=list)
    gender: str = ""  # m, f, or unknown

    @property
    def name(self) -> str:
        """The form that tells most: of several parts rather than one, then the one that is most usual."""
        if self.kind is SpeakerKind.ORGANIZATION:
            return max(self.forms, key=lambda form: (not names.is_acronym(form), len(form)))
        shown = Counter[str]()
        for form, times in self.forms.items():
            shown[names.without_patronymic(form)] += times
        return max(shown, key=lambda form: (" " in form, shown[form]))

    @property
    def title(self) -> str | None:
        """The first title that is an office rather than a form of address."""
        held = (title for title in self.titles if nouns.OFFICES & set(title.casefold().split()) - {"comrade"})
        return next(held, None)

    def learn(self, title: str) -> None:
        """Note a title, and the gender that it tells."""
        if title and title not in self.titles and len(self.titles) < _FORMS:
            self.titles.append(title)
        words = {word.rstrip(".").casefold() for word in title.split()}
        self.gender = self.gender or ("m" if words & nouns.MEN else "f" if words & nouns.WOMEN else "")


class Register:
    """The names of one text, and what each stands for."""

    def __init__(self, text: str, spans: Iterable[Span], doc: "Doc | None") -> None:
        self._text = text
        self._people: dict[str, list[Entity]] = {}  # by surname, or by the family name that comes first
        self._others: dict[tuple[str, ...], Entity] = {}
        self._initials: dict[str, Entity] = {}
        found = [name for span in spans for name in names.find(text, span.start, span.end)]
        self._labels = _labels(doc)
        self._occurrences: list[tuple[int, Entity]] = []
        for name in sorted(found, key=lambda name: len(name.key) < 2):
            entity = self._enter(name)
            if entity is not None:
                self._occurrences.append((name.start, entity))
        self._occurrences.sort(key=lambda occurrence: occurrence[0])
        self._starts = [start for start, _ in self._occurrences]

    def before(self, place: int, count: int = 40) -> Sequence[tuple[int, Entity]]:
        """The last occurrences of names before a place, the nearest first."""
        stop = bisect.bisect_left(self._starts, place)
        return self._occurrences[max(0, stop - count) : stop][::-1]

    def people(self, key: Sequence[str]) -> list[Entity]:
        """The people whom a name of these parts can mean."""
        if not key:
            return []
        return [person for person in self._people.get(_surname(key), ()) if _fits(key, person.key)]

    @functools.cached_property
    def titled(self) -> list[Entity]:
        """The people whose title the text prints, in the order of the text; of a crowd, the first."""
        return list(dict.fromkeys(each for _, each in self._occurrences if each.titles))[:_HOLDERS]

    def other(self, key: tuple[str, ...]) -> Entity | None:
        """The organization of this name."""
        return self._others.get(key)

    def enter(self, name: Name) -> Entity | None:
        """The one who is meant by a name of which nothing says what it is: a person.

        None where a model saw no name in the only word, which is then one that only begins a sentence.
        """
        if self._labels and len(name.key) == 1 and name.sort is Sort.EITHER and name.name not in self._labels:
            return None
        return self._enter(name, certain=True) or self._person(name)

    def _enter(self, name: Name, *, certain: bool = False) -> Entity | None:
        sort = self._sort(name)
        if sort is Sort.ORGANIZATION:
            return self._organization(name)
        known = self.people(name.key)
        if len(known) > 1:
            return None
        if known:
            return self._note(known[0], name)
        return self._person(name) if sort is Sort.PERSON or certain else None

    def _sort(self, name: Name) -> Sort:
        if name.sort is not Sort.EITHER:
            return name.sort
        label = self._labels.get(name.name)
        if label == "PERSON":
            return Sort.PERSON
        parts = len(name.key)
        if parts == 1 and self.people(name.key):
            return Sort.PERSON
        if label in ("ORG", "GPE", "NORP", "FAC", "LOC"):
            return Sort.ORGANIZATION
        return Sort.PERSON if not self._labels and 2 <= parts <= 3 else Sort.EITHER

    def _organization(self, name: Name) -> Entity:
        entity = self._others.get(name.key)
        if entity is None:
            entity = self._named_by_initials(name) or Entity(SpeakerKind.ORGANIZATION, name.key)
            self._others[name.key] = entity
            if len(name.key) > 2:
                self._initials.setdefault("".join(part[0] for part in name.key), entity)
        entity.forms[name.name] += 1
        defined = _DEFINED.match(self._text, name.end)
        if defined and _stands_for(defined[1], name.name):
            entity.forms[defined[1]] += 1
            self._others.setdefault(names.key(defined[1]), entity)
        return entity

    def _named_by_initials(self, name: Name) -> Entity | None:
        """Whom an acronym stands for by its letters: KCNA for the Korean Central News Agency."""
        if not names.is_acronym(name.name) or len(name.key[0]) < 3:
            return None
        return self._initials.get(name.key[0])

    def _person(self, name: Name) -> Entity:
        person = Entity(SpeakerKind.PERSON, name.key, gender=_gender(name.key))
        for part in {_surname(name.key), *name.key[:1]}:
            group = self._people.setdefault(part, [])
            if len(group) < _SAME_NAME:
                group.append(person)
        return self._note(person, name)

    def _note(self, person: Entity, name: Name) -> Entity:
        if len(name.key) > len(person.key):
            person.key = name.key
        if len(person.forms) < _FORMS:
            person.forms[name.name] += 1
            if name.title or person.forms[name.name] <= _INTRODUCED:
                person.learn(self._title(name))
        return person

    def _title(self, name: Name) -> str:
        """A person's title as printed: before the name, or in apposition after it."""
        after = _APPOSITION.match(self._text, name.end)
        if name.title and any(nouns.is_office(word) for word in name.title.split()):
            return self._from_article(name.start - len(name.title) - 1) + name.title
        before = self._from_article(name.start).strip() or self._apart(name.start)
        if before:
            return before
        return _office(after[1]) if after else ""

    def _apart(self, place: int) -> str:
        """The office that stands before a name and a comma: "the mayor, ", or nothing."""
        before = _APART.search(self._text, max(0, place - 80), place)
        return before[1] if before and nouns.is_office(before[1].split()[-1]) else ""

    def _from_article(self, place: int) -> str:
        """The words of an office that stand directly before a place: "North Korean leader "."""
        before = _BEFORE.search(self._text, max(0, place - 80), place)
        kept: list[str] = []
        for word in reversed(before[0].split() if before else []):
            low = word.casefold()
            title = nouns.is_office(low) or low in nouns.BEFORE_OFFICES or low in nouns.PORTFOLIOS
            if not title and (not kept or low in nouns.STOP or not word[:1].isupper() or word.endswith((".", ","))):
                break
            kept.insert(0, word)
        return " ".join(kept) + " " if any(nouns.is_office(word) for word in kept) else ""


def _labels(doc: "Doc | None") -> dict[str, str]:
    """What the model mostly takes each name for."""
    votes: dict[str, Counter[str]] = {}
    for entity in doc.ents if doc is not None else ():
        name = " ".join(entity.text.removeprefix("the ").removeprefix("The ").split())
        name = name.removesuffix("’s").removesuffix("'s")
        votes.setdefault(name, Counter())[entity.label_] += 1
    return {name: counts.most_common(1)[0][0] for name, counts in votes.items()}


def _office(apposition: str) -> str:
    """The title that stands in apposition to a name, or nothing where it is something else."""
    words = [] if _ACT.match(apposition) else apposition.split()  # "…, saying the mayor": what somebody does
    for i, word in enumerate(words):
        if i > 5 or (word.casefold() in nouns.STOP and word not in ("of", "for", "and", "the", "first", "second")):
            break
        if nouns.is_office(word):
            rest = (j for j in range(i + 1, len(words)) if words[j] in _CLAUSE)
            return " ".join(words[: next(rest, len(words))])
    return ""


def _stands_for(acronym: str, name: str) -> bool:
    """Whether the letters of an acronym come in a name in that order, the first first: not "Oslo (AFP)"."""
    letters = iter(name.casefold())
    wanted = [char for char in acronym.casefold() if char.isalpha()]
    return wanted[:1] == [name[0].casefold()] and all(char in letters for char in wanted)


def _surname(key: Sequence[str]) -> str:
    rest = [part for part in key if part not in _SUFFIXES]
    return rest[-1] if rest else key[-1]


def _gender(key: Sequence[str]) -> str:
    given = key[0] if len(key) > 1 else ""
    return "m" if given in nouns.GIVEN_TO_MEN else "f" if given in nouns.GIVEN_TO_WOMEN else ""


def _fits(key: Sequence[str], full: Sequence[str]) -> bool:
    """Whether a name can be the name of whom the fuller one names, or the other way round."""
    short, long = sorted(([part for part in each if part not in _SUFFIXES] for each in (key, full)), key=len)
    apart = _SUFFIXES.intersection(key) != _SUFFIXES.intersection(full)
    if apart and (len(short) > 1 or _SUFFIXES.intersection(key)):
        return False
    if not short or short == long[-len(short) :]:
        return True
    if len(short) > 1:
        return set(short) <= set(long) and short[0] == long[0] and short[-1] == long[-1]
    return short[0] == long[0] and (_first_alone(short[0]) or short[0] in nouns.FAMILY_NAMES_FIRST)


def _first_alone(part: str) -> bool:
    return part in nouns.GIVEN_TO_MEN or part in nouns.GIVEN_TO_WOMEN
