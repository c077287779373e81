"""The tables. Declared here, created and changed by the scripts in `migrations`; a test holds the two together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, Dialect, Index, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from ordo.adapters.moments import from_microseconds, to_microseconds
from ordo.adapters.sql.words import Words

PLACES = text("operation = 'PLACE'")
MODIFIES = text("operation = 'MODIFY'")
UNSETTLED = text("state IN ('OPEN', 'UNKNOWN')")
NOT_FAILED = text("state <> 'FAILED'")
CHANGING = text("operation = 'MODIFY' AND state IN ('OPEN', 'UNKNOWN')")


class Moment(TypeDecorator[datetime]):
    """An aware time as whole microseconds since 1970 in UTC: exact, and in the order of time."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = BigInteger
    cache_ok: bool | None = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:  # noqa: ARG002
        return _written

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:  # noqa: ARG002
        return _read


def _written(value: datetime | None) -> int | None:
    return None if value is None else to_microseconds(value)


def _read(value: int | None) -> datetime | None:
    return None if value is None else from_microseconds(value)


class Db(DeclarativeBase):
    """What all tables share."""

    type_annotation_map = {str: Words, int: BigInteger, date: Date, datetime: Moment}  # noqa: RUF012  (SQLAlchemy's own form)


class DbSession(Db):
    """One account's session with one broker. Tokens are sealed; `metadata_json` holds no secret."""

    __tablename__ = "session"

    adapter_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(primary_key=True)
    access_token_encrypted: Mapped[str]
    refresh_token_encrypted: Mapped[str | None]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    suspect: Mapped[bool]
    metadata_json: Mapped[str]


class DbIdempotencyRecord(Db):
    """One intent: the write-ahead record of a write, the order as it is known, and the answer to repeat.

    `likeness`, of placements only, is what a second one under another key must not share within a moment.
    `response_snapshot_json` is what the first caller was told, `failure_json` the error if it was one,
    `order_json` the latest knowledge, as of `order_updated_at`.
    """

    __tablename__ = "idempotency_record"
    __table_args__ = (
        Index(
            "idempotency_record_placed_order",
            "order_id",
            unique=True,
            sqlite_where=PLACES,
            postgresql_where=PLACES,
        ),
        Index(
            "idempotency_record_changing",
            "order_id",
            unique=True,
            sqlite_where=CHANGING,
            postgresql_where=CHANGING,
        ),
        Index("idempotency_record_modified", "order_id", sqlite_where=MODIFIES, postgresql_where=MODIFIES),
        Index(
            "idempotency_record_unsettled",
            "account",
            "likeness",
            "created_at",
            sqlite_where=UNSETTLED,
            postgresql_where=UNSETTLED,
        ),
        Index("idempotency_record_account", "account", "created_at"),
        Index("idempotency_record_expiry", "expires_at"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str]
    fingerprint: Mapped[str]
    state: Mapped[str]
    account: Mapped[str]
    order_id: Mapped[str]
    likeness: Mapped[str | None]
    order_json: Mapped[str]
    order_updated_at: Mapped[datetime]
    change_json: Mapped[str | None]
    response_snapshot_json: Mapped[str | None]
    failure_json: Mapped[str | None]
    correlation_id: Mapped[str]
    owner: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class DbKillSwitch(Db):
    """The one switch, in the row with id 1."""

    __tablename__ = "kill_switch"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    reason: Mapped[str]


class DbAccountKillSwitch(Db):
    """The switch of one account, written `ADAPTER_ID/ACCOUNT_ID`."""

    __tablename__ = "account_kill_switch"

    account: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    reason: Mapped[str]


class DbCircuitBreakerState(Db):
    """Where the circuit of one kind of call at one broker stands, since `changed_at`."""

    __tablename__ = "circuit_breaker_state"

    adapter_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    failure_count: Mapped[int]
    last_failure_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class DbJournalEntry(Db):
    """One entry of one stream; `seq` counts from 1 without gaps."""

    __tablename__ = "journal_entry"

    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]


class DbJournalCheckpoint(Db):
    """The folded state of a stream as of its entry `seq`."""

    __tablename__ = "journal_checkpoint"

    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    text: Mapped[str]


class DbInstrument(Db):
    """One instrument of one load, the generation: `facts` is what `ordo.domain.packing` puts behind its key. A
    generation is complete, and counts, only when `instrument_set` names it; places count from 0 without gaps.
    """

    __tablename__ = "instrument"

    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str]
    facts: Mapped[str]


class DbInstrumentSet(Db):
    """The generation of instruments that counts, in the row with id 1, with the number and the CRC-32 of its lines."""

    __tablename__ = "instrument_set"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[int]
    rows: Mapped[int]
    checksum: Mapped[int]


class DbMaster(Db):
    """What is known of one source of instruments."""

    __tablename__ = "master"

    name: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[date | None]
    loaded_at: Mapped[datetime | None]
    rows: Mapped[int]
    stale_reason: Mapped[str | None]


class DbApiToken(Db):
    """One token of the API: its SHA-256, never its text. `scopes_json` and `accounts_json` are lists."""

    __tablename__ = "api_token"

    token_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    realm: Mapped[str]
    scopes_json: Mapped[str]
    accounts_json: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
