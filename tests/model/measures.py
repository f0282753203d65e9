"""What keeps the promises, one measure each; and a Case, in which one of them may be left out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Measure(Enum):
    """Each can be left out of a case, to see what it is good for."""

    # begin
    STATUS_IN_BEGIN = "begin writes only if the action still is claimed"
    FENCE_IN_BEGIN = "begin writes only if nobody claimed the action after this worker"
    HALT_LOCK = "begin holds the halts' lock from reading them to its commit"
    RULE_LOCK = "rules and roles change under the same lock"
    JUDGED_AT_BEGIN = "begin judges by the rules in force then, not by those at the proposal"
    DIGEST_AT_BEGIN = "begin compares what it would send with what was approved"
    REASONS_AT_BEGIN = "an approval covers only the reasons its giver saw"
    GIVER_AT_BEGIN = "an approval counts only while its giver still may give it"
    LEASE_RENEWED = "begin renews the lease, so that it covers the attempt"
    # execute
    READ_BACK = "a worker acts only after reading back its attempt"
    DEADLINE = "a worker sends nothing after its deadline, counted from before the begin"
    ONE_KEY = "all attempts carry one idempotency key"
    ONE_PAYLOAD = "what may have been sent is not proposed anew"
    # record and sweep
    FENCE_IN_RECORD = "record writes only if nobody took the action from this worker"
    NEVER_FAILED = "no result makes an action failed that an earlier attempt may have done"
    SWEEP = "a sweep takes up what a worker let fall"
    STATUS_IN_SWEEP = "the sweep writes only if the action still is what it was when looked at"
    GRACE = "a start counts as over only some time after its deadline, when nothing can arrive any more"
    # what may have happened is asked of a person, whatever else would end it
    ASKED_AT_BEGIN = "begin neither refuses nor puts to approval what may have happened"
    ASKED_IN_SWEEP = "the sweep gives nothing up that may have happened, however many workers it cost"
    SPARED_BY_CANCEL = "what may have happened is not cancelled"
    # people
    DIGEST_AT_APPROVAL = "an approval counts for what the person saw, or not at all"
    ONE_ANSWER = "who answers a review holds its row, and the first answer counts"
    ASKED_LATE = "a person answers for an uncertain action only after its attempt is over"
    ASKED_AT_ALL = "only a person settles an uncertain action"


@dataclass(frozen=True)
class Case:
    """What kind of action it is, who is about, and which measure is left out."""

    retry_safe: bool = False
    needs_approval: bool = False
    people_err: bool = False
    """Whether a person may say of an uncertain action what is not so."""
    workers: int = 2
    reviewers: int = 2
    without: Measure | None = None

    def has(self, measure: Measure) -> bool:
        return self.without is not measure

    def __str__(self) -> str:
        kind = "safe to repeat" if self.retry_safe else "not safe to repeat"
        whose = "needs approval" if self.needs_approval else "automated"
        out = f"; left out: {self.without.value}" if self.without else ""
        return f"{kind}, {whose}, {self.workers} workers{', people err' if self.people_err else ''}{out}"
