"""Lines in the shape of GDELT 2.0's files, about invented events."""

import re
from collections.abc import Iterable
from pathlib import Path

EVENT = re.findall(
    r"\w+",
    """
    GLOBALEVENTID SQLDATE MonthYear Year FractionDate Actor1Code Actor1Name Actor1CountryCode Actor1KnownGroupCode
    Actor1EthnicCode Actor1Religion1Code Actor1Religion2Code Actor1Type1Code Actor1Type2Code Actor1Type3Code
    Actor2Code Actor2Name Actor2CountryCode Actor2KnownGroupCode Actor2EthnicCode Actor2Religion1Code
    Actor2Religion2Code Actor2Type1Code Actor2Type2Code Actor2Type3Code IsRootEvent EventCode EventBaseCode
    EventRootCode QuadClass GoldsteinScale NumMentions NumSources NumArticles AvgTone Actor1Geo_Type
    Actor1Geo_FullName Actor1Geo_CountryCode Actor1Geo_ADM1Code Actor1Geo_ADM2Code Actor1Geo_Lat Actor1Geo_Long
    Actor1Geo_FeatureID Actor2Geo_Type Actor2Geo_FullName Actor2Geo_CountryCode Actor2Geo_ADM1Code
    Actor2Geo_ADM2Code Actor2Geo_Lat Actor2Geo_Long Actor2Geo_FeatureID ActionGeo_Type ActionGeo_FullName
    ActionGeo_CountryCode ActionGeo_ADM1Code ActionGeo_ADM2Code ActionGeo_Lat ActionGeo_Long ActionGeo_FeatureID
    DATEADDED SOURCEURL
    """,
)

MENTION = re.findall(
    r"\w+",
    """
    GLOBALEVENTID EventTimeDate MentionTimeDate MentionType MentionSourceName MentionIdentifier SentenceID
    Actor1CharOffset Actor2CharOffset ActionCharOffset InRawText Confidence MentionDocLen MentionDocTone
    MentionDocTranslationInfo Extras
    """,
)

RECORDED = "20240619101500"


def event(number: int = 1, **columns: str) -> str:
    """Build a line of ``export.CSV``: Russia and North Korea sign an agreement; ``columns`` replace its values."""
    values = {
        "GLOBALEVENTID": str(number),
        "SQLDATE": RECORDED[:8],
        "Actor1Code": "RUS",
        "Actor1Name": "RUSSIA",
        "Actor2Code": "PRK",
        "Actor2Name": "NORTH KOREA",
        "IsRootEvent": "1",
        "EventCode": "057",
        "ActionGeo_Type": "4",
        "ActionGeo_FullName": "Pyongyang, P'yongyang-si, North Korea",
        "ActionGeo_CountryCode": "KN",
        "ActionGeo_Lat": "39.0194",
        "ActionGeo_Long": "125.755",
        "DATEADDED": RECORDED,
        "SOURCEURL": f"https://www.herald.example/news/{number}",
    } | columns
    return "\t".join(values.get(name, "") for name in EVENT)


def mention(number: int = 1, **columns: str) -> str:
    """Build a line of ``mentions.CSV``: the herald's article about that event; ``columns`` replace its values."""
    values = {
        "GLOBALEVENTID": str(number),
        "EventTimeDate": RECORDED,
        "MentionTimeDate": RECORDED,
        "MentionType": "1",
        "MentionSourceName": "herald.example",
        "MentionIdentifier": f"https://www.herald.example/news/{number}",
        "SentenceID": "1",
        "Actor1CharOffset": "-1",
        "Actor2CharOffset": "10",
        "ActionCharOffset": "20",
        "InRawText": "1",
        "Confidence": "80",
        "MentionDocLen": "2000",
        "MentionDocTone": "-1.5",
    } | columns
    return "\t".join(values.get(name, "") for name in MENTION)


def write(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
