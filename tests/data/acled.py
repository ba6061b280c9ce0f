"""Files in the shape of ACLED's CSV export, about invented events."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

COLUMNS = re.findall(
    r"\w+",
    """
    event_id_cnty event_date year time_precision disorder_type event_type sub_event_type actor1 assoc_actor_1 inter1
    actor2 assoc_actor_2 inter2 interaction civilian_targeting iso region country admin1 admin2 admin3 location
    latitude longitude geo_precision source source_scale notes fatalities tags timestamp
    """,
)

Row = Mapping[str, str]

UPLOADED = "1718800000"  # 2024-06-19T12:26:40Z


def row(number: int = 1, **columns: str) -> Row:
    """Build the row of a clash in Kenya with two sources; ``columns`` replace its values."""
    return {
        "event_id_cnty": f"KEN{number}",
        "event_date": "2024-06-18",
        "year": "2024",
        "time_precision": "1",
        "disorder_type": "Political violence",
        "event_type": "Battles",
        "sub_event_type": "Armed clash",
        "actor1": "Militia of the North",
        "actor2": "Police Forces of Kenya",
        "iso": "404",
        "region": "Eastern Africa",
        "country": "Kenya",
        "location": "Lokori",
        "latitude": "1.95",
        "longitude": "36.02",
        "geo_precision": "1",
        "source": "Daily Nation (Kenya); Star Radio",
        "source_scale": "National",
        "notes": 'On 18 June, a militia and the police clashed near "Lokori", it is said.',
        "fatalities": "3",
        "timestamp": UPLOADED,
    } | columns


def text(rows: Iterable[Row], *, delimiter: str = ",", columns: Iterable[str] = COLUMNS) -> str:
    target = io.StringIO()
    writer = csv.DictWriter(target, list(columns), restval="", delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()


def write(path: Path, rows: Iterable[Row]) -> Path:
    path.write_text(text(rows), encoding="utf-8", newline="")
    return path
