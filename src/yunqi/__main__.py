"""``python -m yunqi`` is the command line."""

from yunqi.app.cli import main

main()
