"""Somebody in a sentence: by name, or spoken to as "you" where they are who reads it."""

from dataclasses import dataclass

from bot.cards.markup import mention


@dataclass(frozen=True, slots=True)
class Party:
    """The forms that a sentence needs: ``known_as`` is a mention, or a name from outside Slack."""

    known_as: str
    is_reader: bool = False

    @property
    def name(self) -> str:
        """In the middle of a sentence."""
        return "you" if self.is_reader else self.known_as

    @property
    def first(self) -> str:
        """At its beginning."""
        return "You" if self.is_reader else self.known_as

    @property
    def whose(self) -> str:
        """What is theirs."""
        return "your" if self.is_reader else f"{self.known_as}'s"

    @property
    def first_whose(self) -> str:
        """The same at the beginning."""
        return "Your" if self.is_reader else f"{self.known_as}'s"

    @property
    def they(self) -> str:
        """Once they have been named."""
        return "you" if self.is_reader else "they"

    @property
    def their(self) -> str:
        """What is theirs, once they have been named."""
        return "your" if self.is_reader else "their"

    @property
    def them(self) -> str:
        """As whom somebody sends, once they have been named."""
        return "you" if self.is_reader else "them"

    @property
    def have(self) -> str:
        """The verb behind the name."""
        return "have" if self.is_reader else "has"

    @property
    def are(self) -> str:
        """The verb behind the name."""
        return "are" if self.is_reader else "is"

    @property
    def s(self) -> str:
        """The ending of any other verb behind the name."""
        return "" if self.is_reader else "s"


def party(slack_id: str, reader: str | None) -> Party:
    """Somebody in Slack; ``reader`` is the Slack id of who reads the sentence, None is anybody."""
    return Party(mention(slack_id), slack_id == reader)
