"""A PostgreSQL primary and hot standbys that stream from it, on loopback, for tests of lag, loss and promotion."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.databases import Installation, Server, installation

NO_STANDBYS = "no PostgreSQL with pg_basebackup found: install its server and client programs"

# Standbys get only what is flushed, so a commit must flush at once and not leave it to the WAL writer.
SETTINGS = {"synchronous_commit": "local", "wal_level": "replica", "hot_standby": "on"}


class Node(Server):
    """One server of a cluster."""

    def pause(self) -> None:
        """Let the standby receive the primary's changes without applying them."""
        self.ask("SELECT pg_wal_replay_pause()")
        # It takes effect at the next record to be replayed.
        while self.ask("SELECT pg_get_wal_replay_pause_state()") != "paused":
            pass

    def resume(self) -> None:
        self.ask("SELECT pg_wal_replay_resume()")

    def promote(self) -> None:
        """Make the standby a primary; return when it accepts writes."""
        assert self.ask("SELECT pg_promote(true)")

    def ask(self, question: str) -> Any:
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            row = connection.execute(question.encode()).fetchone()
            assert row is not None
            return row[0]


@dataclass(frozen=True)
class Cluster:
    primary: Node
    standbys: list[Node]

    def wait(self) -> None:
        """Wait until every standby has applied all commits of the primary."""
        position = self.primary.ask("SELECT pg_current_wal_flush_lsn()")
        for standby in self.standbys:
            while not standby.ask(f"SELECT pg_last_wal_replay_lsn() >= '{position}'"):
                pass


@contextmanager
def cluster(standbys: int = 2) -> Iterator[Cluster | None]:
    """Run a primary with standbys; yield None if the programs for it are missing."""
    with installation() as programs, ExitStack() as stack:
        if programs is None or not (programs.programs / "pg_basebackup").exists():
            yield None
            return
        primary = Node(programs, "primary", **SETTINGS)
        primary.initialize()
        stack.enter_context(primary.running())
        followers = [_create_standby(programs, primary, f"standby-{number}") for number in range(standbys)]
        for standby in followers:
            stack.enter_context(standby.running())
        yield Cluster(primary, followers)


def _create_standby(programs: Installation, primary: Node, name: str) -> Node:
    """Create a standby with a copy of the primary's data, which streams further changes from it."""
    standby = Node(programs, name, **SETTINGS)
    source = f"--dbname=host=127.0.0.1 port={primary.port} user=postgres"
    options = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
    programs.run("pg_basebackup", f"--pgdata={standby.data}", source, *options)
    return standby
