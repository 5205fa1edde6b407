"""Before anybody approves: which Close account the right would go to is looked up and shown."""

from bot.close.errors import CloseError
from bot.connections.sessions import NotConnected
from bot.delegations.accounts import Account, Identities, NoAccount
from bot.delegations.steps.moves import Steps
from bot.store import Store
from models.delegation import Delegation, State, Trouble


class Identify:
    """One step of a request that nobody has answered."""

    def __init__(self, steps: Steps, identities: Identities) -> None:
        self._steps = steps
        self._identities = identities

    async def __call__(self, delegation: Delegation) -> None:
        """Note the account, or why there is none. What Close cannot say now is asked again when
        the right is created."""
        account: Account | None = None
        trouble: Trouble | None = None
        try:
            account = await self._identities.foreseen(delegation)
        except NoAccount as error:
            trouble = error.trouble
        except (NotConnected, CloseError) as error:
            self._steps.trouble(error)  # counted in the metrics

        def note(store: Store) -> None:
            current = store.delegations.get(delegation.id, lock=True)
            is_same = current is not None and current.version == delegation.version
            if current is None or current.state is not State.REQUESTED or not is_same:
                store.delegations.due.free(delegation.id)  # it is looked up anew if that is needed
                return
            store.delegations.note_grantee(
                current,
                account=account.shown if account else None,
                is_proven=account is not None and account.is_proven,
                trouble=trouble,
                now=self._steps.now(),
            )

        await self._steps.database.run(note)
