"""Before anybody approves: which Close account the right would go to is looked up and shown."""

from bot.delegations import accounts
from bot.delegations.accounts import GranteeAccount, NoAccount
from bot.delegations.steps import moves
from bot.delegations.tools import Tools
from bot.ports import OutsideError
from bot.store import Store
from models.delegation import Delegation, State, Trouble


async def step(tools: Tools, delegation: Delegation) -> None:
    """Note the account, or why there is none. What Close cannot say now is asked again when the
    right is created."""
    account: GranteeAccount | None = None
    trouble: Trouble | None = None
    try:
        account = await accounts.foreseen(tools, delegation)
    except NoAccount as error:
        trouble = error.trouble
    except OutsideError as error:
        moves.trouble_of(tools, error)  # counted in the metrics

    def note(store: Store) -> None:
        current = store.delegations.get(delegation.id, lock=True)
        is_same = current is not None and current.version == delegation.version
        if current is None or current.state is not State.REQUESTED or not is_same:
            store.delegations.due.free(delegation.id)  # it is looked up anew if that is needed
            return
        store.delegations.note_grantee(
            current,
            account=account.shown if account else None,
            close_id=account.close_user_id if account else None,
            is_proven=account is not None and account.is_proven,
            trouble=trouble,
            now=tools.now(),
        )

    await tools.database.run(note)
