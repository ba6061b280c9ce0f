"""Apache Parquet, for what reads tables by their columns: the columns of CSV, typed, and nothing put before a text."""

import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from app.core.errors import NotInstalled
from app.formats.flat import Items, table, types
from app.formats.listed import Listed

# Rows that are compressed together: enough to do so well, and all that is held in memory.
_GROUP = 10_000


def write(listed: Listed, batches: Iterable[Items]) -> Iterator[bytes]:
    """One file of row groups; raises NotInstalled where pyarrow is not."""
    try:
        # Here, since it takes a third of a second and is needed by few.
        from pyarrow import parquet
    except ImportError:
        raise NotInstalled(
            "This server writes no Parquet: its operator would have to install the extra `parquet`."
        ) from None
    schema, pipe = _schema(listed.shape), _Pipe()
    with parquet.ParquetWriter(pipe, schema) as writer:
        for rows in _groups(listed.shape, batches):
            writer.write_table(_typed(rows, schema))
            yield pipe.taken()
    yield pipe.taken()


def _groups(shape: type[BaseModel], batches: Iterable[Items]) -> Iterator[list[list[Any]]]:
    """The cells of each column, of about so many rows as make a row group."""
    group: list[list[Any]] = [[] for _ in types(shape)]
    for items in batches:
        for column, cells in zip(group, table(shape, items), strict=True):
            column.extend(cells)
        if len(group[0]) >= _GROUP:
            yield group
            group = [[] for _ in group]
    if group[0]:
        yield group


def _schema(shape: type[BaseModel]) -> Any:
    import pyarrow as pa

    of = {
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        dt.date: pa.date32(),
        dt.datetime: pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([(name, of.get(kind, pa.string())) for name, kind in types(shape).items()])


def _typed(columns: Sequence[Sequence[Any]], schema: Any) -> Any:
    import pyarrow as pa

    arrays = [pa.array(cells).cast(field.type) for cells, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


class _Pipe(io.RawIOBase):
    """A file that is written at its end only, and gives away what was written."""

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

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
