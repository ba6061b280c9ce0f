"""The five operations that every noun has alike: one, create, update, delete. Lists are each noun's own."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlmodel import Session

from app.ingest import store
from app.models import Record
from app.routers import answers
from app.schemas.common import Input
from app.web.deps import Address, AsOf, RecordId
from app.web.reading import ReadDep
from app.web.writer import CHANGE, CREATE, WriterDep

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
    add: Callable[[Session, C], R] | None,
    change: Callable[[Session, R, U], R],
    on_delete: str,
) -> None:
    """Give ``router`` the operations on one record of ``model``.

    ``on_delete`` tells users what becomes of what hangs on it. Without ``add`` the noun has a way of its own to
    create one.
    """
    assert model.noun is not None
    noun, one = model.noun, model.noun.removesuffix("s")
    by_slug = "slug" in model.model_fields
    address, ref = ("/{slug}", Address) if by_slug else ("/{id}", RecordId)
    shown: dict[str, Any] = {"response_model": public}

    @router.get(address, name=f"get_{one}", summary=f"One {one}", responses=answers.ONE, **shown)
    async def get_one(read: ReadDep, ref: ref, as_of: AsOf = None) -> Response:  # type: ignore[valid-type]
        return await answers.one(read, noun, ref, as_of)

    if add is not None:

        @router.post("", name=f"create_{one}", summary=f"Create one {one}", status_code=201, responses=CREATE, **shown)
        def create_one(writer: WriterDep, body: create) -> Response:  # type: ignore[valid-type]
            with writer.transaction() as session:
                return writer.answer(session, 201, add(session, body))

    @router.patch(address, name=f"update_{one}", summary=f"Change one {one}", responses=CHANGE, **shown)
    def update_one(writer: WriterDep, ref: ref, body: update) -> Response:  # type: ignore[valid-type]
        """Only the fields that the body names."""
        with writer.transaction() as session:
            return writer.answer(session, 200, change(session, writer.find(session, model, ref), body))

    @router.delete(
        address,
        name=f"delete_{one}",
        summary=f"Delete one {one}",
        description=f"{on_delete} Its history stays.",
        status_code=204,
        responses=CHANGE,
    )
    def delete_one(writer: WriterDep, ref: ref) -> Response:  # type: ignore[valid-type]
        with writer.transaction() as session:
            store.delete(session, writer.find(session, model, ref))
            return writer.answer(session, 204)
