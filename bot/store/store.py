"""What one transaction can do; made anew for each by :class:`bot.store.database.Database`."""

from sqlalchemy import Connection

from bot.store.cards import Cards
from bot.store.connections import Connections, ConnectStates
from bot.store.delegations import Delegations


class Store:
    """The tables, each with the few questions and changes that the bot needs."""

    def __init__(self, connection: Connection) -> None:
        self.cards = Cards(connection)
        self.delegations = Delegations(connection, self.cards)
        self.connections = Connections(connection)
        self.connect_states = ConnectStates(connection)
