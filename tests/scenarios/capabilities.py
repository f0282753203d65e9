"""What the scenarios let software do besides what Remit ships: small, real capabilities with facts of their own.

They carry their key on the instance, so that the registry does not find them by itself in other tests.
"""

from django.core.mail import EmailMessage

from workflows.capabilities.contract import (
    Capability,
    CapabilityError,
    Done,
    Facts,
    Proposal,
    RecordRef,
    Shape,
)


class Broadcast(Capability):
    """Send a mail to a list. How many people are on it is looked up each time it is judged."""

    title = "Send a mail to a list"
    effect = changes = True
    editable = ("subject", "body")

    class Params(Shape):
        record: RecordRef
        subject: str
        body: str

    class Payload(Params):
        pass

    def __init__(self):
        self.key = "email.broadcast"

    def propose(self, params, context):
        return Proposal(params.model_dump())

    def facts(self, payload, context):
        return Facts(
            amounts={"recipients": context.record["people"]},
            fields=["people"],
            says=("subject", "body"),
            text=f"{payload.subject}\n{payload.body}",
        )

    def execute(self, payload, context):
        EmailMessage(payload.subject, payload.body, to=[context.record["address"]]).send()
        return Done({"subject": payload.subject})

    def headline(self, payload, context):
        return f"Send “{payload.subject}” to {context.record['people']:,} people?"


OURS = [Broadcast()]
__all__ = ["OURS", "CapabilityError"]
