"""Which speaker of the store a voice in a text is, and the speakers that are made for those it does not know.

A voice is known by its names, compared with the names and aliases of all speakers. Where they fit several, or the
text itself leaves open who is meant, nobody is chosen: the name stands as a speaker of its own, for a person to merge.
"""

from collections.abc import Collection, Iterable, Iterator

from app.core.spans import make_match_key
from app.core.vocab import CodedBy, SpeakerKind
from app.database.models import Source, SourceAlias, Speaker, SpeakerAlias
from app.extract.findings import Voice
from app.queries import lookups
from app.schemas.speaker import SpeakerCreate
from app.store import rejections, sources_and_speakers
from app.store.revisions import WriteSession

# How sure a speaker is that nobody has looked at: named and told apart, named but not told apart, and unnamed.
_NAMED, _UNSURE, _UNNAMED = 0.7, 0.4, 0.3

_LONGEST = 200


class Voices:
    """The speakers of one document's voices, found or made."""

    def __init__(self, session: WriteSession, voices: Iterable[Voice], sure: Iterable[Voice]) -> None:
        """``sure`` are the voices for which a speaker is made where the store has none."""
        self._session = session
        self._known: dict[str, dict[int, Speaker]] = {}
        self._met: dict[Voice, Speaker | None] = {}
        self._sure = frozenset(sure)
        self._learn({key for voice in voices for key in _keys(voice)})

    def speaker(self, voice: Voice | None) -> Speaker | None:
        """The speaker that the voice is; None where there is none, or a person said that it is no speaker."""
        if voice is None:
            return None
        if voice not in self._met:
            found = self._find(voice)
            self._met[voice] = self._make(voice) if found is None and voice in self._sure else found
        return self._met[voice]

    def _learn(self, keys: Collection[str]) -> None:
        for speaker in lookups.iterate_rows(self._session, Speaker, "name_key", keys):
            self._remember(speaker.name_key, speaker)
        aliases = list(lookups.iterate_rows(self._session, SpeakerAlias, "name_key", keys))
        owners = lookups.iterate_rows(self._session, Speaker, "id", {alias.speaker_id for alias in aliases})
        by_id = {owner.id: owner for owner in owners}
        for alias in aliases:
            self._remember(alias.name_key, by_id[alias.speaker_id])

    def _remember(self, key: str, speaker: Speaker) -> None:
        assert speaker.id is not None
        self._known.setdefault(key, {})[speaker.id] = speaker

    def _find(self, voice: Voice) -> Speaker | None:
        if not voice.sure:
            return self._unresolved(voice)
        for key in _keys(voice):
            fitting = [speaker for speaker in self._known.get(key, {}).values() if _may_be(voice, speaker)]
            if len(fitting) == 1:
                self._learn_names(fitting[0], voice)
                return fitting[0]
            if fitting:
                return self._unresolved(voice)
        return None

    def _unresolved(self, voice: Voice) -> Speaker | None:
        """Whom the machine already made for this name when it could not tell who is meant."""
        same = self._known.get(make_match_key(voice.name), {}).values()
        made = (each for each in same if each.coded_by == CodedBy.MACHINE and each.confidence == _UNSURE)
        return next(made, None)

    def _make(self, voice: Voice) -> Speaker | None:
        if rejections.is_rejected_speaker(self._session, voice.name):
            return None
        ambiguous = not voice.sure or bool(self._known.get(make_match_key(voice.name)))
        confidence = _UNNAMED if voice.kind is SpeakerKind.UNNAMED else _UNSURE if ambiguous else _NAMED
        body = SpeakerCreate(
            name=voice.name[:_LONGEST],
            kind=voice.kind,
            title=(voice.title or "")[:_LONGEST] or None,
            source=None if ambiguous else self._source(voice),
            aliases=[] if ambiguous else list(self._new_names(voice)),
            coded_by=CodedBy.MACHINE,
            confidence=confidence,
        )
        speaker = sources_and_speakers.add_speaker(self._session, body)
        for key in (speaker.name_key, *map(make_match_key, body.aliases)):
            self._remember(key, speaker)
        return speaker

    def _learn_names(self, speaker: Speaker, voice: Voice) -> None:
        """Let the speaker be known by the text's other names for it from now on."""
        assert speaker.id is not None
        for name in list(self._new_names(voice)):
            key = make_match_key(name)
            alias = SpeakerAlias(speaker_id=speaker.id, name=name, name_key=key, coded_by=CodedBy.MACHINE)
            self._session.add(alias)
            self._remember(key, speaker)
        self._session.flush()

    def _new_names(self, voice: Voice) -> Iterator[str]:
        """Names to remember: not a person's surname alone, which the next text may give to another."""
        own = make_match_key(voice.name)
        for key, name in {make_match_key(name): name for name in voice.names if len(name) <= _LONGEST}.items():
            alone = voice.kind is SpeakerKind.PERSON and " " not in key
            if key and key != own and not alone and not self._known.get(key):
                yield name

    def _source(self, voice: Voice) -> str | None:
        """The outlet that the voice is, such as an agency."""
        if voice.kind is not SpeakerKind.ORGANIZATION:
            return None
        keys = list(_keys(voice))
        found = {source.id: source for source in lookups.iterate_rows(self._session, Source, "name_key", keys)}
        aliases = {alias.source_id for alias in lookups.iterate_rows(self._session, SourceAlias, "name_key", keys)}
        found |= {source.id: source for source in lookups.iterate_rows(self._session, Source, "id", aliases)}
        return found.popitem()[1].slug if len(found) == 1 else None


def _keys(voice: Voice) -> Iterator[str]:
    """The keys of the voice's names, the fullest first; hyphens, full stops and articles are written or not."""
    articles = ("", "the ") if voice.kind is not SpeakerKind.UNNAMED else ("", "a ", "an ", "the ")
    spellings = (each for name in _telling(voice) for each in (name, name.replace("-", " ").replace(".", "")))
    keys = (make_match_key(article + name) for name in spellings for article in articles if name.strip())
    yield from dict.fromkeys(keys)


def _telling(voice: Voice) -> Iterator[str]:
    """The names that tell who it is: of a person who has a full name here, not the surname alone.

    Of a full name, the first and the last part count as well: "Vladimir Putin" for "Vladimir Vladimirovich Putin".
    """
    first, *middle = voice.name.split() or [""]
    yield voice.name
    if voice.kind is not SpeakerKind.PERSON or not middle:
        yield from sorted(voice.names, key=len, reverse=True)
        return
    yield f"{first} {middle[-1]}"
    yield from sorted((name for name in voice.names if name.startswith(f"{first} ")), key=len, reverse=True)


def _may_be(voice: Voice, speaker: Speaker) -> bool:
    """Whether a voice and a speaker of one name can be the same: of one kind, or an organization and its document."""
    apart = {SpeakerKind.PERSON, SpeakerKind.UNNAMED}
    return voice.kind == speaker.kind or not apart & {voice.kind, speaker.kind}
