"""Every fault experiment, at the scale that CI can bear. `make faults` runs the same by themselves,
and `make faults-long` all of each.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fault.experiments import EXPERIMENTS
from tests.fault.experiments.figures import Scale, row
from tests.fault.experiments.site import Site


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiment(
    name: str, site: Site, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found = list(EXPERIMENTS[name](site, tmp_path, Scale()))
    for each in found:
        record_property("figure", row(each.cells()))
    assert found
    assert [each for each in found if not each.passed] == []
