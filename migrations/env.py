"""Alembic's entry: migrates the store that the settings, or the calling command, name."""

from alembic import context
from sqlmodel import SQLModel

import app.database.models  # noqa: F401  (fills the metadata)
from app.core.config import get_settings
from app.database.engine import create_store_engine
from migrations.compare import include_name

engine = context.config.attributes.get("engine") or create_store_engine(get_settings())

# The engine begins SQLite's transactions itself (app.database.engine), which makes its DDL transactional: a migration
# that fails leaves nothing behind.
with engine.execution_options(dateline_writes=True).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        transactional_ddl=True,
        render_as_batch=True,
        include_name=include_name,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
