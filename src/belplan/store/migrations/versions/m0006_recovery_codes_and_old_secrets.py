"""Recovery codes of second factors; secrets of event webhooks that are being replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_recovery_codes_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "digest", name=op.f("pk_recovery_codes")),
    )
    op.add_column("event_webhooks", sa.Column("old_secret", sa.LargeBinary(), nullable=True))
    op.add_column("event_webhooks", sa.Column("old_until", sa.BigInteger(), nullable=True))
