"""The record of a speaker, computed from the counts of the database."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from app.analysis.outlets import OutletCounts, PrintedCount, count_by_outlet
from app.core.vocab import StatementKind

Body = Mapping[str, Any]


def build_speaker(item: str) -> str:
    """Build a ``SpeakerFull`` from the item of ``queries.speakers.select_full``."""
    speaker = orjson.loads(item)
    return orjson.dumps(speaker | {"record": _build_record(speaker.pop("counts"))}).decode()


def _build_record(counts: Body) -> dict[str, Any]:
    sources = {row["source"]["id"]: row["source"] for row in counts["printed"]}
    voices = {voice["id"]: voice for voice in counts["voices"]}
    printed = [
        PrintedCount(row["source"]["id"], StatementKind(row["kind"]), row["through"], row["statement_count"])
        for row in counts["printed"]
    ]
    outlets = count_by_outlet(printed)
    months = counts["months"]
    return {
        "by_source": [_build_outlet(outlet, sources[outlet.source], voices) for outlet in outlets],
        "by_relay": _build_relays(sum((outlet.relays for outlet in outlets), Counter()), voices),
        "by_month": [{"month": row["month"], "statement_count": row["statement_count"]} for row in months],
        "first_said_on": min((row["first"] for row in months if row["first"]), default=None),
        "last_said_on": max((row["last"] for row in months if row["last"]), default=None),
        "utterance_count": counts["utterance_count"],
    }


def _build_outlet(outlet: OutletCounts, source: Body, voices: Mapping[int, Body]) -> dict[str, Any]:
    return {
        "source": source,
        "statement_count": outlet.statements,
        **{f"{kind}_count": outlet.kinds[kind] for kind in StatementKind},
        "relayed_count": outlet.relayed,
        "by_relay": _build_relays(outlet.relays, voices),
        "has_quotes": outlet.quotes,
        "only_relayed": outlet.only_relayed,
    }


def _build_relays(statements: Counter[int], voices: Mapping[int, Body]) -> list[dict[str, Any]]:
    """Return the voices with the number of statements that they relayed, highest first."""
    ranked = sorted(statements, key=lambda ident: (-statements[ident], ident))
    return [{"speaker": voices[ident], "statement_count": statements[ident]} for ident in ranked]
