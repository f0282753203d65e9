"""The database backend Django loads by the name `governance.sqlite`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

from governance.sqlite.turnstile import Turnstile

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER", "ANALYZE")


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes the turnstile for every transaction (all are BEGIN IMMEDIATE) and every write outside of one."""

    turnstile: Turnstile | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        made = super().get_new_connection(conn_params)
        if not self.is_in_memory_db():
            self.turnstile = Turnstile(Path(str(self.settings_dict["NAME"])))
            self.execute_wrappers = [wrapper for wrapper in self.execute_wrappers if wrapper != self._in_turn]
            self.execute_wrappers.append(self._in_turn)
        return made

    def _enter(self) -> None:
        timeout = float(self.settings_dict["OPTIONS"].get("timeout", 5))
        if self.turnstile and not self.turnstile.enter(timeout):
            raise OperationalError("database is locked")

    def _leave(self) -> None:
        if self.turnstile:
            self.turnstile.leave()

    def _in_turn(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        alone = self.turnstile is not None and not self.turnstile.inside and self.get_autocommit()
        if not alone or not sql.lstrip()[:7].upper().startswith(_WRITES):
            return execute(sql, params, many, context)
        self._enter()
        try:
            return execute(sql, params, many, context)
        finally:
            self._leave()

    def _start_transaction_under_autocommit(self) -> None:
        self._enter()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._leave()
            raise

    def _commit(self) -> Any:
        try:
            return super()._commit()  # type: ignore[misc]
        finally:
            self._leave()

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._leave()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            if self.turnstile:
                self.turnstile.close()
                self.turnstile = None
