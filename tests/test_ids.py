"""The filter `id` of all lists of records."""

from collections.abc import Sequence

import pytest
from fastapi.testclient import TestClient

from app.core.vocab import Noun
from app.database.engine import open_read_transaction
from app.database.models import NOUNS
from app.database.reads import PreparedSelect, Row, ThreadReadSession, Values, run_sync
from app.queries.listing import PageRequest
from app.queries.lists import LISTS
from tests.conftest import Store
from tests.data.lists import Item, items, pages, read
from tests.test_house_rules import assert_refused

LARGEST = 2**63 - 1


def ids_of(records: list[Item]) -> list[int]:
    return [item["id"] for item in records]


def test_list_with_ids_has_only_their_records(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in Noun:
        with subtests.test(str(noun)):
            expected = items(reader, f"/{noun}?limit=500")[::3]
            ids = ids_of(expected)
            query = ",".join(str(ident) for ident in [*reversed(ids), ids[0], LARGEST, 999_999])

            assert expected
            assert items(reader, f"/{noun}?limit=500&id={query}") == expected
            assert read(reader, f"/{noun}?id={query}&count=exact&limit=1")["count"] == len(expected)
            assert [item for page in pages(reader, f"/{noun}?id={query}&limit=2") for item in page] == expected


def test_list_with_unknown_ids_is_empty(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in Noun:
        with subtests.test(str(noun)):
            assert items(reader, f"/{noun}?id={LARGEST}") == []
            assert items(reader, f"/{noun}?id=9999999999999999999") == []  # larger than any id


def test_ids_combine_with_other_filters(reader: TestClient) -> None:
    direct = ids_of(items(reader, "/statements?limit=500&kind=direct"))
    indirect = ids_of(items(reader, "/statements?limit=500&kind=indirect"))
    query = ",".join(map(str, direct[:2] + indirect[:2]))

    assert ids_of(items(reader, f"/statements?id={query}&kind=direct")) == direct[:2]
    assert items(reader, f"/statements?id={query}&kind=mixed") == []


@pytest.mark.before_the_database
def test_malformed_ids_are_a_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for text in ("", "0", "-1", "01", "1,", ",1", "1,,2", "1;2", "1 2", "putin", "1.0", "٣", "1" * 20):
        with subtests.test(text):
            for noun in LISTS:
                assert_refused(reader.get(f"/{noun}", params={"id": text}), "id")


class ExplainedReads(ThreadReadSession):
    """A read session that records the query plan of each statement."""

    plan = ""

    def _run(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        text = statement.sqlite
        steps = self.session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {text.sql}", tuple(text.parameters(values))
        )
        self.plan += "".join(f"{step[3]}\n" for step in steps)
        return super()._run(statement, values)


@pytest.mark.before_the_database
def test_ids_are_looked_up_in_the_primary_key(shared_store: Store, subtests: pytest.Subtests) -> None:
    for noun in Noun:
        for query in ({}, {"from": "1900-01-01", "to": "2100-12-31"}):
            with subtests.test(str(noun), query=query):
                filters = LISTS[noun].filters.model_validate({"id": "1,2,3", **query})
                with open_read_transaction(shared_store.engine) as session:
                    reads = ExplainedReads(session)
                    listing = run_sync(LISTS[noun].get_listing(reads, filters))
                    run_sync(listing.page(reads, PageRequest(filters.sort, 100)))

                lookup = f"SEARCH {NOUNS[noun].__tablename__} USING INTEGER PRIMARY KEY (rowid=?)\nLIST SUBQUERY"
                assert lookup in reads.plan
