"""Which view a question asks for: a profile of definitions, a currency, a rule for rates."""

from __future__ import annotations

from datetime import date

from revalign_udf.errors import NoData, UnknownName
from revalign_udf.metrics.profiles import PROFILES, Profile
from revalign_udf.snapshots import Manifest, Snapshot, View

__all__ = ["chosen_profile", "view_of"]


def chosen_profile(manifest: Manifest, asked: str | None) -> Profile:
    """The profile a question asks for, else the project's. Raises UnknownName REV-101."""
    name = str(asked or manifest.parameters.get("profile") or "default").strip().casefold().replace("-", "_")
    if name not in PROFILES:
        raise UnknownName("profile", name, PROFILES)
    return PROFILES[name]


def view_of(snapshot: Snapshot, profile: Profile, currency: str | None) -> View:
    """The view of a profile in a currency. Raises UnknownName REV-101 for a currency without any rate, NoData REV-201 for
    a snapshot published before the profile's movements were."""
    manifest = snapshot.manifest
    code = (currency or "").strip().upper()
    if code == manifest.currency:
        code = ""
    if code and code not in (known := snapshot.known_currencies):
        raise UnknownName("currency", code, known, hint="Load fx_rate rows for it.")
    key = profile.movements.key
    if key and key not in manifest.variants:
        raise NoData(
            f"The snapshot {manifest.label} holds no movements by the rules of {profile.name}.", code="REV-201",
            hint="It was published before they were known. Publish a new one: revalign build.",
        )  # fmt: skip
    # rules of movements that change nothing on this data are answered by the ordinary ones
    variant = manifest.variants.get(key, "movement").removeprefix("movement").removeprefix("__")
    constant = None
    if profile.rates == "constant":
        given = manifest.parameters.get("constant_rate_on")
        constant = date.fromisoformat(str(given)) if given else snapshot.as_of
    return View(code, profile.rates, variant, constant)
