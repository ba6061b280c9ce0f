import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.core.vocab import Interval
from app.schemas.common import ListParams, RangeEnd, RangeParams, range_end_field
from app.schemas.event import EventTypes
from app.schemas.source import Countries, Sources
from app.schemas.speaker import Speakers
from app.schemas.statement import Coders, StatementKinds

_OutletCountries = Annotated[Countries, Field(description="Countries of the outlets, comma for OR.")]


_By = Field(default=None, description="One series for each of these; otherwise one for all.")


class StatPublic(BaseModel):
    """The number of records that began in one period."""

    period: dt.date | None = Field(
        description="First day of the period; null for records that may have begun in several."
    )
    key: str | None = Field(
        description="Slug of the source or speaker, country, type, or key of the origin; null without `by`, and for "
        "records that have none."
    )
    name: str | None = Field(description="Name of the source, speaker or origin.")
    count: int = Field(description="Number of records.")


class StatsFilter(RangeParams, ListParams):
    interval: Interval = Field(default=Interval.DAY, description="Length of the periods; weeks begin on Monday.")
    by: str | None
    from_: RangeEnd | None = range_end_field("A day of the first period; by default 366 days are shown.", "from")
    to: RangeEnd | None = range_end_field("A day of the last period; by default the last day with data.")
    fill: bool = Field(default=False, description="Also periods in which a series has nothing.")
    source: Sources | None = None
    speaker: Speakers | None = Field(
        default=None,
        description="Speakers by slug, id or any of their names, comma for OR: what one of them said, or "
        "where one is quoted.",
    )
    coded_by: Coders | None = None
    sort: Annotated[str, Field(pattern="^-?period$")] = Field(default="period", description="Order; `-` reverses.")


class EventStatsFilter(StatsFilter):
    by: Literal["source", "speaker", "country", "type", "origin"] | None = _By
    country: Countries | None = None
    type: EventTypes | None = None


class StatementStatsFilter(StatsFilter):
    by: Literal["source", "speaker", "country", "origin"] | None = _By
    country: _OutletCountries | None = None
    kind: StatementKinds | None = None


class DocumentStatsFilter(StatsFilter):
    by: Literal["source", "speaker", "country"] | None = _By
    country: _OutletCountries | None = None
