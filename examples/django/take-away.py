"""What somebody does by hand at three in the morning: the column goes, the ledger stays."""

import os

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as database:
    database.execute('ALTER TABLE shop_order DROP COLUMN "note"')
