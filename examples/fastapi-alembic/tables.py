"""What the release expects of the database."""

import os

import sqlalchemy as sa

metadata = sa.MetaData()
# SQLAlchemy names the driver in the URL; psycopg is version 3 of it.
engine = sa.create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1))

menu = sa.Table(
    "menu",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("dish", sa.Text, nullable=False),
)
reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("guest", sa.Text, nullable=False),
)
budgets = sa.Table(
    "franchise_budgets",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("amount", sa.Numeric(12, 2), nullable=False),
)
