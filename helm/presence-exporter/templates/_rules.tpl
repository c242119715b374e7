{{/* The rules of files/rules with the user's values put in. Their text is read from the files and never passes
     through the template engine, which would eat what Prometheus is to fill in. */}}

{{/* The text of an expression that each value stands in for, by alert and value: it must be there exactly once. */}}
{{- define "presence-exporter.knobs" -}}
PresenceSourceDown: {threshold: "< 0.5"}
PresenceStale: {threshold: "> 900"}
PresenceAuthRefused: {reasons: "auth|forbidden"}
PresenceRateLimited: {threshold: "> 0.2"}
PresenceLedgerStuck: {threshold: "> 7200"}
PresenceOnCallGroupEmpty: {groups: "(?i)on-?_?call.*"}
PresencePersonAlone: {threshold: "le=\"600.0\""}
PresenceRoomStuckOpen: {threshold: "> 43200"}
PresenceUnusuallyFewParticipants: {share: "< 0.25 *", people: "> 20"}
PresenceUnusuallyManyParticipants: {factor: "> 4 *", people: "> 50"}
{{- end -}}

{{/* One alert with the user's values, as YAML; nothing where it is switched off. Takes a list: root, rule. */}}
{{- define "presence-exporter.alert" -}}
{{- $root := index . 0 -}}
{{- $rule := index . 1 -}}
{{- $settings := $root.Values.prometheusRule -}}
{{- $own := get ($settings.alerts | default dict) $rule.alert | default dict -}}
{{- if get $own "enabled" | ne false -}}
{{- $expr := $rule.expr | replace "job=\"presence\"" (printf "job=\"%s\"" $root.Values.job) -}}
{{- range $name, $text := (get (include "presence-exporter.knobs" $root | fromYaml) $rule.alert | default dict) -}}
{{- $value := get $own $name -}}
{{- if not (kindIs "invalid" $value) -}}
{{- if ne (len (splitList $text $rule.expr)) 2 -}}
{{- fail (printf "files/rules: %s does not have %q exactly once, so %s cannot be set" $rule.alert $text $name) -}}
{{- end -}}
{{- $new := regexReplaceAllLiteral "[^<>* ]+" $text (toString $value) -}}
{{- if kindIs "string" $value -}}
{{- $new = $value | replace "\\" "\\\\" | replace "\"" "\\\"" -}}
{{- else if hasPrefix "le=" $text -}}
{{- $new = printf "le=\"%d.0\"" (int64 $value) -}}
{{- end -}}
{{- $expr = replace $text $new $expr -}}
{{- end -}}
{{- end -}}
{{- $rule = set $rule "expr" $expr -}}
{{- with $own.for -}}{{- $rule = set $rule "for" . -}}{{- end -}}
{{- with $own.keepFiringFor -}}{{- $rule = set $rule "keep_firing_for" . -}}{{- end -}}
{{- $labels := mergeOverwrite (deepCopy $rule.labels) (deepCopy ($settings.additionalRuleLabels | default dict)) -}}
{{- with $own.severity -}}{{- $labels = set $labels "severity" . -}}{{- end -}}
{{- $rule = set $rule "labels" (mergeOverwrite $labels (deepCopy ($own.labels | default dict))) -}}
{{- $annotations := dict -}}
{{- range $name, $text := $rule.annotations -}}
{{- if eq $name "runbook_url" -}}
{{- with $settings.runbookUrl -}}
{{- $annotations = set $annotations $name (replace "https://presence-exporter.example.org/runbooks" (trimSuffix "/" .) $text) -}}
{{- end -}}
{{- else if eq $name "dashboard_url" -}}
{{- with $settings.grafanaUrl -}}
{{- $annotations = set $annotations $name (replace "https://grafana.example.org" (trimSuffix "/" .) $text) -}}
{{- end -}}
{{- else -}}
{{- $annotations = set $annotations $name $text -}}
{{- end -}}
{{- end -}}
{{- $annotations = mergeOverwrite $annotations (deepCopy ($settings.additionalRuleAnnotations | default dict)) -}}
{{- $rule = set $rule "annotations" (mergeOverwrite $annotations (deepCopy ($own.annotations | default dict))) -}}
{{- toYaml $rule -}}
{{- end -}}
{{- end -}}
