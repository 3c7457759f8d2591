"""Passes: a right of one caller in one repository, signed so that a URL or token can carry it.

Knows dedup domains, the Xet epoch and how a pass is checked. A pass never gives more than its
holder has at the moment of use: each check asks for the account, the token and the repository
again, so what is revoked ends at once, whatever was signed before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Forbidden, InvalidCredentials, NotFound
from groundswell.core.policy import Action, may, reads_whole_namespace
from groundswell.core.values import ANONYMOUS, Principal
from groundswell.hub.blobs.values import XetScope, XetToken
from groundswell.hub.signing import Signer
from groundswell.store.database import Database
from groundswell.store.tables import hub_facts

if TYPE_CHECKING:
    from groundswell.hub.repos import Repository

Refresh = Callable[[int, int | None, int | None], Principal]
"""(account id, token id, session id) -> the principal as it is now, or InvalidCredentials."""

FindRepository = Callable[[Principal, int, Action], "Repository"]
"""(principal, number, action) -> the repository, or the refusal: ``Repos.find_by_number``."""

XET_TOKEN_TTL_SECONDS: Final = 15 * 60
# Clients compare the expiry with their own clock, and take a 401 as the end of the transfer.
XET_TOKEN_LEEWAY_SECONDS: Final = 5 * 60

_XET_TOKEN: Final = "xet-token"  # noqa: S105 - the name of a purpose
_EPOCH: Final = "xet_epoch"


@dataclass(frozen=True, slots=True)
class Pass:
    """A checked pass: who holds it, for which repository, and what it was signed for.

    The repository and the principal are as they are now.
    """

    principal: Principal
    repository: Repository
    facts: Mapping[str, Any]

    @property
    def domain(self) -> str:
        """The dedup domain of the holder in this repository."""
        return dedup_domain(self.principal, self.repository)

    @property
    def account_id(self) -> int:
        """The account of a holder who may write, and so is not anonymous."""
        assert self.principal.account_id is not None, "a writer has an account"
        return self.principal.account_id


def dedup_domain(principal: Principal, repository: Repository) -> str:
    """Where the caller's uploads to this repository are compared with others.

    Nothing outside is ever found, named or hinted at. A namespace is one domain to whoever
    reads all of it and may write here; everybody else has one for each repository.
    """
    writes = may(principal, Action.WRITE, repository.subject).allowed
    if writes and reads_whole_namespace(principal, repository.owner_id):
        return f"n{repository.owner_id}"
    return f"r{repository.id}u{principal.account_id or 0}"


class Passes:
    """Signs passes and checks them."""

    def __init__(
        self, database: Database, signer: Signer, refresh: Refresh, find: FindRepository
    ) -> None:
        self._database = database
        self._signer = signer
        self._refresh = refresh
        self._find = find

    def issue_xet_token(
        self, principal: Principal, repository: Repository, scope: XetScope, base_url: str
    ) -> XetToken:
        """A token for the content store, with the address that belongs to it.

        The caller has found the repository for this principal with the right that the scope
        stands for. ``base_url`` has no trailing slash.
        """
        domain = dedup_domain(principal, repository)
        facts = {"domain": domain, "write": scope is XetScope.WRITE}
        token = self.seal(_XET_TOKEN, principal, repository.id, facts, XET_TOKEN_TTL_SECONDS)
        return XetToken(
            cas_url=f"{base_url}/xet/{domain}/e{self.epoch()}",
            access_token=token,
            expires_at_seconds=self._signer.now_seconds() + XET_TOKEN_TTL_SECONDS,
        )

    def admit(self, access_token: str, domain: str, epoch: int, scope: XetScope) -> Pass:
        """The holder of a Xet token, at the address that belongs to it.

        Raises:
            InvalidCredentials: no token of this hub, expired, or its owner's token is revoked.
            NotFound: the address is of another epoch: clients forget what they know under it.
            RepoNotFound, Forbidden: the holder may not, or no longer, or has another domain now.
        """
        try:
            facts = self._signer.open(_XET_TOKEN, access_token, XET_TOKEN_LEEWAY_SECONDS)
        except Forbidden as error:
            raise InvalidCredentials from error
        writes = scope is XetScope.WRITE
        if writes and not facts["write"]:
            msg = "This token only reads."
            raise Forbidden(msg)
        if epoch != self.epoch():
            raise NotFound
        held = self._holder(facts, Action.CONTRIBUTE if writes else Action.READ)
        if domain != facts["domain"] or (writes and domain != held.domain):
            msg = "This token is for another address."
            raise Forbidden(msg)
        return held

    def seal(
        self,
        purpose: str,
        principal: Principal,
        repository_id: int,
        facts: Mapping[str, Any],
        ttl_seconds: int,
    ) -> str:
        """A pass as text."""
        holder = [principal.account_id, principal.token_id, principal.session_id]
        payload = {**facts, "holder": holder, "repository": repository_id}
        return self._signer.sign(purpose, payload, ttl_seconds)

    def unseal(self, purpose: str, text: str, action: Action) -> Pass:
        """The pass, when its holder may still do ``action``.

        Raises:
            Forbidden: not a pass for this purpose, or expired.
            InvalidCredentials: the holder's token or session has ended.
            RepoNotFound, Forbidden, GatedRepo, DisabledRepo: the holder may not, or no longer.
        """
        return self._holder(self._signer.open(purpose, text), action)

    def epoch(self) -> int:
        """The present epoch of the content store: another one makes clients forget."""
        query = sa.select(hub_facts.c.value).where(hub_facts.c.name == _EPOCH)
        return int(self._database.read(lambda conn: conn.execute(query).scalar()) or 1)

    def _holder(self, facts: Mapping[str, Any], action: Action) -> Pass:
        account_id, token_id, session_id = facts["holder"]
        principal = ANONYMOUS
        if account_id is not None:
            principal = self._refresh(account_id, token_id, session_id)
        repository = self._find(principal, facts["repository"], action)
        return Pass(principal, repository, facts)
