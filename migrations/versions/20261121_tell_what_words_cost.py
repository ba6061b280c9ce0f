"""tell PostgreSQL that to cut a text into words is dear, so that it uses the index of what is cut already

Revision ID: 0007
Revises: 0006
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _cost(5_000)


def downgrade() -> None:
    _cost(100)


def _cost(operators: int) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER FUNCTION dateline_words(text, text) COST {operators}")
