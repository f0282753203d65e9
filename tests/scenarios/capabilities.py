"""What the scenarios let software do besides what Remit ships: small, real capabilities with facts of their own.

They carry their key on the instance, so that the registry does not find them by itself in other tests.
"""

from decimal import Decimal

from django.core.mail import EmailMessage

from governance.people import Membership
from workflows.capabilities.contract import (
    Capability,
    Done,
    Facts,
    Proposal,
    RecordRef,
    Refused,
    Shape,
)
from workflows.records import Record


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
        )

    def execute(self, payload, context):
        EmailMessage(payload.subject, payload.body, to=[context.record["address"]]).send()
        return Done({"subject": payload.subject})

    def headline(self, payload, context):
        return f"Send “{payload.subject}” to {context.record['people']:,} people?"


class Discount(Capability):
    """Make a customer an offer. Everything given counts as discount: percent off, and months that cost nothing."""

    title = "Offer a discount"
    effect = changes = True
    editable = ("percent", "free_months")

    class Params(Shape):
        record: RecordRef
        arr: float
        percent: float
        free_months: int = 0
        months: int = 12
        reason_code: str = ""

    class Payload(Params):
        pass

    def __init__(self):
        self.key = "offer.discount"

    def propose(self, params, context):
        return Proposal(params.model_dump())

    def facts(self, payload, context):
        paid = (100 - Decimal(repr(payload.percent))) * (payload.months - payload.free_months) / payload.months
        given = float(100 - paid)
        return Facts(amounts={"discount_pct": given, "arr": payload.arr, "euro": round(payload.arr * given / 100, 2)})

    def execute(self, payload, context):
        EmailMessage(f"{payload.percent:g} % off", "Our offer.", to=[context.record["email"]]).send()
        return Done({"percent": payload.percent})

    def headline(self, payload, context):
        return f"Offer {context.record['name']} {payload.percent:g} % off {payload.arr:,.0f}?"


class Part(Shape):
    segment: str
    owner: str
    accounts: int


class Segments(Capability):
    """Send one message to the lists of several segments; each part of the audience has an owner, or none yet."""

    title = "Write to segments"
    effect = changes = True
    editable = ("subject", "body")

    class Params(Shape):
        segments: list[str]
        subject: str
        body: str

    class Payload(Shape):
        parts: list[Part]
        own: list[str]
        subject: str
        body: str

    def __init__(self):
        self.key = "email.segments"

    def propose(self, params, context):
        held = Membership.objects.filter(person=context.started_by, role__in=("leader", "reviewer"))
        parts = [
            {"segment": row.key, "owner": row.fields.get("owner", ""), "accounts": len(row.fields["accounts"])}
            for row in Record.objects.filter(kind="segment", key__in=params.segments).order_by("key")
        ]
        own = sorted(held.values_list("team__slug", flat=True))
        return Proposal({"parts": parts, "own": own, "subject": params.subject, "body": params.body})

    def without(self, payload, owner, context):
        rest = [part for part in payload.parts if part.owner != owner]
        return {**payload.model_dump(), "parts": rest} if rest and len(rest) < len(payload.parts) else None

    def facts(self, payload, context):
        return Facts(
            amounts={"recipients": sum(part.accounts for part in payload.parts)},
            touches=[("segment", part.segment) for part in payload.parts],
            says=("subject", "body"),
        )

    def execute(self, payload, context):
        EmailMessage(
            payload.subject, payload.body, bcc=[f"{part.segment}@lists.example" for part in payload.parts]
        ).send()
        return Done({"sent": sum(part.accounts for part in payload.parts)})

    def headline(self, payload, context):
        return f"Send “{payload.subject}” to {sum(part.accounts for part in payload.parts):,} accounts?"


class Book(Capability):
    """Book media with a supplier, by mail. `refuses` is what the supplier answers: certainly not."""

    title = "Book media"
    effect = changes = True
    editable = ("spend",)
    refuses = False

    class Params(Shape):
        record: RecordRef
        campaign: str
        spend: float

    class Payload(Params):
        pass

    def __init__(self):
        self.key = "media.book"

    def propose(self, params, context):
        return Proposal(params.model_dump())

    def facts(self, payload, context):
        return Facts(amounts={"spend": payload.spend})

    def execute(self, payload, context):
        if self.refuses:
            return Refused("the supplier has no room left")
        EmailMessage(f"Booking {payload.campaign}", "We book.", to=["media@supplier.example"]).send()
        return Done({"spend": payload.spend})

    def headline(self, payload, context):
        return f"Spend £{payload.spend:,.0f} on {payload.campaign}?"


class Post(Capability):
    """Say something in a social network, by way of the service that posts for us."""

    title = "Post"
    effect = changes = True
    editable = ("words",)

    class Params(Shape):
        words: str

    class Payload(Params):
        pass

    def __init__(self, key="social.post"):
        self.key = key

    def propose(self, params, context):
        return Proposal(params.model_dump())

    def facts(self, payload, context):
        return Facts(says=("words",))

    def execute(self, payload, context):
        EmailMessage(payload.words, "…", to=[f"{self.key}@network.example"]).send()
        return Done({"words": payload.words})

    def headline(self, payload, context):
        return f"Say “{payload.words}”?"


OURS = [Broadcast(), Discount(), Segments(), Book(), Post(), Post("social.reply")]
