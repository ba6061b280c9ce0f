"""Tell the tables and indexes of the models from those that migrations create by hand."""

from typing import Any


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Full text and indexes of expressions are made by hand: no model could describe them for both databases."""
    return not (name and kind in ("table", "index") and ("_fts" in name or name.endswith(("_words", "_order"))))
