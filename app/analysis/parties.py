"""Who a voice, an outlet or a credited agency is, when origins are counted: two that are one count as one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pycountry

from app.analysis.agencies import Agency, by_key, by_voice, is_media, is_state_media
from app.core.vocab import SourceKind, SpeakerKind


@dataclass(frozen=True, slots=True)
class Medium:
    """A source: an outlet or agency."""

    id: int
    slug: str
    name: str
    kind: str
    country: str | None
    state_affiliated: bool | int | None

    @property
    def is_agency(self) -> bool:
        return self.kind == SourceKind.NEWS_AGENCY or by_voice(self.name) is not None


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker, and the source that it is."""

    id: int
    slug: str
    name: str
    kind: str
    country: str | None
    medium: Medium | None


class Party(NamedTuple):
    """Somebody who may be an origin: ``state:KP``, ``source:7``, ``speaker:12``, ``agency:kyodo news``."""

    key: str
    name: str


class Directory:
    """Tells who is who; ``media`` and ``voices`` are those in the store that bear an agency's name, by its key."""

    def __init__(self, media: Mapping[str, Medium], voices: Mapping[str, Voice]) -> None:
        self._media = media
        self._voices = voices
        self._known: dict[int, Party] = {}
        self._news: dict[int, bool] = {}

    def medium(self, medium: Medium) -> Party:
        """An outlet that a state owns or runs speaks as all such outlets of that state."""
        if medium.state_affiliated and medium.country:
            return _state_media(medium.country)
        return Party(f"source:{medium.id}", medium.name)

    def voice(self, voice: Voice) -> Party:
        if voice.id not in self._known:
            self._known[voice.id] = self._party(voice)
        return self._known[voice.id]

    def agency(self, key: str) -> Party:
        """The agency that the key names: as the store knows it, if it does."""
        return self._agency(by_key(key), key)

    def bearer(self, key: str) -> Medium | Voice | None:
        """Who in the store is the agency that the key names."""
        return self._media.get(key) or self._voices.get(key)

    def is_news(self, voice: Voice) -> bool:
        """Whether the voice is a news medium: by its source, its name, or because it is an agency."""
        if voice.id not in self._news:
            described = voice.kind in (SpeakerKind.ORGANIZATION, SpeakerKind.UNNAMED)
            self._news[voice.id] = voice.medium is not None or (described and is_media(voice.name))
        return self._news[voice.id]

    def _party(self, voice: Voice) -> Party:
        if voice.medium is not None:
            return self.medium(voice.medium)
        if not self.is_news(voice):
            return Party(f"speaker:{voice.id}", voice.name)
        if voice.country and is_state_media(voice.name):
            return _state_media(voice.country)
        agency = by_voice(voice.name)
        return Party(f"speaker:{voice.id}", voice.name) if agency is None else self._agency(agency, agency.key)

    def _agency(self, agency: Agency | None, key: str) -> Party:
        voice = self._voices.get(key)
        medium = self._media.get(key) or (voice.medium if voice else None)
        if medium is not None:
            return self.medium(medium)
        if agency is not None and agency.state is not None:
            return _state_media(agency.state)
        if voice is not None:
            return Party(f"speaker:{voice.id}", voice.name)
        return Party(f"agency:{key}", key if agency is None else agency.name)


# What everybody calls them, where ISO 3166 does not.
_CALLED = {"RU": "Russia", "XK": "Kosovo"}


def _state_media(country: str) -> Party:
    found = pycountry.countries.get(alpha_2=country)
    name = _CALLED.get(country) or (found and getattr(found, "common_name", found.name)) or country
    return Party(f"state:{country}", f"State media of {name}")
