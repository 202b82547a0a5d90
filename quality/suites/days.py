"""Tables of days, narrowed to the day of the run."""

from quality.checks import Table


def of_the_day(name: str, may_be_empty: bool = False) -> Table:
    """insights.<name> on the day of `control.run`, so that a backfilled day is judged by itself."""
    rows = f"select * from insights.{name} where as_of = (select as_of from control.run)"
    return Table(f"insights.{name}", rows, may_be_empty)
