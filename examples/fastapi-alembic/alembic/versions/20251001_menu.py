"""The menu."""

import sqlalchemy as sa
from alembic import op

revision = "m1_menu"
down_revision = None


def upgrade():
    op.create_table(
        "menu",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("dish", sa.Text, nullable=False),
    )


def downgrade():
    op.drop_table("menu")
