module presence-exporter.invalid/tools/crds

go 1.26.0

// Nothing of it is built: the definitions that it carries are what the chart's objects are held to.
require github.com/prometheus-operator/prometheus-operator v0.85.0
