"""`python -m medsweep`."""

from medsweep.main import main

main()
