"""The five operations that every noun has alike: one, create, update, delete. Lists are each noun's own."""

from collections.abc import Callable
from typing import Any, TypeVar

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
    """Give ``router`` the operations on one record of ``model``.

    ``on_delete`` tells users what becomes of what hangs on it. Without ``add`` the noun has a way of its own to
    create one. ``show`` makes what is answered of the record as the database gives it.
    """
    _, one, address, ref = _addressed(model)
    shown: dict[str, Any] = {"response_model": public}
    add_reading(router, model, public=public, render=render)

    if add is not None:

        @router.post("", name=f"create_{one}", summary=f"Create one {one}", status_code=201, responses=CREATE, **shown)
        def create_one(write: WriteDep, body: create) -> Response:  # type: ignore[valid-type]
            with write.open_transaction() as session:
                return write.build_response(session, 201, add(session, body), render=render)

    @router.patch(address, name=f"update_{one}", summary=f"Change one {one}", responses=CHANGE, **shown)
    def update_one(write: WriteDep, ref: ref, body: update) -> Response:  # type: ignore[valid-type]
        """Only the fields that the body names."""
        with write.open_transaction() as session:
            return write.build_response(
                session, 200, change(session, write.find_record(session, model, ref), body), render=render
            )

    add_deletion(router, model, on_delete=on_delete)


def add_reading(
    router: APIRouter, model: type[Record], *, public: type[BaseModel], render: Renderer | None = None
) -> None:
    """Give ``router`` the reading of one record of ``model``."""
    noun, one, address, ref = _addressed(model)

    @router.get(address, name=f"get_{one}", summary=f"One {one}", responses=responses.RECORD, response_model=public)
    async def get_one(read: ReadDep, ref: ref, as_of: AsOf = None) -> Response:  # type: ignore[valid-type]
        return await responses.build_record(read, noun, ref, as_of, render)


def add_deletion(router: APIRouter, model: type[Record], *, on_delete: str) -> None:
    """Give ``router`` the deletion of one record of ``model``."""
    _, one, address, ref = _addressed(model)

    @router.delete(
        address,
        name=f"delete_{one}",
        summary=f"Delete one {one}",
        description=f"{on_delete} Its history stays.",
        status_code=204,
        responses=CHANGE,
    )
    def delete_one(write: WriteDep, ref: ref) -> Response:  # type: ignore[valid-type]
        with write.open_transaction() as session:
            records.delete(session, write.find_record(session, model, ref))
            return write.build_response(session, 204)


def _addressed(model: type[Record]) -> tuple[Noun, str, str, Any]:
    """The noun of ``model``, what one of them is called, and the address of one with the type of what stands in it."""
    assert model.noun is not None
    place: tuple[str, Any] = ("/{slug}", SlugOrId) if "slug" in model.model_fields else ("/{id}", RecordId)
    return model.noun, model.noun.singular, *place
