"""Apache Parquet, for programs that read tables by their columns: the columns of CSV, typed, and texts unchanged."""

import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from app.core.errors import NotInstalled
from app.formats.flat import Items, build_columns, get_column_types
from app.formats.list_info import ListInfo

# Rows of a row group: enough to compress well, and few enough to hold in memory.
_GROUP_SIZE = 10_000


def write(info: ListInfo, batches: Iterable[Items]) -> Iterator[bytes]:
    """Write one file of row groups; raise NotInstalled without pyarrow."""
    try:
        # Imported late: it takes a third of a second, and few requests need it.
        from pyarrow import parquet
    except ImportError:
        raise NotInstalled(
            "This server writes no Parquet: its operator would have to install the extra `parquet`."
        ) from None
    schema, buffer = _build_schema(info.shape), _DrainableBuffer()
    with parquet.ParquetWriter(buffer, schema) as writer:
        for columns in _group_rows(info.shape, batches):
            writer.write_table(_build_table(columns, schema))
            yield buffer.drain()
    yield buffer.drain()


def _group_rows(shape: type[BaseModel], batches: Iterable[Items]) -> Iterator[list[list[Any]]]:
    """Collect the columns of as many batches as fill a row group."""
    group: list[list[Any]] = [[] for _ in get_column_types(shape)]
    for items in batches:
        for column, cells in zip(group, build_columns(shape, items), strict=True):
            column.extend(cells)
        if len(group[0]) >= _GROUP_SIZE:
            yield group
            group = [[] for _ in group]
    if group[0]:
        yield group


def _build_schema(shape: type[BaseModel]) -> Any:
    import pyarrow as pa

    arrow_types = {
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        dt.date: pa.date32(),
        dt.datetime: pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([(name, arrow_types.get(kind, pa.string())) for name, kind in get_column_types(shape).items()])


def _build_table(columns: Sequence[Sequence[Any]], schema: Any) -> Any:
    import pyarrow as pa

    arrays = [pa.array(cells).cast(field.type) for cells, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


class _DrainableBuffer(io.RawIOBase):
    """An append-only file whose written bytes can be taken out at any time."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def drain(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
