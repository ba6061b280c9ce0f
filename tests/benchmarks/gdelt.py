"""Generate files in the format of GDELT 2.0's ``export.CSV``, with the proportions of real files.

These have 2,111 events in 15 minutes, three events an article, some hundred outlets, and a few thousand places.
"""

import datetime as dt
import random
from collections.abc import Iterator

EVENTS_A_FILE = 2_111
COLUMNS = 61

_BEGIN = dt.datetime(2025, 1, 1)
_CODES = (
    "010",
    "020",
    "036",
    "040",
    "042",
    "043",
    "051",
    "057",
    "060",
    "073",
    "090",
    "111",
    "112",
    "130",
    "173",
    "190",
)
_ACTORS = ("PRESIDENT", "POLICE", "GOVERNMENT", "STUDENT", "MINIST", "COMPANY", "COURT", "SENATE", "CITIZEN", "")
_COUNTRIES = ("US", "UK", "FR", "GM", "RS", "KN", "KS", "JA", "IN", "CH", "BR", "SF", "NI", "EG", "UP", "PL")


def generate_lines(first: int, number: int) -> Iterator[str]:
    """Yield the lines of events with the ids ``first`` and following, in the order of their recording."""
    draw = random.Random(first)
    for offset in range(number):
        recorded = _BEGIN + dt.timedelta(minutes=15) * (offset // EVENTS_A_FILE)
        yield "\t".join(_columns(first + offset, recorded, draw)) + "\n"


def _columns(ident: int, recorded: dt.datetime, draw: random.Random) -> list[str]:
    columns = [""] * COLUMNS
    day, code, place = recorded - dt.timedelta(days=draw.random() < 0.1), draw.choice(_CODES), int(4000 * draw.random())
    columns[0:5] = str(ident), f"{day:%Y%m%d}", f"{day:%Y%m}", f"{day:%Y}", f"{day:%Y}.0014"
    columns[6], columns[16] = draw.choice(_ACTORS), draw.choice(_ACTORS)
    columns[25:35] = draw.choice("01"), code, code, code[:2], "1", "1.9", "4", "1", "4", "-2.5"
    country = _COUNTRIES[place % len(_COUNTRIES)]
    columns[51:55] = "4", f"Place {place}, Region {place % 100}, Country {country}", country, f"{country}01"
    columns[56:59] = f"{place % 130 - 60 + 0.25:.4f}", f"{place % 360 - 180 + 0.5:.4f}", str(-place)
    article = ident // 3
    outlet = int(500 ** random.Random(article).random())  # of rank r with a share of about 1/r
    columns[59:61] = f"{recorded:%Y%m%d%H%M%S}", f"https://www.outlet{outlet}.example/news/{article}/what-happened"
    return columns
