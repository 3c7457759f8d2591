"""Every client is there, in the version that its tests speak of."""

import pytest

from tests.clients.environments import Environment, environments

# The group "clients" carries no mark: it is what runs unless another group is asked for.
_MARKS = {"clients": (), "old": (pytest.mark.old,), "torch": (pytest.mark.torch,)}


@pytest.mark.parametrize(
    "client",
    [pytest.param(each, id=each.name, marks=_MARKS[each.group]) for each in environments()],
)
def test_a_client_has_the_versions_it_is_listed_with(client: Environment) -> None:
    found = {name: value.partition("+")[0] for name, value in client.found_versions().items()}
    assert found == client.versions
