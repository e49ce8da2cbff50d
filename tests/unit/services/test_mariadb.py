"""The stand-in behaves as a database behind the proxy does: data outlives a crash, and outages are seen."""

from __future__ import annotations

import pymysql
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.services.mariadb import PASSWORD, USER


@pytest.mark.slow
def test_a_database_outlives_a_crash_and_a_stop_on_the_same_port(mariadb, mariadb_database):
    engine = create_engine(mariadb_database.url, pool_pre_ping=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (n INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO kept VALUES (7)"))
    for kill in (True, False):
        mariadb.stop(kill=kill)
        with pytest.raises(OperationalError), engine.connect():
            pass
        mariadb.start()
        with engine.connect() as connection:
            assert connection.execute(text("SELECT n FROM kept")).scalars().all() == [7]
    engine.dispose()


def test_the_proxy_passes_on_by_port_and_by_socket_until_it_is_cut(proxied_database, proxy):
    for url in (proxied_database.url, proxied_database.socket_url):
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 6 * 7")).scalar_one() == 42
            proxy.cut()
            with pytest.raises(OperationalError, match=r"Lost connection|gone away|Broken pipe"):
                connection.execute(text("SELECT 1"))
            with pytest.raises(OperationalError), engine.connect():
                pass
            proxy.restore()
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 6 * 7")).scalar_one() == 42
        engine.dispose()


def test_a_frozen_proxy_says_nothing(proxied_database, proxy):
    proxy.freeze()
    with pytest.raises(pymysql.err.OperationalError, match="timed out"):
        pymysql.connect(host="127.0.0.1", port=proxied_database.port, read_timeout=1)
    proxy.restore()
    pymysql.connect(host="127.0.0.1", port=proxied_database.port, user=USER, password=PASSWORD).close()
