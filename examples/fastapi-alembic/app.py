"""A restaurant: its menu is old, reservations and budgets come with this release."""

import os

import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI
from tables import budgets, engine, menu, reservations

app = FastAPI()


def rows(table: sa.Table) -> list[dict]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


@app.get("/health")
def health():
    return {"ok": True}


@app.get("/api/menu")
def read_menu():
    return rows(menu)


@app.get("/api/reservations")
def read_reservations():
    return rows(reservations)


@app.get("/api/budgets")
def read_budgets():
    return rows(budgets)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("APP_PORT", "3000")), log_level="warning")
