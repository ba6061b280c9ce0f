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
    title: str = Field(description="Title of the event, or the speaker; escaped, since Grafana takes it for HTML.")
    text: str = Field(description="Outlets of the event, or the words of the statement; escaped likewise.")
    tags: list[str] = Field(description="Type or kind, country, speaker and outlets: words and slugs.")


class VariablePublic(BaseModel):
    """An option of a variable."""

    text: str = Field(alias="__text", description="The text to show.")
    value: str = Field(alias="__value", description="The value in a filter.")


class OptionPublic(BaseModel):
    """A value that can be chosen."""

    label: str = Field(description="The text to show.")
    value: str = Field(description="The value to send.")


class PayloadPublic(BaseModel):
    """An option of a metric."""

    name: str
    label: str = Field(description="The text to show.")
    type: Literal["select", "multi-select", "input"] = Field(description="The kind of input.")
    options: list[OptionPublic] = Field(
        default=[], description="The values to choose from; if empty, a request of its own lists them."
    )


class MetricPublic(BaseModel):
    """A metric of panels."""

    label: str = Field(description="The text to show.")
    value: str = Field(description="The value to send.")
    payloads: list[PayloadPublic] = Field(description="Its options.")


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

    type: Literal["table"] = Field(description="Always `table`.")
    refId: str | None = Field(description="The query that it answers.")
    columns: list[ColumnPublic] = Field(description="The columns, in the order of the cells.")
    rows: list[list[str | int | float | None]] = Field(description="The records.")


class TagKeyPublic(BaseModel):
    """A key of ad hoc filters."""

    type: Literal["string"] = Field(description="Of its values.")
    text: str


class TagValuePublic(BaseModel):
    """A value of an ad hoc filter."""

    text: str


PayloadValue = Word | bool | int | list[Word | int] | None
Payload = Annotated[dict[Word, PayloadValue], Field(max_length=50)]


class MetricsIn(BaseModel):
    """The current choice; the answer does not depend on it."""

    metric: Word | None = Field(default=None, description="The chosen metric.")
    payload: Payload | None = Field(default=None, description="Its chosen options.")


class PayloadOptionsIn(MetricsIn):
    """A request for the values of an option."""

    name: Word = Field(description="Name of the payload.")


class TimeRangeIn(BaseModel):
    """The dashboard's range of time."""

    from_: RangeEnd = Field(alias="from", description="First day, or a moment in it.")
    to: RangeEnd = Field(description="Last day, or a moment in it.")


class TargetIn(BaseModel):
    """A query of a panel."""

    target: Word = Field(description="The metric.", examples=["events"])
    refId: Word | None = Field(default=None, description="Grafana's name for the query.")
    payload: Payload | None = Field(default=None, description="Options of the metric.")


class AdHocFilterIn(BaseModel):
    """A filter of the whole dashboard."""

    key: Word = Field(description="The key to filter by.")
    operator: Literal["="] = Field(default="=", description="Only equality.")
    value: Word = Field(description="The value to filter by.")


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
    """The name of a variable, and a search text."""

    target: Word = Field(description="sources, speakers, types or countries.", examples=["sources"])
    q: Word | None = Field(default=None, description="Part of a name of a source or speaker.")


class VariableIn(BaseModel):
    """A query for the options of a variable."""

    payload: VariableTargetIn


class TagKeyIn(BaseModel):
    """The key of an ad hoc filter."""

    key: Word = Field(description="The key to filter by.", examples=["source"])
