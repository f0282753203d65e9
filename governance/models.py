"""The index Django needs: each model lives in the file of its noun."""

from governance.allowances import Meter, Reservation
from governance.authorities import Absence, Authority, Qualification
from governance.halts import Halt, HaltLift
from governance.ledger import Entry
from governance.paths import EscalationPath, Level
from governance.people import Membership, Person, Team
from governance.register import Asset
from governance.rulebook import Rulebook
from governance.signatures import Signature
from governance.tokens import Token

__all__ = [
    "Absence",
    "Asset",
    "Authority",
    "Entry",
    "EscalationPath",
    "Halt",
    "HaltLift",
    "Level",
    "Membership",
    "Meter",
    "Person",
    "Qualification",
    "Reservation",
    "Rulebook",
    "Signature",
    "Team",
    "Token",
]
