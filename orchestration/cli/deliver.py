"""`strata deliver`: the digests of churn warnings, each warning once to each destination."""

from rich.console import Console
from typer import BadParameter

from orchestration.delivery import Message, deliver, send_again
from orchestration.settings import Home, load_settings

console = Console(soft_wrap=True, highlight=False)


def deliver_now(home: Home, again: str | None) -> int:
    """Sends what is due and prints a line a message. Returns 0, or 1 when one failed or may not have arrived.

    Raises BadParameter for an `again` that is no uncertain message.
    """
    settings = load_settings()
    if again and not send_again(home.outbox, again):
        raise BadParameter(f"--again: found {again!r}; allowed: the id of an uncertain message, see `strata status`")
    if not settings.notifications.owners:
        console.print("no destination is configured: name them under `owners` in notifications.yml")
        return 0
    delivered = deliver(home)
    for message in delivered.messages:
        problem = f": {message.problem}" if message.problem else ""
        console.print(
            f"{message.owner} {message.destination}: {len(message.warnings)} warnings {message.state}{problem}"
        )
    if not delivered.messages:
        console.print("nothing new to tell")
    for message in delivered.uncertain:
        console.print(uncertain_line(message))
    return 1 if delivered.failed or delivered.uncertain else 0


def uncertain_line(message: Message) -> str:
    return (
        f"delivery to {message.owner} ({message.destination}, {len(message.warnings)} warnings, {message.as_of}) may not have "
        f"arrived: {message.problem}; ask them, then if need be `strata deliver --again {message.message_id}`"
    )
