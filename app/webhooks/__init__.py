"""Webhooks by the Standard Webhooks specification: the revisions are the outbox, and nothing in it is passed over."""

from app.webhooks.deliverer import Deliverer

__all__ = ["Deliverer"]
