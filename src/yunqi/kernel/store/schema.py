"""The column types of the portable SQL subset, and the tables that every domain adds to.

SQLite and the MySQL family (OceanBase) must store and compare the same way: names are compared byte by byte on
both (a MySQL default collation would take ``A`` for ``a``), times are UTC microseconds, ids are made in Python.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A 64-bit integer id; on SQLite the table's own row id."""

TIME = sa.BigInteger()
"""UTC microseconds since 1970."""

NAME = sa.String(190).with_variant(mysql.VARCHAR(190, charset="utf8mb4", collation="utf8mb4_bin"), "mysql")
"""A short string, compared byte by byte; 190 characters is what a MySQL-family index takes."""

TEXT = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql")
"""A string of any length."""

JSON_TEXT = TEXT
"""JSON kept as text, encoded and decoded by the domain."""

BLOB = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")
"""Bytes."""

counters = sa.Table(
    "kernel_counters",
    metadata,
    sa.Column("name", NAME, primary_key=True),
    sa.Column("value", ID, nullable=False),
)
