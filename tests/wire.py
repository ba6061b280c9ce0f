"""An invented wire corpus: one agency report, ten outlets' edits of it, and two independent reports.

The event, the people and the words are invented. The independent reports share the agency's quotations, word for word,
as real ones do.
"""

from typing import Any

Body = dict[str, Any]

_SPEECH = (
    "“The bridge was closed at four in the morning, and nobody who stood on it was hurt,” harbour master Ilse Torvald "
    "told reporters on Friday. “We will not open it again before each of the six cables has been looked at.”"
)
_PLEA = "“Leave your cars at home, take the ferry, and please be patient with each other,” Torvald said."

AGENCY = f"""A cargo ship struck the Vesterbro bridge in the port of Halden before dawn on Friday, tearing two of its \
six steel cables and cutting the town's main road to the mainland, the harbour office said.

The 190-metre Mirabel, loaded with timber and bound for Rotterdam, lost its steering shortly after it left the quay \
and drifted sideways into the eastern pylon, according to a log that the harbour office released.

{_SPEECH}

Divers were to examine the pylon below the waterline during the afternoon, and a tug from Gothenburg was on its way to \
hold the ship in place while its cargo is taken off onto barges.

About eleven thousand people cross the bridge on a working day. The municipality laid on three extra ferries and asked \
employers to let those work from home who can.

{_PLEA}

The shipping line Norrland Freight, which has run the Mirabel since 2016, said in a short notice that it was helping \
the authorities and that the crew of nineteen were unhurt. It gave no reason for the failure of the steering.

The bridge, finished in 1974, was last strengthened nine years ago after inspectors had found rust in its anchors. A \
plan to put a tunnel in its place was shelved in 2021 because of its price.
"""

OWN_REPORTS = (
    f"""Commuters in Halden woke to sirens on Friday. A timber freighter had drifted against the eastern pylon of the \
Vesterbro bridge, and from the market square one could see a cable hanging into the fjord.

I walked down to the quay a little after six. Police had drawn a tape across the ramp, lorries stood in a queue as far \
as the petrol station, and a woman selling coffee from a van said that she had heard a sound like a church bell \
dropped down a staircase.

{_SPEECH}

At the grammar school lessons began an hour late, since half of the teachers live on the other side. The headmistress \
had the pupils sit in the gymnasium and watch the tug arrive on a screen.

{_PLEA} Few did: by noon the road around the fjord was as full as on the first day of the holidays.
""",
    f"""Insurers expect one of the dearest harbour claims of the decade after Friday's accident in Halden, three \
brokers said, since the hull, the cargo and the bridge are covered by different houses whose contracts contradict each \
other.

Under the convention of 1996 an owner may limit what it pays by the tonnage of the vessel. That limit would not reach \
half of what the last repair cost, and the municipality has no policy of its own.

{_SPEECH}

Shares of Norrland Freight fell by eight per cent. Analysts pointed to an order for two sister ships, whose steering \
gear comes from the same yard, and to a dispute about maintenance that a court in Oslo is to hear in March.
""",
)

_LOCAL = """The Fjord Gazette's own readers sent dozens of pictures of the morning's fog. The paper will print the \
best of them on Monday, together with a map of the ferries' new landing places and the times at which they leave.

Weather for the weekend: showers from the west, clearing on Sunday, with a light frost in the valleys at night."""


def _replace_words(text: str, **replacements: str) -> str:
    for word, replacement in replacements.items():
        text = text.replace(word, replacement)
    return text


def _select_paragraphs(*numbers: int) -> str:
    paragraphs = AGENCY.strip().split("\n\n")
    return "\n\n".join(paragraphs[number] for number in numbers)


# The outlets' edits: other words, other headlines, cuts, paragraphs of their own.
EDITS = (
    AGENCY,
    f"Freighter rams bridge, town cut off\n\n{AGENCY}",
    _select_paragraphs(0, 1, 2, 3),
    _select_paragraphs(0, 1, 3),
    f"{AGENCY}\n{_LOCAL}",
    _replace_words(AGENCY, before="ahead of", tearing="snapping", shelved="dropped", short="brief", price="cost"),
    _replace_words(
        _select_paragraphs(0, 1, 2, 3, 4, 5), **{"on Friday": "on Friday morning", "About": "Some", "laid on": "put on"}
    ),
    f"{_LOCAL}\n\n{_replace_words(_select_paragraphs(0, 1, 2, 4, 6), cargo='freight', loaded='laden')}",
    _replace_words(AGENCY, **{"“": '"', "”": '"', "-metre": "m-long", "eleven thousand": "11,000", "nineteen": "19"}),
    _select_paragraphs(1, 0, 3, 2, 6, 5, 7),
)


def documents(*, credited: int | None = None) -> list[Body]:
    """Build the bodies without their sources: the agency's report first, the independent reports last.

    ``credited`` is the position of the copy that credits the agency.
    """
    texts = [AGENCY, *EDITS, *OWN_REPORTS]
    if credited is not None:
        texts[credited] = f"HALDEN, Oct 4 (Reuters) - {texts[credited]}"
    return [{"text": text, "title": f"Bridge {position}"} for position, text in enumerate(texts)]
