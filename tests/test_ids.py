"""The filter by ids, which every list of records takes."""

from collections.abc import Sequence

import pytest
from fastapi.testclient import TestClient

from app.core.vocab import Noun
from app.database.engine import open_read_transaction
from app.database.models import NOUNS
from app.database.read_pool import ThreadReadSession, run_sync
from app.database.statements import PreparedSelect, Row, Values
from app.queries.listing import PageRequest
from app.queries.lists import LISTS
from tests.conftest import Store
from tests.data.lists import Item, items, pages, read
from tests.test_house_rules import assert_refused

MOST = 2**63 - 1


def ids(found: list[Item]) -> list[int]:
    return [item["id"] for item in found]


@pytest.mark.parametrize("noun", Noun)
def test_a_list_shows_the_records_that_are_named_as_it_shows_them_without(reader: TestClient, noun: Noun) -> None:
    every = items(reader, f"/{noun}?limit=500")
    wanted = every[::3]
    named = ",".join(str(ident) for ident in [*reversed(ids(wanted)), ids(wanted)[0], MOST, 999_999])

    assert wanted
    assert items(reader, f"/{noun}?limit=500&id={named}") == wanted
    assert read(reader, f"/{noun}?id={named}&count=exact&limit=1")["count"] == len(wanted)
    assert [item for page in pages(reader, f"/{noun}?id={named}&limit=2") for item in page] == wanted


@pytest.mark.parametrize("noun", Noun)
def test_of_records_that_are_not_there_nothing_is_shown(reader: TestClient, noun: Noun) -> None:
    assert items(reader, f"/{noun}?id={MOST}") == []
    assert items(reader, f"/{noun}?id=9999999999999999999") == []  # more than an id can be


def test_other_filters_hold_as_well(reader: TestClient) -> None:
    direct = ids(items(reader, "/statements?limit=500&kind=direct"))
    indirect = ids(items(reader, "/statements?limit=500&kind=indirect"))
    named = ",".join(map(str, direct[:2] + indirect[:2]))

    assert ids(items(reader, f"/statements?id={named}&kind=direct")) == direct[:2]
    assert items(reader, f"/statements?id={named}&kind=mixed") == []


@pytest.mark.before_the_database
@pytest.mark.parametrize("text", ["", "0", "-1", "01", "1,", ",1", "1,,2", "1;2", "1 2", "putin", "1.0", "٣", "1" * 20])
def test_what_is_no_list_of_ids_is_refused(reader: TestClient, text: str) -> None:
    for noun in LISTS:
        assert_refused(reader.get(f"/{noun}", params={"id": text}), "id")


class Explained(ThreadReadSession):
    """Reads that also keep the plan of each statement."""

    plan = ""

    def _run(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        text = statement.sqlite
        steps = self.session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {text.sql}", tuple(text.parameters(values))
        )
        self.plan += "".join(f"{step[3]}\n" for step in steps)
        return super()._run(statement, values)


@pytest.mark.before_the_database
@pytest.mark.parametrize("query", [{}, {"from": "1900-01-01", "to": "2100-12-31"}], ids=["plain", "dated"])
@pytest.mark.parametrize("noun", Noun)
def test_the_records_are_looked_up_not_met_on_a_walk(shared_store: Store, noun: Noun, query: dict[str, str]) -> None:
    filters = LISTS[noun].filters.model_validate({"id": "1,2,3", **query})
    with open_read_transaction(shared_store.engine) as session:
        reads = Explained(session)
        run_sync(run_sync(LISTS[noun].get_listing(reads, filters)).page(reads, PageRequest(filters.sort, 100)))

    looked_up = f"SEARCH {NOUNS[noun].__tablename__} USING INTEGER PRIMARY KEY (rowid=?)\nLIST SUBQUERY"
    assert looked_up in reads.plan
