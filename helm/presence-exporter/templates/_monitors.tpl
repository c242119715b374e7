{{/* What the three objects that scrape have in common. */}}

{{/* The scrape job, by which the rules select; then the user's own relabelings. Takes a list: the job, more. */}}
{{- define "presence-exporter.relabelings" -}}
{{- $job := dict "action" "replace" "targetLabel" "job" "replacement" (index . 0) -}}
{{- toYaml (concat (list $job) (index . 1 | default list)) -}}
{{- end -}}

{{/* Keys of the spec that monitors of services and of pods share. Takes the monitor's values. */}}
{{- define "presence-exporter.monitorSpec" -}}
{{- range $key := (list "sampleLimit" "targetLimit" "labelLimit" "labelNameLengthLimit" "labelValueLengthLimit" "keepDroppedTargets" "scrapeClass" "scrapeProtocols" "fallbackScrapeProtocol" "attachMetadata" "podTargetLabels") }}
{{- with get $ $key }}
{{ $key }}: {{ toJson . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Keys of its one endpoint. Takes a list: the root, the monitor's values. */}}
{{- define "presence-exporter.monitorEndpoint" -}}
{{- $root := index . 0 -}}
{{- $monitor := index . 1 -}}
port: http
path: {{ $root.Values.web.telemetryPath }}
scheme: {{ default (include "presence-exporter.scheme" $root) $monitor.scheme }}
honorLabels: {{ $monitor.honorLabels }}
{{- range $key := (list "interval" "scrapeTimeout" "proxyUrl") }}
{{- with get $monitor $key }}
{{ $key }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- range $key := (list "params" "tlsConfig" "authorization" "basicAuth" "oauth2") }}
{{- with get $monitor $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
relabelings:
  {{- include "presence-exporter.relabelings" (list $root.Values.job $monitor.relabelings) | nindent 2 }}
{{- with $monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
