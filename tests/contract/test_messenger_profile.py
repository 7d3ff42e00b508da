"""What icesync relies on of the Graph API's ice breakers, on whichever server the suite runs."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from icesync.errors import GraphError, TokenError
from icesync.graph.client import GraphClient
from icesync.model import NOTHING, IceBreaker, Profile
from icesync.reconciler import READ_BACK_PAUSES
from icesync.runtime import SystemClock
from tests.contract.conftest import Server

pytestmark = pytest.mark.anyio

ONE = Profile.of({"default": [("Where is my order?", "ORDER_STATUS")]})
THREE = Profile.of(
    {
        "default": [(f"Question {number}?", f'{{"number": {number}}}') for number in range(1, 5)],
        "fr_FR": [("Où est ma commande ?", "ORDER_STATUS"), ("Ça va ? 👋", "HELLO")],
        "ar_AR": [("أين طلبي؟", "ORDER_STATUS")],
    }
)


@pytest.fixture(autouse=True)
async def clean(client: GraphClient, server: Server) -> AsyncIterator[None]:
    await client.set_profile(server.account, NOTHING)
    yield
    await client.set_profile(server.account, NOTHING)


async def settled(client: GraphClient, server: Server, wanted: Profile) -> Profile:
    live = await client.get_profile(server.account)
    for pause in READ_BACK_PAUSES:
        if live == wanted:
            break
        await SystemClock().sleep(pause)
        live = await client.get_profile(server.account)
    return live


async def test_an_account_without_ice_breakers_reads_as_nothing(client: GraphClient, server: Server) -> None:
    assert await settled(client, server, NOTHING) == NOTHING


@pytest.mark.parametrize("wanted", [ONE, THREE], ids=["one", "three locales"])
async def test_what_is_written_reads_back(client: GraphClient, server: Server, wanted: Profile) -> None:
    await client.set_profile(server.account, wanted)
    assert await settled(client, server, wanted) == wanted


async def test_the_order_of_questions_is_kept(client: GraphClient, server: Server) -> None:
    turned = Profile({"default": tuple(reversed(THREE.ice_breakers["default"]))})
    await client.set_profile(server.account, turned)
    assert await settled(client, server, turned) == turned


async def test_a_write_replaces_the_whole_document(client: GraphClient, server: Server) -> None:
    await client.set_profile(server.account, THREE)
    await client.set_profile(server.account, ONE)
    assert await settled(client, server, ONE) == ONE


async def test_a_delete_clears_every_locale(client: GraphClient, server: Server) -> None:
    await client.set_profile(server.account, THREE)
    await client.set_profile(server.account, NOTHING)
    assert await settled(client, server, NOTHING) == NOTHING


async def test_a_delete_of_nothing_is_no_error(client: GraphClient, server: Server) -> None:
    await client.set_profile(server.account, NOTHING)


async def test_the_account_can_be_called_me(client: GraphClient, server: Server) -> None:
    await client.set_profile(server.account, ONE)
    me = replace(server.account, id="me")
    assert await client.get_profile(me) == ONE


async def test_five_questions_are_refused(client: GraphClient, server: Server) -> None:
    five = Profile({"default": tuple(IceBreaker(f"{n}?", str(n)) for n in range(5))})
    with pytest.raises(GraphError) as refused:
        await client.set_profile(server.account, five)
    assert refused.value.failure.code == 100


async def test_a_token_that_is_none_is_a_dead_token(server: Server, client: GraphClient) -> None:
    with pytest.raises(TokenError):
        await client.get_profile(replace(server.account, token="env:NONSENSE"))
