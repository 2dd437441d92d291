"""Places are taken by a line in any number of time slots; windows of single attractions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "line_slot",
        sa.Column("request", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["time_slot.id"], name="fk_line_slot_slot"),
        sa.ForeignKeyConstraint(
            ["request", "line"],
            ["request_line.request", "request_line.number"],
            name="fk_line_slot_request_line",
        ),
        sa.PrimaryKeyConstraint("request", "line", "slot", name="pk_line_slot"),
    )
    op.execute(
        "INSERT INTO line_slot (request, line, slot, places)"
        " SELECT request, number, slot, places FROM request_line WHERE slot IS NOT NULL"
    )
    op.create_index("ix_line_slot_slot_request_places", "line_slot", ["slot", "request", "places"])
    op.drop_index("ix_request_line_slot", "request_line")
    with op.batch_alter_table("request_line") as line:
        line.drop_constraint("fk_request_line_slot", type_="foreignkey")
        line.drop_column("places")
        line.add_column(sa.Column("entitled", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "ticket_window",
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("attraction", sa.String(40), nullable=False),
        sa.Column("slot", sa.String(64)),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_ticket_window_ticket"),
        sa.ForeignKeyConstraint(["slot"], ["time_slot.id"], name="fk_ticket_window_slot"),
        sa.PrimaryKeyConstraint("ticket", "attraction", name="pk_ticket_window"),
    )
    op.create_index("ix_ticket_window_slot", "ticket_window", ["slot"])
