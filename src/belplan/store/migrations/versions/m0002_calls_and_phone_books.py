"""Calls and phone books."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("uuid", sa.String(length=64), nullable=False),
        sa.Column("company", sa.String(length=32), nullable=False),
        sa.Column("arrived", sa.BigInteger(), nullable=False),
        sa.Column("lasted", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("callee", sa.String(length=64), nullable=False),
        sa.Column("dial_plan", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.Integer(), nullable=False),
        sa.Column("connected_to", sa.String(length=200), nullable=True),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        sa.Column("webhook", sa.String(length=10), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["companies.id"], name=op.f("fk_calls_company"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_calls")),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calls_company_arrived_uuid"), ["company", "arrived", "uuid"], unique=False)
        batch_op.create_index(batch_op.f("ix_calls_company_callee"), ["company", "callee"], unique=False)
        batch_op.create_index(batch_op.f("ix_calls_company_caller"), ["company", "caller"], unique=False)

    op.create_table(
        "phone_book",
        sa.Column("company", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["companies.id"], name=op.f("fk_phone_book_company"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("company", "number", name=op.f("pk_phone_book")),
    )
