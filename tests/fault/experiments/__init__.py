"""The fault experiments of Groundswell: each a function that takes a place and a scale, and gives
figures against their criteria. `make faults` prints them; `tests/fault/test_experiments.py` runs
the same in CI.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.fault.experiments.bit_storm import bit_storm
from tests.fault.experiments.clocks import clocks
from tests.fault.experiments.drill import drill
from tests.fault.experiments.failing_disk import failing_disk
from tests.fault.experiments.figures import Figure, Scale
from tests.fault.experiments.frozen import frozen_uploads
from tests.fault.experiments.full_disk import full_disk
from tests.fault.experiments.kill_points import kill_points
from tests.fault.experiments.kill_storm import kill_storm
from tests.fault.experiments.lost_updates import lost_updates
from tests.fault.experiments.mutations import mutations
from tests.fault.experiments.overload import overload
from tests.fault.experiments.power_cuts import power_cuts
from tests.fault.experiments.site import Site

Experiment = Callable[[Site, Path, Scale], Iterator[Figure]]

EXPERIMENTS: Final[dict[str, Experiment]] = {
    "F1": kill_storm,
    "F2": kill_points,
    "F3": power_cuts,
    "F4": failing_disk,
    "F5": full_disk,
    "F6": bit_storm,
    "F7": frozen_uploads,
    "F8": lost_updates,
    "F10": clocks,
    "F13": drill,
    "F14": overload,
    "M": mutations,
}
