"""The dashboards as code: one module for each board, and the parts that they share."""

import importlib
import warnings

with warnings.catch_warnings():
    # The kit would have everybody take its second schema, which Grafana does not yet read from files. It says
    # so where it is imported for the first time, which is here.
    warnings.simplefilter("ignore", DeprecationWarning)
    importlib.import_module("grafana_foundation_sdk.models.dashboard")
