"""Why a Close account is not connected; each has a page of its own (``bot.web.connections``)."""


class NotConnectable(Exception):
    """The way to Close did not lead to a connection."""


class StateRefused(NotConnectable):
    """The state is unknown, used up, too old, or belongs to another browser."""


class StoredLater(NotConnectable):
    """The database does not answer: what Close gave is held until it does."""


class NotAMember(NotConnectable):
    """The link is for somebody who can take no part: a guest, somebody who has left, an app."""


class TooManyKeys(NotConnectable):
    """So many API keys were tried for this person that somebody may be guessing."""


class AccountMismatch(NotConnectable):
    """The token answer and ``/me/`` do not speak of the same account."""


class OrganizationUnclear(NotConnectable):
    """An API key whose owner is in several organizations does not say to which it belongs."""


class NoOrganization(NotConnectable):
    """An API key whose owner is in no organization at all: nothing can be done with it."""


class NobodyCanConfirm(NotConnectable):
    """The address is not the person's Slack address, and there is no (other) admin to ask."""

    def __init__(self, email: str) -> None:
        super().__init__()
        self.email = email


class AccountTaken(NotConnectable):
    """Somebody else here is known by this Close account, and there is no (other) admin to ask."""

    def __init__(self, email: str) -> None:
        super().__init__()
        self.email = email


class NotTheirAccount(NotConnectable):
    """Something was to be confirmed with the account that somebody is connected with, and this is
    another one."""

    def __init__(self, email: str) -> None:
        super().__init__()
        self.email = email


class OtherAccountInUse(NotConnectable):
    """Rights that exist now were given with another account; only that one can take them back."""

    def __init__(self, email: str) -> None:
        super().__init__()
        self.email = email
