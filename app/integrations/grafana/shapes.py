"""The shapes of Grafana's JSON data source (simpod-json-datasource): responses and request bodies."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.core.spans import Text
from app.schemas.common import RangeEnd

Word = Annotated[Text, Field(max_length=500)]


class AnnotationPublic(BaseModel):
    """A mark on a time axis."""

    time: int = Field(description="Beginning of its first day: milliseconds since 1970, UTC.")
    timeEnd: int = Field(description="End of its last day.")
    title: str = Field(description="What happened, or who spoke; escaped, since Grafana takes it for HTML.")
    text: str = Field(description="Who reported it, or what was said; escaped likewise.")
    tags: list[str] = Field(description="Type or kind, country, speaker and outlets: words and slugs.")


class VariablePublic(BaseModel):
    """An option of a variable."""

    text: str = Field(alias="__text", description="What is shown.")
    value: str = Field(alias="__value", description="What stands for it in a filter.")


class OptionPublic(BaseModel):
    """A value that can be chosen."""

    label: str = Field(description="What is shown.")
    value: str = Field(description="What is sent.")


class PayloadPublic(BaseModel):
    """Something that a metric can be asked with."""

    name: str
    label: str = Field(description="What is shown.")
    type: Literal["select", "multi-select", "input"] = Field(description="How it is entered.")
    options: list[OptionPublic] = Field(
        default=[], description="The values that can be chosen; where there are none, they are asked for."
    )


class MetricPublic(BaseModel):
    """Something that can be shown."""

    label: str = Field(description="What is shown.")
    value: str = Field(description="What is sent.")
    payloads: list[PayloadPublic] = Field(description="What it can be asked with.")


class SeriesPublic(BaseModel):
    """Counts over time."""

    target: str = Field(description="Name of the series.")
    refId: str | None = Field(description="The query that it answers.")
    datapoints: list[tuple[int, int]] = Field(description="Count, and milliseconds since 1970 (UTC).")


class ColumnPublic(BaseModel):
    """A column of a table."""

    text: str
    type: Literal["time", "string", "number"] = Field(description="Of its values; a time is milliseconds since 1970.")


class TablePublic(BaseModel):
    """Records."""

    type: Literal["table"] = Field(description="Tells it from a series.")
    refId: str | None = Field(description="The query that it answers.")
    columns: list[ColumnPublic] = Field(description="What stands where in a row.")
    rows: list[list[str | int | float | None]] = Field(description="The records.")


class TagKeyPublic(BaseModel):
    """What an ad hoc filter can go by."""

    type: Literal["string"] = Field(description="Of its values.")
    text: str


class TagValuePublic(BaseModel):
    """A value of an ad hoc filter."""

    text: str


PayloadValue = Word | bool | int | list[Word | int] | None
Payload = Annotated[dict[Word, PayloadValue], Field(max_length=50)]


class MetricsIn(BaseModel):
    """What is chosen so far; all metrics are told whatever it is."""

    metric: Word | None = Field(default=None, description="The metric that is chosen.")
    payload: Payload | None = Field(default=None, description="What it is asked with.")


class PayloadOptionsIn(MetricsIn):
    """Which values can be chosen."""

    name: Word = Field(description="Name of the payload.")


class TimeRangeIn(BaseModel):
    """The dashboard's range of time."""

    from_: RangeEnd = Field(alias="from", description="First day, or a moment in it.")
    to: RangeEnd = Field(description="Last day, or a moment in it.")


class TargetIn(BaseModel):
    """A query of a panel."""

    target: Word = Field(description="The metric.", examples=["events"])
    refId: Word | None = Field(default=None, description="Grafana's name for the query.")
    payload: Payload | None = Field(default=None, description="What the metric is asked with.")


class AdHocFilterIn(BaseModel):
    """A filter of the whole dashboard."""

    key: Word = Field(description="What it goes by.")
    operator: Literal["="] = Field(default="=", description="Only equality.")
    value: Word = Field(description="What it asks for.")


class PanelQueryIn(BaseModel):
    """The queries of a panel."""

    range: TimeRangeIn
    targets: Annotated[list[TargetIn], Field(max_length=20, description="The queries.")]
    maxDataPoints: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=1000, description="Periods to show at most, which decides how long they are."
    )
    adhocFilters: Annotated[list[AdHocFilterIn], Field(max_length=20)] = Field(
        default=[], description="Filters of the whole dashboard."
    )


class VariableTargetIn(BaseModel):
    """Which variable is meant."""

    target: Word = Field(description="sources, speakers, types or countries.", examples=["sources"])
    q: Word | None = Field(default=None, description="Part of a name of a source or speaker.")


class VariableIn(BaseModel):
    """A query for the options of a variable."""

    payload: VariableTargetIn


class TagKeyIn(BaseModel):
    """Which ad hoc filter is meant."""

    key: Word = Field(description="What it goes by.", examples=["source"])
