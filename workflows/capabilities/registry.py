"""Which capabilities there are: every subclass found in any installed app's `capabilities` module."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from django.utils.module_loading import autodiscover_modules

from workflows.capabilities.contract import Capability, CapabilityError


def _import_package(package: ModuleType) -> None:
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        import_module(module.name)


@cache
def capabilities() -> dict[str, Capability]:
    """Return one instance of each capability by key. Raises ValueError when two claim the same key."""
    _import_package(import_module("workflows.capabilities"))
    autodiscover_modules("capabilities")
    found: dict[str, Capability] = {}
    frontier = list(Capability.__subclasses__())
    while frontier:
        kind = frontier.pop()
        frontier.extend(kind.__subclasses__())
        key = kind.__dict__.get("key")
        if key is None:
            continue
        if key in found:
            raise ValueError(f"two capabilities are called {key}: {type(found[key])} and {kind}")
        found[key] = kind()
    return dict(sorted(found.items()))


def capability(key: str) -> Capability:
    """Return the capability under the key. Raises CapabilityError."""
    try:
        return capabilities()[key]
    except KeyError:
        raise CapabilityError(f"there is no capability “{key}”; there are {', '.join(capabilities())}") from None
