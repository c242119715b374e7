{{/* What values.schema.json cannot say: refuses values that contradict each other, with the reason. */}}

{{/* Exactly one of the ways to give a credential. Takes a list: its path in the values, what was given, and
     whether a mounted file is one of the ways. */}}
{{- define "presence-exporter.oneWay" -}}
{{- $path := index . 0 -}}
{{- $given := index . 1 | default dict -}}
{{- $ways := list -}}
{{- if (get $given "existingSecret" | default dict).name -}}{{- $ways = append $ways "existingSecret" -}}{{- end -}}
{{- if $given.file -}}{{- $ways = append $ways "file" -}}{{- end -}}
{{- if $given.value -}}{{- $ways = append $ways "value" -}}{{- end -}}
{{- $allowed := ternary "existingSecret, file and value" "existingSecret and value" (index . 2) -}}
{{- if not $ways -}}
{{- fail (printf "%s: none is given; give exactly one of %s" $path $allowed) -}}
{{- else if gt (len $ways) 1 -}}
{{- fail (printf "%s: %s are given; give exactly one of %s" $path (join " and " $ways) $allowed) -}}
{{- end -}}
{{- end -}}

{{- define "presence-exporter.validate" -}}
{{- include "presence-exporter.validateModes" . -}}
{{- include "presence-exporter.validateCredentials" . -}}
{{- include "presence-exporter.validateLedger" . -}}
{{- if .Values.config -}}{{- include "presence-exporter.validateConfig" . -}}{{- end -}}
{{- include "presence-exporter.validateWeb" . -}}
{{- include "presence-exporter.validateScraping" . -}}
{{- end -}}

{{- define "presence-exporter.validateModes" -}}
{{- $modes := include "presence-exporter.modes" . -}}
{{- $words := "one of config, existingConfig, daily.enabled and rocketchat.enabled, or demo" -}}
{{- if not $modes -}}
{{- fail (printf "nothing to ask is configured: give %s" $words) -}}
{{- else if contains "," $modes -}}
{{- fail (printf "%s are given together: give %s, since the exporter takes one of them" (replace "," " and " $modes) $words) -}}
{{- end -}}
{{- if and .Values.existingConfig.secret .Values.existingConfig.configMap -}}
{{- fail "existingConfig: secret and configMap are given; give one of them" -}}
{{- end -}}
{{- end -}}

{{- define "presence-exporter.validateCredentials" -}}
{{- if .Values.daily.enabled -}}
{{- include "presence-exporter.oneWay" (list "daily.apiKey" .Values.daily.apiKey true) -}}
{{- include "presence-exporter.refuseUser" (list "daily.url" .Values.daily.url) -}}
{{- end -}}
{{- if .Values.rocketchat.enabled -}}
{{- if not .Values.rocketchat.url -}}{{- fail "rocketchat.url: is missing; the address of the workspace, such as https://chat.example.org" -}}{{- end -}}
{{- include "presence-exporter.refuseUser" (list "rocketchat.url" .Values.rocketchat.url) -}}
{{- include "presence-exporter.oneWay" (list "rocketchat.userId" .Values.rocketchat.userId true) -}}
{{- include "presence-exporter.oneWay" (list "rocketchat.authToken" .Values.rocketchat.authToken true) -}}
{{- end -}}
{{- $modes := include "presence-exporter.modes" . -}}
{{- if and .Values.credentials (not (contains "onfig" $modes)) -}}
{{- fail "credentials: are for a configuration file; without one give daily.apiKey, rocketchat.userId and rocketchat.authToken" -}}
{{- end -}}
{{- range $name, $credential := .Values.credentials -}}
{{- if has $name (list "ledger-url" "web.yml") -}}
{{- fail (printf "credentials.%s: the name is the chart's own; take another one" $name) -}}
{{- end -}}
{{- include "presence-exporter.oneWay" (list (printf "credentials.%s" $name) $credential false) -}}
{{- end -}}
{{- end -}}

{{- define "presence-exporter.validateLedger" -}}
{{- $kind := .Values.ledger.kind -}}
{{- $modes := include "presence-exporter.modes" . -}}
{{- if and (ne $kind "memory") (not (contains "onfig" $modes)) -}}
{{- fail (printf "ledger.kind: %s needs config or existingConfig, since without a configuration file the ledger is in memory" $kind) -}}
{{- end -}}
{{- if eq $kind "postgresql" -}}
{{- include "presence-exporter.oneWay" (list "ledger.url" .Values.ledger.url true) -}}
{{- else if or .Values.ledger.url.existingSecret.name .Values.ledger.url.file .Values.ledger.url.value -}}
{{- fail (printf "ledger.url: is of no use to ledger.kind: %s; leave it out, or set ledger.kind: postgresql" $kind) -}}
{{- end -}}
{{- if and .Values.persistence.existingClaim (ne $kind "sqlite") -}}
{{- fail (printf "persistence.existingClaim: is of no use to ledger.kind: %s; leave it out, or set ledger.kind: sqlite" $kind) -}}
{{- end -}}
{{- if and (gt (.Values.replicas | int) 1) (ne $kind "postgresql") -}}
{{- fail (printf "replicas: %d need ledger.kind: postgresql, since a ledger in %s belongs to one exporter: each replica would count the same meetings in a ledger of its own" (.Values.replicas | int) (ternary "SQLite" "memory" (eq $kind "sqlite"))) -}}
{{- end -}}
{{- if and (eq $kind "sqlite") (eq (include "presence-exporter.workloadKind" .) "Deployment") -}}
{{- fail "workload.kind: Deployment has no disk that stays with its pod; ledger.kind: sqlite needs a StatefulSet" -}}
{{- end -}}
{{- end -}}

{{/* The file goes into a ConfigMap, so no secret may stand in it; each credential is given in exactly one way. */}}
{{- define "presence-exporter.validateConfig" -}}
{{- $root := . -}}
{{- $ledger := get .Values.config "ledger" | default dict -}}
{{- range list "url" "url_file" "url_env" -}}
{{- if hasKey $ledger . -}}
{{- fail (printf "config.ledger.%s: where the ledger is is said by ledger.kind and ledger.url of the chart" .) -}}
{{- end -}}
{{- end -}}
{{- range $index, $source := (get .Values.config "sources" | default list) -}}
{{- $at := printf "config.sources[%d]" $index -}}
{{- $rooms := get $source "rooms" | default dict -}}
{{- include "presence-exporter.refuseFalse" (list $at $source "presence") -}}
{{- include "presence-exporter.refuseFalse" (list (printf "%s.rooms" $at) $rooms "label") -}}
{{- range list "api_key" "user_id" "auth_token" -}}
{{- include "presence-exporter.refuseSecret" (list $at $source .) -}}
{{- end -}}
{{- $names := ternary (list "user_id" "auth_token") (list "api_key") (eq (get $source "kind") "rocketchat") -}}
{{- range $names -}}
{{- include "presence-exporter.credentialKey" (list $root $at $source . true) -}}
{{- end -}}
{{- include "presence-exporter.credentialKey" (list $root (printf "%s.rooms" $at) $rooms "hash_key" (eq (toString (get $rooms "label")) "hash")) -}}
{{- include "presence-exporter.refuseUser" (list (printf "%s.base_url" $at) (get $source "base_url")) -}}
{{- $proxy := (get $source "http" | default dict).proxy | default "" -}}
{{- if contains "@" (toString $proxy) -}}
{{- fail (printf "%s.http.proxy: holds a password, which would stand in a ConfigMap; set proxy: environment and HTTPS_PROXY by extraEnv from a Secret" $at) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* An address with a user would show a password to all who may read the objects, and the exporter takes none such.
     Takes a list: the path, the address. */}}
{{- define "presence-exporter.refuseUser" -}}
{{- if contains "@" (toString (index . 1)) -}}
{{- fail (printf "%s: holds a user, which would not stand in a Secret; the exporter takes none in an address" (index . 0)) -}}
{{- end -}}
{{- end -}}

{{/* YAML of Helm reads a bare `off` as false. Takes a list: the path, the mapping, the key. */}}
{{- define "presence-exporter.refuseFalse" -}}
{{- $mapping := index . 1 -}}
{{- $key := index . 2 -}}
{{- if and (hasKey $mapping $key) (kindIs "bool" (get $mapping $key)) -}}
{{- fail (printf "%s.%s: is a boolean; Helm reads a bare off so, write \"off\" in quotes" (index . 0) $key) -}}
{{- end -}}
{{- end -}}

{{/* A secret that stands in the file itself, be it where it does not belong. Takes a list: the path, the mapping,
     the key. */}}
{{- define "presence-exporter.refuseSecret" -}}
{{- if hasKey (index . 1) (index . 2) -}}
{{- fail (printf "%s.%s: would stand in a ConfigMap; give it under credentials and name it by %s_file: secrets/NAME" (index . 0) (index . 2) (index . 2)) -}}
{{- end -}}
{{- end -}}

{{/* One credential of the file. Takes a list: the root, the path, the mapping, the key, whether it must be there. */}}
{{- define "presence-exporter.credentialKey" -}}
{{- $root := index . 0 -}}
{{- $at := index . 1 -}}
{{- $mapping := index . 2 -}}
{{- $key := index . 3 -}}
{{- $file := printf "%s_file" $key -}}
{{- $env := printf "%s_env" $key -}}
{{- include "presence-exporter.refuseSecret" (list $at $mapping $key) -}}
{{- if and (hasKey $mapping $file) (hasKey $mapping $env) -}}
{{- fail (printf "%s: %s and %s are given; give exactly one of them" $at $file $env) -}}
{{- else if and (index . 4) (not (hasKey $mapping $file)) (not (hasKey $mapping $env)) -}}
{{- fail (printf "%s.%s: is missing; secrets/NAME of credentials, or the path of a file that you mount, or give %s" $at $file $env) -}}
{{- end -}}
{{- $path := toString (get $mapping $file) -}}
{{- if hasPrefix "secrets/" $path -}}
{{- if not (hasKey ($root.Values.credentials | default dict) (trimPrefix "secrets/" $path)) -}}
{{- fail (printf "%s.%s: credentials has no %s" $at $file (trimPrefix "secrets/" $path)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "presence-exporter.validateWeb" -}}
{{- $web := .Values.web.config -}}
{{- if and $web.existingSecret.name $web.value -}}
{{- fail "web.config: existingSecret and value are given; give one of them" -}}
{{- end -}}
{{- if and (or $web.tls $web.certificateSecret) (not (include "presence-exporter.hasWebConfig" .)) -}}
{{- fail "web.config: tls and certificateSecret need the file that uses them; give existingSecret or value" -}}
{{- end -}}
{{- $port := printf ":%d" (.Values.containerPort | int) -}}
{{- $reached := empty .Values.web.listenAddresses -}}
{{- range .Values.web.listenAddresses -}}
{{- if hasSuffix $port . -}}{{- $reached = true -}}{{- end -}}
{{- end -}}
{{- if not $reached -}}
{{- fail (printf "web.listenAddresses: none has the port of containerPort, %s, at which probes and the Service ask" $port) -}}
{{- end -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- if and $budget.enabled (include "presence-exporter.given" $budget.minAvailable) (include "presence-exporter.given" $budget.maxUnavailable) -}}
{{- fail "podDisruptionBudget: minAvailable and maxUnavailable are given; Kubernetes takes one of them" -}}
{{- end -}}
{{- end -}}

{{- define "presence-exporter.validateScraping" -}}
{{- $on := list -}}
{{- range list "serviceMonitor" "podMonitor" "scrapeConfig" -}}
{{- if (get $.Values .).enabled -}}{{- $on = append $on . -}}{{- end -}}
{{- end -}}
{{- if gt (len $on) 1 -}}
{{- fail (printf "%s are enabled: the same would be scraped, and counted, twice; enable one of them" (join " and " $on)) -}}
{{- end -}}
{{- if and (or .Values.serviceMonitor.enabled .Values.scrapeConfig.enabled) (not .Values.service.enabled) -}}
{{- fail (printf "%s.enabled: goes by the Service; set service.enabled, or take podMonitor" (first $on)) -}}
{{- end -}}
{{- if and .Values.scrapeConfig.enabled (gt (.Values.replicas | int) 1) (ne (include "presence-exporter.workloadKind" .) "StatefulSet") -}}
{{- fail "scrapeConfig.enabled: with replicas each source is asked by one of them, which takes pods with lasting names; set workload.kind: StatefulSet" -}}
{{- end -}}
{{- if and .Values.dashboards.grafanaDashboard.enabled (not .Values.dashboards.enabled) -}}
{{- fail "dashboards.grafanaDashboard.enabled: refers to the ConfigMaps; set dashboards.enabled" -}}
{{- end -}}
{{- end -}}
