"""The real client against every unknown of close.md, in each variant."""

from collections.abc import AsyncIterator
from contextlib import nullcontext

import pytest

from bot.close.errors import (
    CloseProblem,
    NotFound,
    ReconnectNeeded,
    RefusedByClose,
    Unauthorized,
)
from bot.ports import Credential
from sandbox.close.unknowns import (
    Bulk,
    DeactivatedCaller,
    DeleteGone,
    DeleteSuccess,
    DuplicateCreate,
    NotOwn,
    OldRefreshToken,
)
from sandbox.people import ADA, BEN, CLEO, DANA, FINN
from tests.integration.close_world import World, code_of, open_world, user_id


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Open a fresh world."""
    async with open_world() as opened:
        yield opened


@pytest.mark.parametrize("variant", DuplicateCreate)
async def test_creating_twice(world: World, variant: DuplicateCreate) -> None:
    """However Close answers, afterwards the list shows that the pair is allowed."""
    world.close.unknowns.duplicate_create = variant
    first = await world.allow(ADA, BEN)
    if variant is DuplicateCreate.REFUSED:
        with pytest.raises(RefusedByClose) as caught:
            await world.allow(ADA, BEN)
        assert caught.value.problem is CloseProblem.EXISTS
    else:
        second = await world.allow(ADA, BEN)
        assert (second == first) is (variant is not DuplicateCreate.SECOND_OBJECT)
    found = await world.client.associations(
        world.credential(ADA), allowing_user_id=user_id(ADA), allowed_user_id=user_id(BEN)
    )
    assert first in [each.id for each in found]


@pytest.mark.parametrize("variant", DeleteSuccess)
async def test_both_codes_of_a_delete(world: World, variant: DeleteSuccess) -> None:
    """Both documented codes are a success."""
    world.close.unknowns.delete_success = variant
    ada, association_id = world.credential(ADA), await world.allow(ADA, BEN)
    await world.client.delete_association(ada, association_id)
    assert world.close.associations == []


@pytest.mark.parametrize("variant", DeleteGone)
async def test_deleting_what_is_gone(world: World, variant: DeleteGone) -> None:
    """204 means gone; 404 and 400 confirm nothing, and the list then shows that it is gone."""
    world.close.unknowns.delete_gone = variant
    ada = world.credential(ADA)
    call = world.client.delete_association(ada, "sdas_gone")
    if variant is DeleteGone.FINE:
        await call
    else:
        with pytest.raises(RefusedByClose):
            await call
    assert await world.client.associations(ada) == []


@pytest.mark.parametrize("variant", NotOwn)
async def test_acting_for_somebody_else(world: World, variant: NotOwn) -> None:
    """Nobody gives, sees or takes other people's rights, whichever code says so."""
    world.close.unknowns.not_own = variant
    held, cleo = world.close.allow(ADA, BEN), world.credential(CLEO)
    with pytest.raises(RefusedByClose) as caught:
        await world.client.create_association(cleo, user_id(ADA), user_id(CLEO))
    assert caught.value.status == variant.value
    with pytest.raises(RefusedByClose):
        await world.client.association(cleo, held.id)
    with pytest.raises(RefusedByClose):
        await world.client.associations(cleo, allowing_user_id=user_id(ADA))
    assert world.close.associations == [held]


@pytest.mark.parametrize("may", [True, False])
async def test_whether_the_allowed_user_may_delete(world: World, may: bool) -> None:
    """Where Close lets the grantee delete, it goes; else the list of the grantor still shows it."""
    world.close.unknowns.allowed_user_may_delete = may
    held = world.close.allow(ADA, BEN)
    with nullcontext() if may else pytest.raises(NotFound):
        await world.client.delete_association(world.credential(BEN), held.id)
    listed = await world.client.associations(world.credential(ADA))
    assert [each.id for each in listed] == ([] if may else [held.id])


@pytest.mark.parametrize("variant", Bulk)
async def test_bulk_with_one_wrong_id(world: World, variant: Bulk) -> None:
    """All or nothing, or a part: what Close then holds can be read from its answer or its list."""
    world.close.unknowns.bulk = variant
    held, ada = world.close.allow(ADA, CLEO), world.credential(ADA)
    call = world.client.change_associations(
        ada, allow=[user_id(BEN), "user_unknown"], disallow=[user_id(CLEO)]
    )
    if variant is Bulk.ATOMIC:
        with pytest.raises(RefusedByClose):
            await call
        assert world.close.associations == [held]
    else:
        assert [each.allowed_user_id for each in await call] == [user_id(BEN)]


async def test_bulk(world: World) -> None:
    """One call allows some and withdraws others, and answers with all that is allowed now."""
    world.close.allow(ADA, CLEO)
    after = await world.client.change_associations(
        world.credential(ADA), allow=[user_id(BEN), user_id(DANA)], disallow=[user_id(CLEO)]
    )
    assert {each.allowed_user_id for each in after} == {user_id(BEN), user_id(DANA)}


@pytest.mark.parametrize("variant", OldRefreshToken)
async def test_an_old_refresh_token(world: World, variant: OldRefreshToken) -> None:
    """An old refresh token needs a reconnect; it may or may not take the new one with it."""
    world.close.unknowns.old_refresh_token = variant
    first = await world.oauth.exchange(await code_of(world, ADA))
    assert first.refresh_token
    second = await world.oauth.refresh(first.refresh_token)
    with pytest.raises(ReconnectNeeded):
        await world.oauth.refresh(first.refresh_token)
    assert second.refresh_token
    if variant is OldRefreshToken.KILLS_THE_GRANT:
        with pytest.raises(ReconnectNeeded):
            await world.oauth.refresh(second.refresh_token)
    else:
        assert (await world.oauth.refresh(second.refresh_token)).user_id == user_id(ADA)


@pytest.mark.parametrize("survives", [True, False])
async def test_access_tokens_after_a_refresh(world: World, survives: bool) -> None:
    """Whether or not old access tokens survive a refresh, the new one works."""
    world.close.unknowns.access_survives_refresh = survives
    first = await world.oauth.exchange(await code_of(world, ADA))
    assert first.refresh_token
    second = await world.oauth.refresh(first.refresh_token)
    assert (await world.client.me(Credential(second.access_token))).id == user_id(ADA)
    if survives:
        assert (await world.client.me(Credential(first.access_token))).id == user_id(ADA)
    else:
        with pytest.raises(Unauthorized):
            await world.client.me(Credential(first.access_token))


@pytest.mark.parametrize("survives", [True, False])
async def test_revoking(world: World, survives: bool) -> None:
    """A revoked grant cannot be refreshed, and revoking again is fine."""
    world.close.unknowns.access_survives_revoke = survives
    tokens = await world.oauth.exchange(await code_of(world, ADA))
    assert tokens.refresh_token
    await world.oauth.revoke(tokens.refresh_token)
    await world.oauth.revoke(tokens.refresh_token)
    with pytest.raises(ReconnectNeeded):
        await world.oauth.refresh(tokens.refresh_token)
    if survives:
        assert (await world.client.me(Credential(tokens.access_token))).id == user_id(ADA)
    else:
        with pytest.raises(Unauthorized):
            await world.client.me(Credential(tokens.access_token))


@pytest.mark.parametrize("removes", [True, False])
@pytest.mark.parametrize("variant", DeactivatedCaller)
async def test_somebody_was_removed(
    world: World, variant: DeactivatedCaller, removes: bool
) -> None:
    """A removed person's credential is dead; their associations may stay."""
    world.close.unknowns.deactivated_caller = variant
    world.close.unknowns.deactivation_removes_associations = removes
    tokens = await world.oauth.exchange(await code_of(world, BEN))
    world.close.allow(ADA, BEN)
    world.close.deactivate(BEN)
    expected = {401: Unauthorized, 403: RefusedByClose}[variant.value]
    with pytest.raises(expected):
        await world.client.me(Credential(tokens.access_token))
    assert tokens.refresh_token
    with pytest.raises(ReconnectNeeded):
        await world.oauth.refresh(tokens.refresh_token)
    assert len(await world.client.associations(world.credential(ADA))) == (0 if removes else 1)


@pytest.mark.parametrize("fine", [True, False])
async def test_odd_pairs(world: World, fine: bool) -> None:
    """Oneself and removed people are created or refused, never unclear."""
    world.close.unknowns.allowing_oneself_is_fine = fine
    world.close.unknowns.allowing_inactive_is_fine = fine
    for grantee in (ADA, FINN):
        if fine:
            assert await world.allow(ADA, grantee)
        else:
            with pytest.raises(RefusedByClose):
                await world.allow(ADA, grantee)


@pytest.mark.parametrize("has_field", [True, False])
async def test_the_list_with_and_without_paging(world: World, has_field: bool) -> None:
    """The whole list is read, whether or not Close pages it."""
    world.close.unknowns.list_has_more_field = has_field
    world.close.set_page_limit(1)
    for grantee in (BEN, CLEO, DANA):
        world.close.allow(ADA, grantee)
    assert len(await world.client.associations(world.credential(ADA))) == 3


@pytest.mark.parametrize("are_visible", [True, False])
async def test_other_peoples_accounts(world: World, are_visible: bool) -> None:
    """Other people's accounts may be hidden until one may send as them."""
    world.close.unknowns.all_accounts_are_visible = are_visible
    ben = world.credential(BEN)
    assert bool(await world.client.sending_accounts(ben, user_id(ADA))) is are_visible
    world.close.allow(ADA, BEN)
    assert await world.client.sending_accounts(ben, user_id(ADA))
