"""What decides whether a request is taken, and how."""

from dataclasses import dataclass, field

from bot.policy import PolicyConfig
from bot.quota import Quota, QuotaConfig
from bot.role import Roles
from bot.start import SessionConfig
from bot.words.judge import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All that the door looks at."""

    policy: PolicyConfig
    quota: Quota = field(default_factory=lambda: Quota(QuotaConfig()))
    roles: Roles = field(default_factory=Roles)
    words: Words | None = None
    """None: any words are taken."""
    sessions: SessionConfig = field(default_factory=SessionConfig)
