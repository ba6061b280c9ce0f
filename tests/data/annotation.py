"""The annotation of the five documents by hand: every statement, and the printings of each utterance.

The tests compare the seed with it. It was made from the texts, independently of ``seed/``.
"""

from typing import NamedTuple


class Annotated(NamedTuple):
    """A statement: its number, speaker, kind, relays (the nearest to the document first) and first words."""

    number: str
    speaker: str | None
    kind: str
    chain: tuple[str, ...]
    words: str

    def __str__(self) -> str:
        return self.number


OUTLETS = {"0": "the-new-american", "1": "the-final-call", "2": "real-news-india", "3": "meduza", "4": "naenara"}

PUTIN, KIM, TREATY = "vladimir-putin", "kim-jong-un", "treaty-2024"
DIPLOMAT = "north-korean-diplomat"

STATEMENTS = (
    Annotated("0.1", PUTIN, "direct", (), "The comprehensive partnership agreement signed today"),
    Annotated("0.2", "tass", "direct", (), "The treaty will take interaction"),
    Annotated("0.3", None, "direct", ("tass",), "to a new level"),
    Annotated("0.4", None, "direct", ("tass",), "sets large-scale tasks"),
    Annotated("0.5", TREATY, "direct", ("tass",), "mutual assistance in the event of aggression"),
    Annotated("0.6", DIPLOMAT, "direct", ("tass",), "Literally today there was a historic meeting"),
    Annotated("0.7", KIM, "indirect", ("tass", DIPLOMAT), "the solemn launch of the allied relations"),
    Annotated("0.8", KIM, "indirect", ("tass", DIPLOMAT), "the North Korean government will further strengthen"),
    Annotated("0.9", "antony-blinken", "indirect", (), "plans for Ukraine becoming a NATO member"),
    Annotated("0.10", "antony-blinken", "direct", (), "We have very ambitious commitments"),
    Annotated("1.1", PUTIN, "mixed", (), "A new treaty signed between North Korea and Russia"),
    Annotated("1.2", PUTIN, "direct", ("russian-news-agencies",), "The comprehensive partnership treaty signed today"),
    Annotated("1.3", KIM, "indirect", (), "North Korea intends to further improve"),
    Annotated("1.4", KIM, "indirect", (), "North Korea fully supports Russia’s war in Ukraine"),
    Annotated("1.5", KIM, "mixed", (), "North Korea “expresses full support"),
    Annotated("1.6", PUTIN, "indirect", (), "Moscow is fighting the hegemonic"),
    Annotated("1.7", PUTIN, "mixed", (), "the relations between Russia and North Korea"),
    Annotated("1.8", PUTIN, "indirect", (), "a new document has been prepared"),
    Annotated("1.9", "kcna", "mixed", (), "the countries’ partnership is an “engine"),
    Annotated("2.1", "north-korean-state-media", "indirect", (), "North Korean leader Kim Jong Un and Russian"),
    Annotated("2.2", "kcna", "mixed", (), "Article 4 of the agreement requires each country"),
    Annotated("2.3", TREATY, "mixed", ("kcna",), "each country to deploy “all means"),
    Annotated("2.4", KIM, "mixed", (), "the agreement as their “strongest-ever treaty”"),
    Annotated("2.5", KIM, "indirect", (), "full support for Russia’s war in Ukraine"),
    Annotated("2.6", KIM, "mixed", (), "the relationship a “fiery friendship.”"),
    Annotated("2.7", PUTIN, "mixed", (), "the agreement a “breakthrough document,”"),
    Annotated("3.1", "yonhap-news-agency", "indirect", (), "a key section of the document looks familiar"),
    Annotated("3.2", TREATY, "direct", ("kcna",), "In the event that one of the Parties is subjected"),
    Annotated("3.3", "treaty-1961", "direct", (), "In the event that one of the Contracting Parties"),
    Annotated("3.4", "russia-and-north-korea", "mixed", (), "the 1961 treaty had “lost its significance”"),
    Annotated("3.5", "treaty-2000", "mixed", (), "in the event that one of the parties faced a threat"),
    Annotated("3.6", "sergey-lavrov", "indirect", (), "only those who are planning aggression"),
    Annotated("3.7", "sergey-lavrov", "direct", ("russian-state-media",), "This is an exclusively defensive position"),
    Annotated("4.1", PUTIN, "indirect", (), "the participation of the combat sub-units"),
    Annotated("4.2", TREATY, "indirect", (PUTIN,), "each of the parties shall provide immediate"),
    Annotated("4.3", PUTIN, "direct", (), "Our Korean friends’ move was guided"),
)

# Printings of one utterance.
SAME = (
    ("0.1", "1.2"),
    ("0.1", "1.1"),
    ("1.1", "1.2"),
    ("0.8", "1.3"),
    ("1.4", "1.5"),
    ("1.4", "2.5"),
    ("1.5", "2.5"),
    ("2.2", "2.3"),
    ("2.3", "3.2"),
    ("2.2", "3.2"),
    ("2.3", "4.2"),
    ("2.2", "4.2"),
    ("3.2", "4.2"),
)

# Much alike, and never to be joined.
DIFFERENT = (
    ("3.2", "3.3"),
    ("3.3", "2.3"),
    ("3.3", "4.2"),
    ("0.4", "1.8"),
    ("3.5", "0.1"),
    ("2.4", "2.7"),
    ("0.7", "2.4"),
)
