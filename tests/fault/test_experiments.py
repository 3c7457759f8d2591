"""Every fault experiment, at the scale that CI can bear. `make faults` runs the same by themselves,
and `make faults-long` all of each.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.experiments import EXPERIMENTS
from tests.fault.experiments.figures import Figure, Scale
from tests.fault.experiments.site import Site


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiment(name: str, site: Site, tmp_path: Path, figures: list[Figure]) -> None:
    found = list(EXPERIMENTS[name](site, tmp_path, Scale()))
    figures += found
    assert found
    assert [each for each in found if not each.passed] == []
