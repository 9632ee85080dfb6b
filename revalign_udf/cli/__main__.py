"""``python -m revalign_udf.cli``."""

from revalign_udf.cli import main

main()
