"""The fault experiments of Groundswell: one module each, whose ``run`` takes a place and a scale,
and gives figures against their criteria. `make faults` prints them;
`tests/fault/test_experiments.py` runs the same in CI.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.fault.experiments import (
    bit_storm,
    clocks,
    drill,
    failing_disk,
    frozen,
    full_disk,
    kill_points,
    kill_storm,
    lost_updates,
    mutations,
    overload,
    power_cuts,
)
from tests.fault.experiments.figures import Figure, Scale
from tests.fault.experiments.site import Site

Experiment = Callable[[Site, Path, Scale], Iterator[Figure]]

EXPERIMENTS: Final[dict[str, Experiment]] = {
    "F1": kill_storm.run,
    "F2": kill_points.run,
    "F3": power_cuts.run,
    "F4": failing_disk.run,
    "F5": full_disk.run,
    "F6": bit_storm.run,
    "F7": frozen.run,
    "F8": lost_updates.run,
    "F10": clocks.run,
    "F13": drill.run,
    "F14": overload.run,
    "M": mutations.run,
}
