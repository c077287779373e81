"""Runs the scripts in `versions` within the transaction of the connection that it is given."""

from __future__ import annotations

from alembic import context

from ordo.adapters.sql.models import Db

context.configure(connection=context.config.attributes["connection"], target_metadata=Db.metadata, render_as_batch=True)
context.run_migrations()
