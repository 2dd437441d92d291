"""The coat check: cloakrooms, racks, tags, coat tickets, pictures, pre-registrations."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    _make_cloakrooms()
    _make_tickets()
    _make_pieces()
    op.create_table(
        "coat_entry",
        sa.Column("secret", sa.String(40), nullable=False),
        sa.Column("cloakroom", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        _of("coat_entry", "cloakroom", "cloakroom"),
        sa.PrimaryKeyConstraint("secret", name="pk_coat_entry"),
    )
    op.create_index("ix_coat_entry_cloakroom_made_at", "coat_entry", ["cloakroom", "made_at"])
    op.create_table(
        "coat_try",
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("who", name="pk_coat_try"),
    )


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}")


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), autoincrement=True, nullable=False)


def _make_cloakrooms() -> None:
    op.create_table(
        "cloakroom",
        _id(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("payment", sa.String(10), nullable=False),
        sa.Column("price", sa.String(24), nullable=False),
        sa.Column("tax_percent", sa.String(24), nullable=False),
        sa.Column("closes", sa.String(5), nullable=False),
        sa.Column("kept_days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cloakroom"),
        sa.UniqueConstraint("name", name="uq_cloakroom_name"),
    )
    op.create_table(
        "coat_rack",
        _id(),
        sa.Column("cloakroom", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        _of("coat_rack", "cloakroom", "cloakroom"),
        sa.PrimaryKeyConstraint("id", name="pk_coat_rack"),
        sa.UniqueConstraint("cloakroom", "name", name="uq_coat_rack_cloakroom_name"),
    )
    op.create_table(
        "coat_tag",
        _id(),
        sa.Column("cloakroom", sa.Integer(), nullable=False),
        sa.Column("rack", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(100), nullable=True),
        sa.Column("state", sa.String(8), nullable=False),
        _of("coat_tag", "cloakroom", "cloakroom"),
        _of("coat_tag", "rack", "coat_rack"),
        sa.PrimaryKeyConstraint("id", name="pk_coat_tag"),
        sa.UniqueConstraint("code", name="uq_coat_tag_code"),
        sa.UniqueConstraint("cloakroom", "text", name="uq_coat_tag_cloakroom_text"),
    )
    op.create_index("ix_coat_tag_rack", "coat_tag", ["rack"])


def _make_tickets() -> None:
    op.create_table(
        "coat_ticket",
        _id(),
        sa.Column("cloakroom", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(4), nullable=False),
        sa.Column("secret", sa.String(40), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("price", sa.String(24), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("paid", sa.String(24), nullable=False),
        sa.Column("receipt", sa.String(60), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_by", sa.String(40), nullable=False),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        _of("coat_ticket", "cloakroom", "cloakroom"),
        sa.PrimaryKeyConstraint("id", name="pk_coat_ticket"),
        sa.UniqueConstraint("secret", name="uq_coat_ticket_secret"),
    )
    op.create_index("ix_coat_ticket_phone", "coat_ticket", ["phone"])
    op.create_index("ix_coat_ticket_fetched_at", "coat_ticket", ["fetched_at"])
    op.create_index("ix_coat_ticket_cloakroom_made_at", "coat_ticket", ["cloakroom", "made_at"])
    _make_index("uq_coat_ticket_open_code", "coat_ticket", ["cloakroom", "code"], "fetched_at")
    _make_index("ix_coat_ticket_kept", "coat_ticket", ["cloakroom"], "forgotten_at", unique=False)


def _make_pieces() -> None:
    op.create_table(
        "coat_piece",
        _id(),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("tag", sa.Integer(), nullable=False),
        sa.Column("hung_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_by", sa.String(40), nullable=False),
        _of("coat_piece", "ticket", "coat_ticket"),
        _of("coat_piece", "tag", "coat_tag"),
        sa.PrimaryKeyConstraint("id", name="pk_coat_piece"),
    )
    op.create_index("ix_coat_piece_ticket", "coat_piece", ["ticket"])
    op.create_index("ix_coat_piece_tag_id", "coat_piece", ["tag", "id"])
    op.create_index("ix_coat_piece_hung_at", "coat_piece", ["hung_at"])
    op.create_index("ix_coat_piece_fetched_at", "coat_piece", ["fetched_at"])
    _make_index("uq_coat_piece_hanging", "coat_piece", ["tag"], "off_at")
    for table, last in (
        ("coat_picture", sa.Column("jpeg", sa.LargeBinary(), nullable=False)),
        ("coat_history", sa.Column("what", sa.Text(), nullable=False)),
    ):
        op.create_table(
            table,
            _id(),
            sa.Column("ticket", sa.Integer(), nullable=False),
            sa.Column("at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("who", sa.String(40), nullable=False),
            last,
            _of(table, "ticket", "coat_ticket"),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_ticket", table, ["ticket"])
    op.create_index("ix_coat_history_at", "coat_history", ["at"])


def _make_index(
    name: str, table: str, columns: list[str], unless: str, *, unique: bool = True
) -> None:
    """Of the rows where the column `unless` is empty."""
    only = sa.text(f"{unless} IS NULL")
    op.create_index(name, table, columns, unique=unique, sqlite_where=only, postgresql_where=only)
