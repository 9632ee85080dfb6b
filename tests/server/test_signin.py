"""A team's sign-in: tokens of a local OpenID Connect provider, checked over real HTTP."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from revalign_udf.errors import ConfigError
from revalign_udf.server.calls import Refused
from revalign_udf.server.signin import Issuer, Keys, SignIn

AUDIENCE = "revalign"


class Provider:
    """Publishes keys on loopback and signs tokens; ``asked`` counts how often its keys were fetched."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
            "one": rsa.generate_private_key(public_exponent=65537, key_size=2048)
        }
        self.asked = 0
        self.down = False
        self.issuer = ""

    def published(self) -> dict[str, Any]:
        found = []
        for name, key in self.keys.items():
            kind = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
            algorithm = jwt.get_algorithm_by_name(kind)
            found.append({**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig", "alg": kind})
        return {"keys": [*found, {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"}, {"kty": "unknown"}, "nonsense"]}

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        made = {"iss": self.issuer, "aud": AUDIENCE, "sub": "u1", "exp": now + 300, "email": "ada@example.com",
                "roles": ["finance", "reader"]}  # fmt: skip
        return {name: value for name, value in {**made, **changes}.items() if value is not None}

    def token(self, kid: str = "one", key: Any = None, algorithm: str = "RS256", **changes: Any) -> str:
        made: str = jwt.encode(self.claims(**changes), key or self.keys[kid], algorithm, headers={"kid": kid})
        return made


@pytest.fixture
def provider() -> Iterator[Provider]:
    state = Provider()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            if state.down:
                self.send_error(503)
                return
            told: Any = state.published()
            if self.path.startswith("/.well-known"):
                told = {"issuer": state.issuer, "jwks_uri": f"{state.issuer}/keys"}
            else:
                state.asked += 1
            content = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def signing(provider: Provider, *, pause: float = 0.0, described: bool = False) -> SignIn:
    issuer = Issuer(provider.issuer, AUDIENCE, "" if described else f"{provider.issuer}/keys")
    return SignIn(issuer, Keys(issuer, pause=pause))


def reason(sign_in: SignIn, token: str) -> str:
    with pytest.raises(Refused) as caught:
        sign_in.caller(token)
    assert (caught.value.status, caught.value.code) == (401, "REV-401")
    assert token not in str(caught.value)
    return caught.value.message


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_sound_token_says_who_asks(provider: Provider) -> None:
    caller = signing(provider).caller(provider.token())
    assert (caller.name, caller.roles) == ("ada@example.com", ("finance", "reader"))
    assert caller.row_filter == {}
    plain = signing(provider).caller(provider.token(email=None, roles=None))
    assert (plain.name, plain.roles) == ("u1", ())


def test_keys_are_where_the_provider_describes_them(provider: Provider) -> None:
    assert signing(provider, described=True).caller(provider.token()).name == "ada@example.com"
    provider.issuer = provider.issuer.replace("127.0.0.1", "localhost")  # it describes itself as another one now
    other = Issuer(provider.issuer.replace("localhost", "127.0.0.1"), AUDIENCE)
    with pytest.raises(Refused) as caught:
        SignIn(other, Keys(other, pause=0)).caller(provider.token())
    assert (caught.value.status, caught.value.code) == (503, "REV-408")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": int(time.time()) - 3600}, "expired"),
        ({"exp": None}, "not a sound token"),
        ({"aud": "another-application"}, "meant for another application"),
        ({"aud": None}, "not a sound token"),
        ({"iss": "https://elsewhere.example"}, "comes from another sign-in"),
        ({"iss": None}, "not a sound token"),
        ({"sub": None}, "not a sound token"),
        ({"nbf": int(time.time()) + 3600}, "not valid yet"),
        ({"exp": "soon"}, "not a sound token"),
    ],
    ids=[
        "expired",
        "no end",
        "wrong audience",
        "no audience",
        "wrong issuer",
        "no issuer",
        "nobody",
        "early",
        "odd end",
    ],
)
def test_what_a_token_says_of_itself_must_fit(provider: Provider, changes: dict[str, Any], why: str) -> None:
    token = provider.token(**{k: v for k, v in changes.items() if v != "soon"})
    if "soon" in changes.values():
        head, _, _ = token.split(".")
        token = f"{head}.{part(provider.claims(exp='soon'))}.AAAA"
    assert why in reason(signing(provider), token)


def test_clocks_may_disagree_by_half_a_minute(provider: Provider) -> None:
    now = int(time.time())
    assert signing(provider).caller(provider.token(exp=now - 10)).name
    assert "expired" in reason(signing(provider), provider.token(exp=now - 45))


def test_the_algorithm_is_ours_to_choose_never_the_tokens(provider: Provider) -> None:
    sign_in = signing(provider)
    unsigned = f"{part({'alg': 'none', 'kid': 'one'})}.{part(provider.claims())}."
    assert "algorithm" in reason(sign_in, unsigned)
    public = (
        provider.keys["one"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )  # the public key taken for a shared secret
    head = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(provider.claims())}"
    mark = hmac.new(public, head.encode(), hashlib.sha256).digest()
    confused = f"{head}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"
    assert "algorithm" in reason(sign_in, confused)
    shared = jwt.encode(provider.claims(), "s" * 40, "HS256", headers={"kid": "shared"})
    assert "algorithm" in reason(sign_in, shared)
    # a sound signature, but not of the kind the key is published for
    other = jwt.encode(provider.claims(), provider.keys["one"], "PS256", headers={"kid": "one"})
    assert "does not publish" in reason(sign_in, other)


def test_a_signature_by_another_key_is_refused(provider: Provider) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert "not a sound token" in reason(signing(provider), provider.token(key=stranger))
    head, body, mark = provider.token().split(".")
    forged = f"{head}.{part(provider.claims(roles=['owner']))}.{mark}"
    assert body not in forged
    assert "not a sound token" in reason(signing(provider), forged)
    for junk in ("a.b", "a.b.c", f"{head}.{body}", "x" * 20_000, f"{part([])}.{body}.{mark}", "é.é.é"):
        assert reason(signing(provider), junk).startswith("The sign-in was not accepted")


def test_a_rotated_key_is_found_and_the_old_one_forgotten(provider: Provider) -> None:
    sign_in = signing(provider)
    old = provider.token()
    assert sign_in.caller(old).name
    provider.keys = {"two": ec.generate_private_key(ec.SECP256R1())}
    assert sign_in.caller(provider.token("two", algorithm="ES256")).name
    assert "does not publish" in reason(sign_in, old)


def test_a_flood_of_invented_keys_is_no_flood_at_the_provider(provider: Provider) -> None:
    sign_in = signing(provider, pause=60)
    assert sign_in.caller(provider.token()).name
    for index in range(50):
        stranger = provider.keys["one"]
        token = jwt.encode(provider.claims(), stranger, "RS256", headers={"kid": f"invented-{index}"})
        assert "does not publish" in reason(sign_in, token)
    assert provider.asked == 1
    assert sign_in.caller(provider.token()).name


def test_known_keys_outlive_a_short_absence_of_the_provider(provider: Provider) -> None:
    sign_in = signing(provider)
    assert sign_in.caller(provider.token()).name
    provider.down = True
    assert sign_in.caller(provider.token()).name
    with pytest.raises(Refused) as caught:
        signing(provider).caller(provider.token())
    assert (caught.value.status, caught.value.code, caught.value.retry_after) == (503, "REV-408", 10)


@pytest.mark.parametrize("address", ["http://sign-in.example", "ftp://x", "sign-in.example", "https//x"])
def test_keys_never_travel_in_the_open(address: str) -> None:
    with pytest.raises(ConfigError, match="https") as caught:
        SignIn(Issuer(address, AUDIENCE))
    assert caught.value.code == "REV-305"


def test_without_an_audience_any_token_of_the_provider_would_do() -> None:
    with pytest.raises(ConfigError, match="audience") as caught:
        SignIn(Issuer("https://sign-in.example", ""))
    assert caught.value.code == "REV-305"


def test_over_http_beside_the_servers_own_token(serving: Any, project: Any, provider: Provider) -> None:
    with serving(project, sign_in=signing(provider)) as client:
        ask = [{"id": 1, "function": "METRIC", "arguments": ["mrr", "2026-01"]}]
        assert client.post(ask, token=provider.token()).json() == [{"id": 1, "cell": 150.0}]
        assert client.post(ask).status_code == 200
        expired = client.post(ask, token=provider.token(exp=int(time.time()) - 3600))
        assert (expired.status_code, expired.json()["status"]) == (401, "REV-401")
        assert "expired" in expired.json()["error"]["message"]
        assert expired.headers["WWW-Authenticate"] == "Bearer"
        provider.down = True
        assert client.post(ask, token=provider.token()).status_code == 200
    with serving(project, None, sign_in=signing(provider)) as client:
        away = client.post(ask, token=provider.token())
        assert (away.status_code, away.json()["status"], away.headers["Retry-After"]) == (503, "REV-408", "10")
        provider.down = False
        assert client.post(ask, token=provider.token()).status_code == 200
        assert client.post(ask, token="a-token-for-tests").status_code == 401
