"""Budgets."""

import sqlalchemy as sa
from alembic import op

revision = "e22_franchise_budgets"
down_revision = "m15_reservations"


def upgrade():
    op.create_table(
        "franchise_budgets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
    )


def downgrade():
    op.drop_table("franchise_budgets")
