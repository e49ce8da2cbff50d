"""The tables, in SQL that SQLite and MySQL both speak: bounded keys, no auto-increment, no server-side default.

There is no secondary index: every look-up goes by the beginning of a primary key or reads a table of a few hundred rows, and
MySQL cannot create an index only if it is absent, which first use by several processes at once would need.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

SCHEMA_VERSION = 5
# Older versions that lack only tables: those are created when the database is opened, and then it has this version.
# 1: no registry (`releases`, `decisions`). 2: no `leases`. 3: no `route_checks`. 4: no `experiment_events`.
EXTENDABLE_VERSIONS = (1, 2, 3, 4)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


MYSQL_NAMES = ("mysql", "mariadb")


class Name(TypeDecorator[str]):
    """Text of bounded length. SQLite would take any, and the same campaign would then fail on MySQL."""

    impl = String
    cache_ok = True

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Refuse what MySQL would refuse."""
        if value is not None and len(value) > self.limit:
            raise ValueError(f"a name must have at most {self.limit} characters, but got {len(value)}: {value[:80]!r}")
        return value


class Moment(TypeDecorator[datetime]):
    """A point in time, stored as UTC without a zone (neither SQLite nor MySQL keeps one) and read back in UTC."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Microseconds on MySQL too, whose DATETIME rounds to seconds by default."""
        if dialect.name not in MYSQL_NAMES:
            return dialect.type_descriptor(DateTime())
        from sqlalchemy.dialects import mysql  # noqa: PLC0415 - slow to import, and one machine does without

        return dialect.type_descriptor(mysql.DATETIME(fsp=6))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse a time without zone: it could mean any of 24 hours."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time must have a zone, but got {value.isoformat()}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Back in UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Document(TypeDecorator[str]):
    """Text of any length. MySQL's TEXT ends at 64 KiB, which an outcome or a verdict with all its days passes."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """LONGTEXT on MySQL."""
        if dialect.name not in MYSQL_NAMES:
            return dialect.type_descriptor(Text())
        from sqlalchemy.dialects import mysql  # noqa: PLC0415 - as above

        return dialect.type_descriptor(mysql.LONGTEXT())


REGION: TypeEngine[str] = Name(64)
CAMPAIGN: TypeEngine[str] = Name(100)
DIGEST: TypeEngine[str] = Name(71)
WORD: TypeEngine[str] = Name(16)
DOCUMENT: TypeEngine[str] = Document()


@compiles(CreateTable, *MYSQL_NAMES)
def _create_mysql_table(table: CreateTable, compiler: Any, **options: Any) -> str:
    """Names compare by their bytes, as in Python and SQLite; MySQL by default takes `A` for `a`.

    As arguments of `Table` these options would load the MySQL dialect also where nobody uses it.
    """
    statement: str = compiler.visit_create_table(table, **options)
    return f"{statement.rstrip()} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_bin"


schema_version = Table(
    "schema_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", CAMPAIGN, primary_key=True),
    Column("region", REGION, nullable=False),
    Column("config", DOCUMENT, nullable=False),
    Column("config_digest", DIGEST, nullable=False),
    Column("started", Moment, nullable=False),
    Column("status", WORD, nullable=False),
    Column("finished", Moment),
    Column("outcome", DOCUMENT),
)

answers = Table(
    "answers",
    metadata,
    Column("campaign", CAMPAIGN, primary_key=True),
    Column("content_digest", DIGEST, primary_key=True),
    Column("phase", WORD, primary_key=True),
    Column("subject", Name(64), primary_key=True),
    Column("request", DOCUMENT, nullable=False),
    Column("applied_parameters", DOCUMENT, nullable=False),
    Column("trained_last_day", Date, nullable=False),
    Column("city_digest", DIGEST, nullable=False),
    Column("simulator", Name(200), nullable=False),
    Column("compute_s", Double, nullable=False),
)

day_results = Table(
    "day_results",
    metadata,
    Column("campaign", CAMPAIGN, primary_key=True),
    Column("phase", WORD, primary_key=True),
    Column("subject", Name(64), primary_key=True),
    Column("forecast", WORD, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("seed", BigInteger, primary_key=True, autoincrement=False),
    Column("content_digest", DIGEST, nullable=False),
    Column("metrics", DOCUMENT, nullable=False),
    Column("zone_revenue_minor", DOCUMENT, nullable=False),
    Column("drivers", Integer, nullable=False),
    Column("order_log_digest", DIGEST, nullable=False),
    ForeignKeyConstraint(
        ["campaign", "content_digest", "phase", "subject"],
        ["answers.campaign", "answers.content_digest", "answers.phase", "answers.subject"],
    ),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", DIGEST, primary_key=True),
    Column("region", REGION, nullable=False),
    Column("campaign", CAMPAIGN, nullable=False),
    Column("at", Moment, nullable=False),
    Column("document", DOCUMENT, nullable=False),
)

# A verdict's routes are checked once: its digest is the key.
route_checks = Table(
    "route_checks",
    metadata,
    Column("verdict", DIGEST, primary_key=True),
    Column("id", DIGEST, nullable=False),
    Column("at", Moment, nullable=False),
    Column("document", DOCUMENT, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("region", REGION, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("test_first", Date, nullable=False),
    Column("test_last", Date, nullable=False),
    Column("campaign", CAMPAIGN, nullable=False),
    Column("candidate_digest", DIGEST, nullable=False),
    Column("question_digest", DIGEST, nullable=False),
    Column("alpha_spent", Double, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("region", "test_first", "test_last", "question_digest", name="uq_ledger_use"),
)

releases = Table(
    "releases",
    metadata,
    Column("region", REGION, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kind", WORD, nullable=False),
    Column("parameters", DOCUMENT, nullable=False),
    Column("who", Name(200), nullable=False),
    Column("at", Moment, nullable=False),
    Column("why", DOCUMENT, nullable=False),
    Column("verdict", DIGEST),
    Column("previous", Integer),
    Column("restores", Integer),
    Column("override", Boolean, nullable=False),
    Column("published", DOCUMENT, nullable=False),
)

# A verdict is decided once: its digest is the key, and a release by verdict writes here in the same transaction.
decisions = Table(
    "decisions",
    metadata,
    Column("verdict", DIGEST, primary_key=True),
    Column("region", REGION, nullable=False),
    Column("outcome", WORD, nullable=False),
    Column("who", Name(200), nullable=False),
    Column("at", Moment, nullable=False),
    Column("why", DOCUMENT, nullable=False),
)

# An experiment is named by the release that began it; `digest` covers the entry and the digest of the one before.
experiment_events = Table(
    "experiment_events",
    metadata,
    Column("region", REGION, primary_key=True),
    Column("experiment", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("kind", WORD, nullable=False),
    Column("at", Moment, nullable=False),
    Column("who", Name(200), nullable=False),
    Column("why", DOCUMENT, nullable=False),
    Column("document", DOCUMENT, nullable=False),
    Column("previous", DIGEST),
    Column("digest", DIGEST, nullable=False),
)

# A row of a lease that ended stays until the lease is taken again; there is one for every worker that died, no more.
leases = Table(
    "leases",
    metadata,
    Column("name", Name(200), primary_key=True),
    Column("holder", Name(200), nullable=False),
    Column("until_s", Double, nullable=False),  # seconds since 1970 by the clock of the database
)
