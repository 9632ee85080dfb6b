"""Workload identity: a token of the place a program runs at becomes a token for Sheets, without a key file.

Two services of Google's: the security token service (``/v1/token``, RFC 8693) and ``generateAccessToken`` of the IAM
credentials service, by which the outside identity acts as a service account.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from revalign_udf.localsheets.problems import ApiError
from revalign_udf.localsheets.tokens import KeyPair, TokenRefusedError, Tokens, known_scopes, write_closed

__all__ = ["Federation"]

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS = "urn:ietf:params:oauth:token-type:access_token"
_KINDS = {"urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"}
_CLOUD = {"cloud-platform", "iam"}
#: longest life of an impersonated token, in seconds, unless an organisation allows more
_LONGEST = 3600


class Federation:
    """A workload identity pool with one provider, and the service account its members may act as."""

    def __init__(self, tokens: Tokens, base_url: str, account: str, number: str) -> None:
        self.tokens, self.base_url, self.account = tokens, base_url, account
        self.pool = f"projects/{number}/locations/global/workloadIdentityPools/local"
        self.audience = f"//iam.googleapis.com/{self.pool}/providers/local"
        self.issuer = f"{base_url}/issuer"
        #: whether members of the pool may act as the service account
        self.may_impersonate = True

    @cached_property
    def _pair(self) -> KeyPair:
        return KeyPair()

    def subject_token(self, subject: str = "job", **claims: Any) -> str:
        """A token as the platform a job runs on would hand one out."""
        now = int(self.tokens.now())
        made = {"iss": self.issuer, "sub": subject, "aud": f"https:{self.audience}", "iat": now, "exp": now + 600}
        return self._pair.sign(made | claims)

    def write_files(self, folder: Path, *, impersonate: bool = True, subject: str = "job") -> Path:
        """Writes the subject token and the ``external_account`` file that points at it.

        Args:
            folder: where to.
            impersonate: act as the service account; otherwise as the member of the pool itself, whom no spreadsheet
                is shared with.
            subject: who the job is.

        Returns:
            The ``external_account`` file.
        """
        token = write_closed(folder / "subject-token.jwt", self.subject_token(subject))
        content: dict[str, Any] = {
            "type": "external_account",
            "audience": self.audience,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.base_url}/v1/token",
            "credential_source": {"file": str(token)},
            "universe_domain": "googleapis.com",
        }
        if impersonate:
            path = f"/v1/projects/-/serviceAccounts/{self.account}:generateAccessToken"
            content["service_account_impersonation_url"] = self.base_url + path
        return write_closed(folder / "external-account.json", content)

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """``/v1/token``: a federated token for a subject token.

        Raises:
            TokenRefusedError: wrong grant, audience, signature or time.
        """
        if form.get("grant_type") != GRANT:
            raise TokenRefusedError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        if form.get("audience") != self.audience:
            raise TokenRefusedError("invalid_target", "The target service indicated by the audience is invalid.")
        if form.get("subject_token_type") not in _KINDS:
            raise TokenRefusedError("invalid_request", "Invalid value for subject_token_type.")
        if form.get("requested_token_type") != _ACCESS:
            raise TokenRefusedError("invalid_request", "Invalid value for requested_token_type.")
        claims = self._pair.verified(form.get("subject_token", ""))
        if claims.get("iss") != self.issuer:
            raise TokenRefusedError("invalid_grant", f"The issuer in ID Token {claims.get('iss')} does not match.")
        if claims.get("aud") not in {f"https:{self.audience}", self.audience}:
            raise TokenRefusedError(
                "invalid_grant",
                f"The audience in ID Token [{claims.get('aud')}] does not match the expected audience "
                f"https:{self.audience}.",
            )
        if not isinstance(claims.get("exp"), int) or claims["exp"] <= self.tokens.now():
            raise TokenRefusedError("invalid_grant", "ID Token is stale to sign-in.")
        scopes = known_scopes(form.get("scope", ""))
        caller = f"principal://iam.googleapis.com/{self.pool}/subject/{claims.get('sub')}"
        return {**self.tokens.answer(caller, scopes), "issued_token_type": _ACCESS}

    def impersonate(self, account: str, token: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """``generateAccessToken``: a token of a service account for a caller who may act as it.

        Raises:
            ApiError: not signed in, not allowed, or a bad life time.
        """
        held = self.tokens.find(token)
        if held is None:
            raise ApiError(401, "Request had invalid authentication credentials.")
        if not held.short & _CLOUD:
            raise ApiError(403, "Request had insufficient authentication scopes.")
        if account != self.account or not self.may_impersonate:
            detail = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "IAM_PERMISSION_DENIED",
                "domain": "iam.googleapis.com",
                "metadata": {"permission": "iam.serviceAccounts.getAccessToken"},
            }
            message = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
            raise ApiError(403, message, details=(detail,))
        try:
            scopes = known_scopes(" ".join(map(str, body.get("scope", ()))))
            lifetime = int(str(body.get("lifetime", "3600s")).removesuffix("s"))
        except (TokenRefusedError, ValueError) as problem:
            raise ApiError(400, f"Invalid request: {problem}") from None
        if not 0 < lifetime <= _LONGEST:
            raise ApiError(400, "The access token lifetime exceeds the maximum of 3600s.")
        lifetime = min(lifetime, self.tokens.lifetime)
        ends = dt.datetime.fromtimestamp(self.tokens.now() + lifetime, dt.UTC)
        made = self.tokens.issue(self.account, scopes, lifetime)
        return {"accessToken": made, "expireTime": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
