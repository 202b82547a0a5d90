"""What went wrong in a database, told so that it can be logged: error class and code, block and remedy.

The text of a driver's error is never passed on, since it may hold the address, the statement or values of rows.
"""

from typing import Any

import sqlalchemy as sa

from orchestration.settings.sources import BlockRef
from orchestration.sources.report import PullError

_REMEDIES = (
    (("42P01", "3F000", "1146"), "has no such table or view; check reader.table and the right to see it"),
    (("42703", "1054"), "does not know a column that is named; check reader.query and reader.cursor"),
    (("42501", "1142", "1143"), "refused to let this user read; grant SELECT"),
    (("28000", "28P01", "1044", "1045", "1698"), "refused this user; check user and password in reader.url"),
    (("3D000", "1049"), "does not have the database of reader.url"),
    (("42601", "1064"), "does not understand the statement; check reader.query"),
    (("40001", "1412"), "changed a table's structure during the pull; pull again"),
)
_UNREACHABLE = ("08", "57P0", "53300", "1040", "2002", "2003", "2006", "2013")


def is_of_the_network(error: sa.exc.DBAPIError) -> bool:
    """Whether trying again may help: the server is away, starting, full, or went away. A refusal of the user is not."""
    code = _code(error.orig)
    if code:
        return error.connection_invalidated or code.startswith(_UNREACHABLE)
    return isinstance(error, sa.exc.OperationalError) and not _refused(error.orig)


def told(ref: BlockRef, error: sa.exc.DBAPIError) -> PullError:
    """The same error without its text."""
    code = _code(error.orig)
    name = f"{type(error.orig).__name__}, {'SQLSTATE' if len(code) == 5 else 'code'} {code or 'none'}"
    return PullError(ref, f"the database {_remedy(error, code)} ({name})")


def _remedy(error: sa.exc.DBAPIError, code: str) -> str:
    for codes, remedy in _REMEDIES:
        if code in codes:
            return remedy
    if is_of_the_network(error):
        return "could not be reached; check that it runs, and host, port and firewall of reader.url"
    if not code and _refused(error.orig):
        return "refused the connection; check user, password and database in reader.url"
    return "refused to be read; look the code up in its manual"


def _refused(error: Any) -> bool:
    """A PostgreSQL that answers a connection with no tells why in text alone."""
    connection = getattr(error, "pgconn", None)
    return "FATAL" in str(error) or bool(connection and (connection.needs_password or connection.used_password))


def _code(error: Any) -> str:
    """MySQL's error number, which says more than its SQLSTATE; PostgreSQL's SQLSTATE; or nothing."""
    first = error.args[0] if getattr(error, "args", None) else None
    return str(first) if isinstance(first, int) else str(getattr(error, "sqlstate", None) or "")
