"""Add the operations that every noun has alike: get, create, update and delete. Lists are each noun's own."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.api.routers import responses
from app.api.web.reads import ReadDep
from app.api.web.requests import AsOf, RecordId, SlugOrId
from app.api.web.writes import CHANGE, CREATE, Renderer, WriteDep
from app.core.vocab import Noun
from app.database.models import Record
from app.schemas.common import Input
from app.store import records
from app.store.revisions import WriteSession

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Input)
U = TypeVar("U", bound=Input)


class Addressing(NamedTuple):
    """The names of a kind of record, and the address of one of them with the type of its parameter."""

    noun: Noun
    singular: str
    address: str
    parameter: Any


def add_operations(
    router: APIRouter,
    model: type[R],
    *,
    public: type[BaseModel],
    create: type[C],
    update: type[U],
    add: Callable[[WriteSession, C], R] | None,
    change: Callable[[WriteSession, R, U], R],
    on_delete: str,
    render: Renderer | None = None,
) -> None:
    """Add the operations on one record of ``model`` to ``router``.

    ``on_delete`` tells users the effect on related records. Without ``add``, the noun has its own route to create one.
    ``render`` turns the record as the database builds it into the response.
    """
    _, singular, address, ref = _get_addressing(model)
    shape: dict[str, Any] = {"response_model": public}
    add_get(router, model, public=public, render=render)

    if add is not None:

        @router.post(
            "", name=f"create_{singular}", summary=f"Create one {singular}", status_code=201, responses=CREATE, **shape
        )
        def create_one(write: WriteDep, body: create) -> Response:  # type: ignore[valid-type]
            with write.open_transaction() as session:
                return write.build_response(session, 201, add(session, body), render=render)

    @router.patch(address, name=f"update_{singular}", summary=f"Change one {singular}", responses=CHANGE, **shape)
    def update_one(write: WriteDep, ref: ref, body: update) -> Response:  # type: ignore[valid-type]
        """Only the fields that the body names."""
        with write.open_transaction() as session:
            return write.build_response(
                session, 200, change(session, write.find_record(session, model, ref), body), render=render
            )

    add_delete(router, model, on_delete=on_delete)


def add_get(router: APIRouter, model: type[Record], *, public: type[BaseModel], render: Renderer | None = None) -> None:
    """Add the operation that returns one record of ``model`` to ``router``."""
    noun, singular, address, ref = _get_addressing(model)

    @router.get(
        address, name=f"get_{singular}", summary=f"One {singular}", responses=responses.RECORD, response_model=public
    )
    async def get_one(read: ReadDep, ref: ref, as_of: AsOf = None) -> Response:  # type: ignore[valid-type]
        return await responses.build_record(read, noun, ref, as_of, render)


def add_delete(router: APIRouter, model: type[Record], *, on_delete: str) -> None:
    """Add the operation that deletes one record of ``model`` to ``router``."""
    _, singular, address, ref = _get_addressing(model)

    @router.delete(
        address,
        name=f"delete_{singular}",
        summary=f"Delete one {singular}",
        description=f"{on_delete} Its history stays.",
        status_code=204,
        responses=CHANGE,
    )
    def delete_one(write: WriteDep, ref: ref) -> Response:  # type: ignore[valid-type]
        with write.open_transaction() as session:
            records.delete(session, write.find_record(session, model, ref))
            return write.build_response(session, 204)


def _get_addressing(model: type[Record]) -> Addressing:
    """Return the names and the address of the records of ``model``."""
    assert model.noun is not None
    if "slug" in model.model_fields:
        return Addressing(model.noun, model.noun.singular, "/{slug}", SlugOrId)
    return Addressing(model.noun, model.noun.singular, "/{id}", RecordId)
