"""Delivery: the digest of churn warnings to each owner, once each, and word of failed runs to operators.

Pure of Dagster. `deliver` is the way in; what was sent stands in the outbox of the home.
"""

from orchestration.delivery.deliver import Delivered, DeliveryFailed, deliver
from orchestration.delivery.outbox import Message, read_outbox, send_again
from orchestration.delivery.senders import NotSent, send

__all__ = ["Delivered", "DeliveryFailed", "Message", "NotSent", "deliver", "read_outbox", "send", "send_again"]
