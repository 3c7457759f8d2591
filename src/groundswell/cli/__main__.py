"""``python -m groundswell.cli`` is ``swell``."""

from groundswell.cli import main

main()
