"""The speakers of the store that the voices in a text are; for unknown voices new speakers are added.

A voice is recognized by its names, compared with the names and aliases of all speakers. If they fit several speakers,
or the text itself leaves open who is meant, none is chosen: the name gets a speaker of its own, for a person to merge.
"""

from collections.abc import Collection, Iterable, Iterator

from app.core.spans import make_match_key
from app.core.vocab import CodedBy, SpeakerKind
from app.database.models import Source, SourceAlias, Speaker, SpeakerAlias
from app.extract.findings import Voice
from app.queries import lookups
from app.schemas.speaker import SpeakerCreate
from app.store.fields import get_id
from app.store.rejections import is_rejected_speaker
from app.store.revisions import WriteSession
from app.store.sources_and_speakers import add_speaker

# Confidence in a speaker that no person has looked at: named and unambiguous, named but ambiguous, and unnamed.
_NAMED, _AMBIGUOUS, _UNNAMED = 0.7, 0.4, 0.3

_MAX_LENGTH = 200


class SpeakerResolver:
    """The speakers of one document's voices, found or added."""

    def __init__(self, session: WriteSession, voices: Iterable[Voice], sure: Iterable[Voice]) -> None:
        """Load the speakers of these names; ``sure`` are the voices for which a missing speaker is added."""
        self._session = session
        self._by_key: dict[str, dict[int, Speaker]] = {}
        self._resolved: dict[Voice, Speaker | None] = {}
        self._sure = frozenset(sure)
        self._load({key for voice in voices for key in _list_keys(voice)})

    def resolve(self, voice: Voice | None) -> Speaker | None:
        """Return the voice's speaker; None if there is none, or a person said that it is no speaker."""
        if voice is None:
            return None
        if voice not in self._resolved:
            speaker = self._find(voice)
            self._resolved[voice] = self._add(voice) if speaker is None and voice in self._sure else speaker
        return self._resolved[voice]

    def get_id(self, voice: Voice | None) -> int | None:
        """Return the id of the voice's speaker, if there is one."""
        speaker = self.resolve(voice)
        return None if speaker is None else speaker.id

    def _load(self, keys: Collection[str]) -> None:
        for speaker in lookups.iterate_rows(self._session, Speaker, "name_key", keys):
            self._remember(speaker.name_key, speaker)
        aliases = list(lookups.iterate_rows(self._session, SpeakerAlias, "name_key", keys))
        owners = lookups.iterate_rows(self._session, Speaker, "id", {alias.speaker_id for alias in aliases})
        by_id = {owner.id: owner for owner in owners}
        for alias in aliases:
            self._remember(alias.name_key, by_id[alias.speaker_id])

    def _remember(self, key: str, speaker: Speaker) -> None:
        self._by_key.setdefault(key, {})[get_id(speaker)] = speaker

    def _find(self, voice: Voice) -> Speaker | None:
        if not voice.sure:
            return self._find_ambiguous(voice)
        for key in _list_keys(voice):
            fitting = [speaker for speaker in self._by_key.get(key, {}).values() if _may_be_same(voice, speaker)]
            if len(fitting) == 1:
                self._add_aliases(fitting[0], voice)
                return fitting[0]
            if fitting:
                return self._find_ambiguous(voice)
        return None

    def _find_ambiguous(self, voice: Voice) -> Speaker | None:
        """Return the speaker that the machine added for this name when it was ambiguous before."""
        for speaker in self._by_key.get(make_match_key(voice.name), {}).values():
            if speaker.coded_by == CodedBy.MACHINE and speaker.confidence == _AMBIGUOUS:
                return speaker
        return None

    def _add(self, voice: Voice) -> Speaker | None:
        if is_rejected_speaker(self._session, voice.name):
            return None
        is_ambiguous = not voice.sure or bool(self._by_key.get(make_match_key(voice.name)))
        confidence = _UNNAMED if voice.kind is SpeakerKind.UNNAMED else _AMBIGUOUS if is_ambiguous else _NAMED
        body = SpeakerCreate(
            name=voice.name[:_MAX_LENGTH],
            kind=voice.kind,
            title=(voice.title or "")[:_MAX_LENGTH] or None,
            source=None if is_ambiguous else self._find_source(voice),
            aliases=[] if is_ambiguous else list(self._list_new_names(voice)),
            coded_by=CodedBy.MACHINE,
            confidence=confidence,
        )
        speaker = add_speaker(self._session, body)
        for key in (speaker.name_key, *map(make_match_key, body.aliases)):
            self._remember(key, speaker)
        return speaker

    def _add_aliases(self, speaker: Speaker, voice: Voice) -> None:
        """Add the text's other names of the speaker, so that the next text may use them alone."""
        for name in list(self._list_new_names(voice)):
            key = make_match_key(name)
            alias = SpeakerAlias(speaker_id=get_id(speaker), name=name, name_key=key, coded_by=CodedBy.MACHINE)
            self._session.add(alias)
            self._remember(key, speaker)
        self._session.flush()

    def _list_new_names(self, voice: Voice) -> Iterator[str]:
        """Yield names to add, but no person's surname alone, which the next text may give to another."""
        own = make_match_key(voice.name)
        for key, name in {make_match_key(name): name for name in voice.names if len(name) <= _MAX_LENGTH}.items():
            is_surname = voice.kind is SpeakerKind.PERSON and " " not in key
            if key and key != own and not is_surname and not self._by_key.get(key):
                yield name

    def _find_source(self, voice: Voice) -> str | None:
        """Return the slug of the outlet that the voice is, such as an agency."""
        if voice.kind is not SpeakerKind.ORGANIZATION:
            return None
        keys = list(_list_keys(voice))
        sources = {source.id: source for source in lookups.iterate_rows(self._session, Source, "name_key", keys)}
        ids = {alias.source_id for alias in lookups.iterate_rows(self._session, SourceAlias, "name_key", keys)}
        sources |= {source.id: source for source in lookups.iterate_rows(self._session, Source, "id", ids)}
        return sources.popitem()[1].slug if len(sources) == 1 else None


def _list_keys(voice: Voice) -> Iterator[str]:
    """Yield the keys of the voice's names, the fullest first, with and without hyphens, full stops and articles."""
    articles = ("", "the ") if voice.kind is not SpeakerKind.UNNAMED else ("", "a ", "an ", "the ")
    spellings = (
        spelling for name in _list_names(voice) for spelling in (name, name.replace("-", " ").replace(".", ""))
    )
    keys = (make_match_key(article + name) for name in spellings for article in articles if name.strip())
    yield from dict.fromkeys(keys)


def _list_names(voice: Voice) -> Iterator[str]:
    """Yield the names that identify the voice: of a person with a full name, not the surname alone.

    Of a full name, the first and the last part count as well: "Vladimir Putin" for "Vladimir Vladimirovich Putin".
    """
    first, *middle = voice.name.split() or [""]
    yield voice.name
    if voice.kind is not SpeakerKind.PERSON or not middle:
        yield from sorted(voice.names, key=len, reverse=True)
        return
    yield f"{first} {middle[-1]}"
    yield from sorted((name for name in voice.names if name.startswith(f"{first} ")), key=len, reverse=True)


def _may_be_same(voice: Voice, speaker: Speaker) -> bool:
    """Tell whether kinds allow that a voice is the speaker of its name: an organization may be its document."""
    return voice.kind == speaker.kind or not {SpeakerKind.PERSON, SpeakerKind.UNNAMED} & {voice.kind, speaker.kind}
