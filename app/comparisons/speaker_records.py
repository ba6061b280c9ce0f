"""A speaker's record as it is shown, drawn from what the database counts."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from app.analysis.outlets import OutletCounts, PrintedCount, count_by_outlet
from app.core.vocab import StatementKind

Body = Mapping[str, Any]


def build_speaker(item: str) -> str:
    """The speaker that the database gives (``queries.speakers.full``) as a ``SpeakerFull``."""
    speaker = orjson.loads(item)
    return orjson.dumps(speaker | {"record": _record(speaker.pop("counts"))}).decode()


def _record(counts: Body) -> dict[str, Any]:
    sources = {each["source"]["id"]: each["source"] for each in counts["printed"]}
    voices = {voice["id"]: voice for voice in counts["voices"]}
    printed = [
        PrintedCount(each["source"]["id"], StatementKind(each["kind"]), each["through"], each["statements"])
        for each in counts["printed"]
    ]
    found = count_by_outlet(printed)
    months = counts["months"]
    return {
        "sources": [_outlet(each, sources[each.source], voices) for each in found],
        "relays": _relays(sum((each.relays for each in found), Counter()), voices),
        "months": [{"month": each["month"], "statements": each["statements"]} for each in months],
        "first_said": min((each["first"] for each in months if each["first"]), default=None),
        "last_said": max((each["last"] for each in months if each["last"]), default=None),
        "utterance_count": counts["utterance_count"],
    }


def _outlet(outlet: OutletCounts, source: Body, voices: Mapping[int, Body]) -> dict[str, Any]:
    return {
        "source": source,
        "statements": outlet.statements,
        **{kind.value: outlet.kinds[kind] for kind in StatementKind},
        "relayed": outlet.relayed,
        "relays": _relays(outlet.relays, voices),
        "quotes": outlet.quotes,
        "only_relayed": outlet.only_relayed,
    }


def _relays(statements: Counter[int], voices: Mapping[int, Body]) -> list[dict[str, Any]]:
    """Each voice with what it relayed, those with the most first."""
    ranked = sorted(statements, key=lambda ident: (-statements[ident], ident))
    return [{"speaker": voices[ident], "statements": statements[ident]} for ident in ranked]
