"""Reservations."""

import sqlalchemy as sa
from alembic import op

revision = "m15_reservations"
down_revision = "m1_menu"


def upgrade():
    op.create_table(
        "reservations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("guest", sa.Text, nullable=False),
    )


def downgrade():
    op.drop_table("reservations")
