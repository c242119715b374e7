"""The command line of the dashboards' build."""

import sys

from grafana.boards.files import main

sys.exit(main(sys.argv[1:]))
