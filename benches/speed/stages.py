"""Every stage by its name, in the order of a whole run."""

from __future__ import annotations

from typing import Final

from . import bundle, growth, rules, service, single, start, swap, trees, windows
from .stage import Stage

STAGES: Final[dict[str, Stage]] = {
    module.STAGE.name: module.STAGE for module in (windows, rules, trees, bundle, single, growth, swap, start, service)
}
