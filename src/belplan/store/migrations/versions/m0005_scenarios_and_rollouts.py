"""Scenarios of companies, whether publishing needs them, shadows and rollouts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _company(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.ForeignKeyConstraint(["company"], ["companies.id"], name=op.f(f"fk_{table}_company"), ondelete="CASCADE"),
    ]


def upgrade() -> None:
    op.create_table(
        "scenarios",
        sa.Column("company", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_company("scenarios"),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_scenarios")),
    )
    op.create_table(
        "publishing",
        sa.Column("company", sa.String(length=32), nullable=False),
        sa.Column("scenarios_required", sa.Boolean(), nullable=False),
        *_company("publishing"),
        sa.PrimaryKeyConstraint("company", name=op.f("pk_publishing")),
    )
    op.create_table(
        "shadows",
        sa.Column("company", sa.String(length=32), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        *_company("shadows"),
        sa.PrimaryKeyConstraint("company", name=op.f("pk_shadows")),
    )
    op.create_table(
        "rollouts",
        sa.Column("company", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_company("rollouts"),
        sa.PrimaryKeyConstraint("company", name=op.f("pk_rollouts")),
    )
