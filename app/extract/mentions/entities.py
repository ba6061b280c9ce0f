"""Collect the entities of a text: people under all forms of their names, and organizations with their acronyms."""

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
from app.extract.mentions.names import Name, NameKind

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
_ACRONYM = re.compile(r"\s?\(([A-Z][A-Z&.-]{1,9})\)")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_FIRST_NAMES = nouns.GIVEN_TO_MEN | nouns.GIVEN_TO_WOMEN | nouns.FAMILY_NAMES_FIRST
_CLAUSE = nouns.words("who which that when where but while was is has had said says and")
_MAX_TITLED = 200  # people among whom "the president" is looked for
_INTRODUCTIONS = 3  # first occurrences of a form that may come with a title
_MAX_FORMS = 40  # of one name
_MAX_NAMESAKES = 50  # people of one surname who are told apart; a text with more is no article


@dataclass(eq=False, slots=True)
class Entity:
    """A person or organization that a text names."""

    kind: SpeakerKind
    key: tuple[str, ...]  # the parts of the fullest name
    forms: Counter[str] = field(default_factory=Counter)
    titles: list[str] = field(default_factory=list)
    gender: str = ""  # m, f, or unknown

    @property
    def name(self) -> str:
        """The longest form of an organization, or a person's most frequent form of several parts."""
        if self.kind is SpeakerKind.ORGANIZATION:
            return max(self.forms, key=lambda form: (not names.is_acronym(form), len(form)))
        counts = Counter[str]()
        for form, count in self.forms.items():
            counts[names.remove_patronymic(form)] += count
        return max(counts, key=lambda form: (" " in form, counts[form]))

    @property
    def title(self) -> str | None:
        """The first title that is an office rather than a form of address."""
        held = (title for title in self.titles if nouns.OFFICES & set(title.casefold().split()) - {"comrade"})
        return next(held, None)

    def add_title(self, title: str) -> None:
        """Add a title, and take the gender from it."""
        if title and title not in self.titles and len(self.titles) < _MAX_FORMS:
            self.titles.append(title)
        words = {word.rstrip(".").casefold() for word in title.split()}
        self.gender = self.gender or ("m" if words & nouns.MEN else "f" if words & nouns.WOMEN else "")


class EntityIndex:
    """The named entities of one text, by name and by place."""

    def __init__(self, text: str, spans: Iterable[Span], doc: "Doc | None") -> None:
        self._text = text
        self._people: dict[str, list[Entity]] = {}  # by surname, or by the family name that comes first
        self._organizations: dict[tuple[str, ...], Entity] = {}
        self._by_initials: dict[str, Entity] = {}
        self._labels = _get_labels(doc)
        self._occurrences: list[tuple[int, Entity]] = []
        every_name = [name for span in spans for name in names.find_names(text, span.start, span.end)]
        for name in sorted(every_name, key=lambda name: len(name.key) < 2):
            entity = self._add(name)
            if entity is not None:
                self._occurrences.append((name.start, entity))
        self._occurrences.sort(key=lambda occurrence: occurrence[0])
        self._starts = [start for start, _ in self._occurrences]

    def list_before(self, place: int, count: int = 40) -> Sequence[tuple[int, Entity]]:
        """List the last occurrences of names before a place, the nearest first."""
        stop = bisect.bisect_left(self._starts, place)
        return self._occurrences[max(0, stop - count) : stop][::-1]

    def find_people(self, key: Sequence[str]) -> list[Entity]:
        """Find the people whom a name of these parts may mean."""
        if not key:
            return []
        return [person for person in self._people.get(_get_surname(key), ()) if _may_be_same(key, person.key)]

    @functools.cached_property
    def titled(self) -> list[Entity]:
        """The people with a title, in the order of the text, up to a number."""
        return list(dict.fromkeys(entity for _, entity in self._occurrences if entity.titles))[:_MAX_TITLED]

    def get_organization(self, key: tuple[str, ...]) -> Entity | None:
        return self._organizations.get(key)

    def add(self, name: Name) -> Entity | None:
        """Add a name, as a person's if nothing says whose it is.

        Return None for a single word in which the model saw no name: it is capitalized only as the first of a sentence.
        """
        if self._labels and len(name.key) == 1 and name.kind is NameKind.EITHER and name.name not in self._labels:
            return None
        return self._add(name, is_certain=True) or self._add_person(name)

    def _add(self, name: Name, *, is_certain: bool = False) -> Entity | None:
        kind = self._classify(name)
        if kind is NameKind.ORGANIZATION:
            return self._add_organization(name)
        people = self.find_people(name.key)
        if len(people) > 1:
            return None
        if people:
            return self._add_form(people[0], name)
        return self._add_person(name) if kind is NameKind.PERSON or is_certain else None

    def _classify(self, name: Name) -> NameKind:
        if name.kind is not NameKind.EITHER:
            return name.kind
        label = self._labels.get(name.name)
        if label == "PERSON":
            return NameKind.PERSON
        size = len(name.key)
        if size == 1 and self.find_people(name.key):
            return NameKind.PERSON
        if label in ("ORG", "GPE", "NORP", "FAC", "LOC"):
            return NameKind.ORGANIZATION
        return NameKind.PERSON if not self._labels and 2 <= size <= 3 else NameKind.EITHER

    def _add_organization(self, name: Name) -> Entity:
        entity = self._organizations.get(name.key)
        if entity is None:
            is_acronym = names.is_acronym(name.name) and len(name.key[0]) >= 3  # KCNA: Korean Central News Agency
            expanded = self._by_initials.get(name.key[0]) if is_acronym else None
            entity = expanded or Entity(SpeakerKind.ORGANIZATION, name.key)
            self._organizations[name.key] = entity
            if len(name.key) > 2:
                self._by_initials.setdefault("".join(part[0] for part in name.key), entity)
        entity.forms[name.name] += 1
        acronym = _ACRONYM.match(self._text, name.end)
        if acronym and _abbreviates(acronym[1], name.name):
            entity.forms[acronym[1]] += 1
            self._organizations.setdefault(names.get_key(acronym[1]), entity)
        return entity

    def _add_person(self, name: Name) -> Entity:
        first_name = name.key[0] if len(name.key) > 1 else ""
        gender = "m" if first_name in nouns.GIVEN_TO_MEN else "f" if first_name in nouns.GIVEN_TO_WOMEN else ""
        person = Entity(SpeakerKind.PERSON, name.key, gender=gender)
        for part in {_get_surname(name.key), *name.key[:1]}:
            group = self._people.setdefault(part, [])
            if len(group) < _MAX_NAMESAKES:
                group.append(person)
        return self._add_form(person, name)

    def _add_form(self, person: Entity, name: Name) -> Entity:
        if len(name.key) > len(person.key):
            person.key = name.key
        if len(person.forms) < _MAX_FORMS:
            person.forms[name.name] += 1
            if name.title or person.forms[name.name] <= _INTRODUCTIONS:
                person.add_title(self._find_title(name))
        return person

    def _find_title(self, name: Name) -> str:
        """Return a person's title as printed: before the name, or in apposition to it."""
        after = _APPOSITION.match(self._text, name.end)
        if name.title and any(nouns.is_office(word) for word in name.title.split()):
            return self._find_office_before(name.start - len(name.title) - 1) + name.title
        before = self._find_office_before(name.start).strip()
        if before:
            return before
        apart = _APART.search(self._text, max(0, name.start - 80), name.start)  # "the mayor, "
        if apart and nouns.is_office(apart[1].split()[-1]):
            return apart[1]
        return _find_office(after[1]) if after else ""

    def _find_office_before(self, place: int) -> str:
        """Return the words of an office directly before a place: "North Korean leader "."""
        before = _BEFORE.search(self._text, max(0, place - 80), place)
        office: list[str] = []
        for word in reversed(before[0].split() if before else []):
            low = word.casefold()
            is_title = nouns.is_office(low) or low in nouns.BEFORE_OFFICES or low in nouns.PORTFOLIOS
            is_end = not office or low in nouns.STOP_WORDS or not word[:1].isupper() or word.endswith((".", ","))
            if not is_title and is_end:
                break
            office.insert(0, word)
        return " ".join(office) + " " if any(nouns.is_office(word) for word in office) else ""


def _get_labels(doc: "Doc | None") -> dict[str, str]:
    """Return the most frequent entity label of each name in the model's parse."""
    votes: dict[str, Counter[str]] = {}
    for entity in doc.ents if doc is not None else ():
        name = " ".join(entity.text.removeprefix("the ").removeprefix("The ").split())
        name = name.removesuffix("’s").removesuffix("'s")
        votes.setdefault(name, Counter())[entity.label_] += 1
    return {name: counts.most_common(1)[0][0] for name, counts in votes.items()}


def _find_office(apposition: str) -> str:
    """Return the office in apposition to a name, or "" for any other apposition."""
    words = [] if _ACT.match(apposition) else apposition.split()  # "…, saying the mayor" is an action
    for i, word in enumerate(words):
        if i > 5 or (
            word.casefold() in nouns.STOP_WORDS and word not in ("of", "for", "and", "the", "first", "second")
        ):
            break
        if nouns.is_office(word):
            end = next((j for j in range(i + 1, len(words)) if words[j] in _CLAUSE), len(words))
            return " ".join(words[:end])
    return ""


def _abbreviates(acronym: str, name: str) -> bool:
    """Return True if a name contains the letters of an acronym in order, from its first letter: not "Oslo (AFP)"."""
    rest = iter(name.casefold())
    letters = [char for char in acronym.casefold() if char.isalpha()]
    return letters[:1] == [name[0].casefold()] and all(char in rest for char in letters)


def _get_surname(key: Sequence[str]) -> str:
    return next((part for part in reversed(key) if part not in _SUFFIXES), key[-1])


def _may_be_same(key: Sequence[str], other: Sequence[str]) -> bool:
    """Return True if two names may mean the same person."""
    short, long = sorted(([part for part in parts if part not in _SUFFIXES] for parts in (key, other)), key=len)
    differ = _SUFFIXES.intersection(key) != _SUFFIXES.intersection(other)
    if differ and (len(short) > 1 or _SUFFIXES.intersection(key)):
        return False
    if not short or short == long[-len(short) :]:
        return True
    if len(short) > 1:
        return set(short) <= set(long) and short[0] == long[0] and short[-1] == long[-1]
    return short[0] == long[0] and short[0] in _FIRST_NAMES
