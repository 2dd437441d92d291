"""The ledger of money; what was paid before is entered without a receipt number."""

from collections import defaultdict
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "till",
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("receipt", sa.BigInteger(), nullable=False),
        sa.Column("day_end", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", name="pk_till"),
    )
    op.create_table(
        "money_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("request", sa.Integer()),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("receipt", sa.BigInteger()),
        sa.Column("method", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(100), nullable=False),
        sa.Column("amount", sa.String(24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_money_entry_request"),
        sa.PrimaryKeyConstraint("id", name="pk_money_entry"),
        sa.UniqueConstraint("device", "receipt", name="uq_money_entry_device_receipt"),
    )
    op.create_index("ix_money_entry_request", "money_entry", ["request"])
    op.create_index("ix_money_entry_device_id", "money_entry", ["device", "id"])
    op.create_table(
        "posting",
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("amount", sa.String(24), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["money_entry.id"], name="fk_posting_entry"),
        sa.PrimaryKeyConstraint("entry", "account", name="pk_posting"),
    )
    op.create_table(
        "day_end",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_day_end"),
        sa.UniqueConstraint("device", "number", name="uq_day_end_device_number"),
    )
    op.create_table(
        "payment_option",
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("option", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["ticket_request.id"], name="fk_payment_option_request"
        ),
        sa.PrimaryKeyConstraint("request", name="pk_payment_option"),
    )
    _enter_what_was_paid(op.get_bind())


def _enter_what_was_paid(connection: sa.Connection) -> None:
    sold: dict[int, dict[str, Decimal]] = defaultdict(dict)
    lines = connection.execute(
        sa.text(
            "SELECT request, product, price, quantity FROM request_line JOIN ticket_request "
            "ON ticket_request.id = request WHERE status = 'confirmed' ORDER BY request, number"
        )
    )
    for request, product, price, quantity in lines:
        account = f"sales:{product}"
        before = sold[request].get(account, Decimal(0))
        sold[request][account] = before - Decimal(price) * quantity
    paid = connection.execute(sa.text("SELECT * FROM payment ORDER BY id")).mappings().all()
    for row in paid:
        how = {name: row[name] for name in ("method", "reference", "amount")}
        sales = sold.pop(row["request"], {})
        sales["receivable"] = -sum(sales.values(), Decimal(0))
        _enter(connection, row, {"kind": "sale", "amount": "0"}, sales)
        amount = Decimal(row["amount"])
        postings = {f"paid:{row['method']}:{row['who']}": amount, "receivable": -amount}
        _enter(connection, row, {"kind": "payment", **how}, postings)


def _enter(
    connection: sa.Connection,
    row: sa.RowMapping,
    columns: dict[str, str],
    postings: dict[str, Decimal],
) -> None:
    """`row` is the payment; what comes to nothing is left out."""
    real = {account: amount for account, amount in postings.items() if amount}
    if not real:
        return
    entry = connection.scalar(
        sa.text(
            "INSERT INTO money_entry "
            "(at, device, kind, request, currency, method, reference, amount, reason) VALUES "
            "(:at, :device, :kind, :request, :currency, :method, :reference, :amount, '') "
            "RETURNING id"
        ),
        {"method": "", "reference": "", "at": row["at"], "device": row["who"], **columns}
        | {"request": row["request"], "currency": row["currency"]},
    )
    for account, amount in real.items():
        connection.execute(
            sa.text("INSERT INTO posting (entry, account, amount) VALUES (:entry, :a, :b)"),
            {"entry": entry, "a": account, "b": f"{amount:f}"},
        )
